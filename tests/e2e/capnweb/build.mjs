// build.mjs: modules of this folder in one file, for where there are no packages.
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));

async function bundle(entry, options) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path.join(here, entry)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "error",
    ...options,
  });
  return outputFiles[0].text;
}

/** The Worker; how: "native", with the runtime's own module, or "bundled", with the npm package in it. */
export const workerBundle = (how) =>
  bundle("worker.mjs", { conditions: ["workerd"], external: ["cloudflare:*", ...(how === "native" ? ["capnweb"] : [])] });

export const browserBundle = (entry) => bundle(entry, { platform: "browser" });
