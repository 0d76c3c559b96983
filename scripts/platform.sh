#!/bin/sh
# Make the platform: one script, a function that takes what the guest's C gives it (native) and defines the globals.
# The files are joined in the order given, so that they share one scope and a file may use what those before it
# define at once, and what those after it define once everything has run. Node.js's library (bundle-node.mjs), beside
# OUT as node.js, is a function that node/library.js calls.
# usage: platform.sh OUT FILES...
set -eu
out=$1
shift
{
  printf '(function (native) {\n"use strict";\n'
  cat "$(dirname "$out")/node.js"
  cat "$@"
  printf '})\n'
} >"$out.tmp"
mv "$out.tmp" "$out"
