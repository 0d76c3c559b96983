#!/bin/sh
# Fetch the sources that Mayfly compiles itself, as Debian ships them in its next release (this one has none, or old
# ones), with a private apt state: no root, and the system's own package sources stay as they are.
#   qjs-src           QuickJS-ng, for embedding          -> OUTDIR/quickjs
#   libllhttp-source  llhttp, Node.js's HTTP parser      -> OUTDIR/llhttp
#   ada-url (source)  Ada, the WHATWG URL parser         -> OUTDIR/ada
#   zlib (source)     zlib, gzip and deflate             -> OUTDIR/zlib
#   brotli (source)   brotli                         -> OUTDIR/brotli
#   nodejs (source)   Node.js's library in JavaScript    -> OUTDIR/node
# usage: fetch-sources.sh OUTDIR     tries forky first, then unstable (sid); what is there already is kept
set -eu
out=$1
[ -d "$out/quickjs" ] && [ -d "$out/llhttp" ] && [ -d "$out/ada" ] && [ -d "$out/zlib" ] && [ -d "$out/brotli" ] &&
  [ -d "$out/node" ] && exit 0
mkdir -p "$out"; out=$(cd "$out" && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/empty" "$work/get"
key=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -i debian | grep -v security | head -1)
opts="-qq -o Dir::Etc::sourcelist=$work/sources.list -o Dir::Etc::sourceparts=$work/empty -o Dir::State::lists=$work/lists
  -o Dir::Cache=$work/cache -o APT::Sandbox::User=$(id -un)"

# keep NAME FOLDER: what was unpacked becomes OUTDIR/NAME, whole or not at all, where there is none
keep() { [ -d "${out:?}/$1" ] || mv "$2" "$out/$1"; }

fetch() {
  for type in deb deb-src; do echo "$type [signed-by=$key] $mirror $1 main"; done >"$work/sources.list"
  cd "$work/get"
  # shellcheck disable=SC2086
  apt-get $opts update && apt-get $opts download qjs-src libllhttp-source &&
    apt-get $opts source --download-only ada-url zlib brotli nodejs || return 1
  for deb in *.deb; do dpkg-deb -x "$deb" "$work/x"; done
  mkdir "$work/ada" && tar -xf ada-url_*.orig.tar.* -C "$work/ada" --strip-components=1
  mkdir "$work/zlib" && tar -xf zlib_*.orig.tar.* -C "$work/zlib" --strip-components=1
  mkdir "$work/brotli" && tar -xf brotli_*.orig.tar.* -C "$work/brotli" --strip-components=1
  mkdir "$work/node" && tar -xf nodejs_*.orig.tar.* -C "$work/node" --strip-components=1 --wildcards \
    --no-wildcards-match-slash '*/lib' '*/LICENSE'
  ls >"$out/sources.txt"
  keep quickjs "$work/x/usr/src/quickjs-ng"
  keep llhttp "$work/x/usr/src/llhttp"
  keep ada "$work/ada"
  keep zlib "$work/zlib"
  keep brotli "$work/brotli"
  keep node "$work/node"
}

for suite in forky sid; do
  if (fetch "$suite"); then echo "sources from Debian $suite: $(tr '\n' ' ' <"$out/sources.txt")"; exit 0; fi
done
echo "fetch-sources: could not get the sources of QuickJS-ng, llhttp, Ada, zlib, brotli and Node.js from Debian's next release" >&2
exit 1
