// allowExperimental of WorkerCode, where the Worker that asks has no experimental flag.
import { checks } from "../checks.js";

const base = { compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": `export default { fetch() { return new Response("ran"); } };` } };
const load = ({ env }, more) => env.LOADER.load({ ...base, ...more });

export default checks({
  "allowed": (t) => load(t, { allowExperimental: true }),
  "allowed, and a flag": (t) => load(t, { allowExperimental: true, compatibilityFlags: ["webgpu"] }),
  "not allowed, and a flag": (t) => load(t, { compatibilityFlags: ["webgpu"] }),
  "the flag experimental": (t) => load(t, { compatibilityFlags: ["experimental"] }),
  "allowed, and streaming tails": (t) => load(t, { allowExperimental: true, streamingTails: [] }),
  "get": async ({ env }) => await env.LOADER.get("experimental", () => ({ ...base, allowExperimental: true })).getEntrypoint().fetch("http://x/"),
  "get: a flag": async ({ env }) => await env.LOADER.get("experimental flag", () => ({ ...base, compatibilityFlags: ["webgpu"] })).getEntrypoint().fetch("http://x/"),
});
