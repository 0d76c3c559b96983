#!/bin/sh
# Install the packages that tests/npm runs inside isolates, and esbuild that bundles them, from npm (versions: lock file).
set -eu
cd "$(dirname "$0")/../tests/npm"
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --loglevel=error
