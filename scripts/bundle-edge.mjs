// Makes the edge Worker (src/edge/edge.js) one module, with the Cap'n Web library from npm in it.
// usage: node bundle-edge.mjs MAIN OUT
import { build } from "esbuild";

const [main, out] = process.argv.slice(2);

await build({
  entryPoints: [main],
  outfile: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  platform: "browser",
  conditions: ["workerd"],
  external: ["cloudflare:*"],
  minify: true,
  keepNames: true,
  banner: { js: "/* with capnweb, Copyright (c) 2025 Cloudflare, Inc., MIT License */" },
  logLevel: "error",
});
