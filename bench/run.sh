#!/bin/sh
# make bench: Mayfly and workerd, same scripts, alternating in one run; prints a table with ratios, writes build/bench.json.
# usage: run.sh [ROUNDS]
set -eu
cd "$(dirname "$0")"
../scripts/install-deps.sh bench
../scripts/install-workerd.sh
exec node bench.mjs "$@"
