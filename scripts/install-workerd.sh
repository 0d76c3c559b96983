#!/bin/sh
# Install workerd, which make bench and make conformance compare with, from npm into bench/ (version: its lock file).
set -eu
cd "$(dirname "$0")/../bench"
[ -d node_modules/workerd ] || npm ci --no-audit --no-fund --loglevel=error
