#!/bin/sh
# Install what Mayfly is built, tested and measured with: Debian 12 packages, and Node.js for the tests, the
# benchmark and the npm packages. A no-op when all is there. Needs root or sudo only when something is missing.
# usage: install-deps.sh [build|test|bench|fmt]      build: compiler and libraries; test (default): also what tests need
set -eu
what=${1:-test}
build="gcc make libc6-dev clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 wabt
  libjansson-dev libssl-dev libcurl4-openssl-dev libwslay-dev ca-certificates debian-archive-keyring curl"
test="libcmocka-dev git g++ libclang-rt-19-dev chromium-headless-shell python3-websockets"
packages=$build
[ "$what" = build ] || packages="$packages $test"
[ "$what" != bench ] || packages="$packages wrk"
[ "$what" != fmt ] || packages="$packages clang-format"
missing=
for p in $packages; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $p"
done
# Node.js counts as present wherever it came from; so does npm
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"
[ -n "$missing" ] || exit 0
sudo=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "install-deps: needs root or sudo to install:$missing" >&2; exit 1; }
  sudo=sudo
fi
echo "installing:$missing"
$sudo apt-get -qq update
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
