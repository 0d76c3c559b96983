#!/bin/sh
# Make the platform: one script, a function that takes what the guest's C gives it (native) and defines the globals.
# The files are joined in the order given, so that they share one scope and a file may use what those before it
# define at once, and what those after it define once everything has run. The streams come from npm
# (web-streams-polyfill, pinned in package-lock.json), wrapped in a function that streams.js calls.
# usage: platform.sh OUT FILES...
set -eu
out=$1
shift
root=$(cd "$(dirname "$0")/.." && pwd)
ponyfill=$root/node_modules/web-streams-polyfill/dist/ponyfill.js
[ -f "$ponyfill" ] || (cd "$root" && npm ci --no-audit --no-fund --loglevel=error >&2)
{
  printf '(function (native) {\n"use strict";\n'
  # what the library looks up as globals comes in as arguments: a Worker that replaces the globals changes nothing
  printf 'function streamsPonyfill(AbortController, DOMException, queueMicrotask, structuredClone) {\n'
  printf 'const exports = {}, module = {};\n'
  cat "$ponyfill"
  printf '\nreturn exports;\n}\n'
  cat "$@"
  printf '})\n'
} >"$out.tmp"
mv "$out.tmp" "$out"
