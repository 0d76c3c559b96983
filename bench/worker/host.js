// The host Worker of the benchmark: the same file runs on Mayfly and on workerd. One path, one measurement.
import { egress } from "./egress.js";
import { platform } from "./platform.js";
import { rpc } from "./rpc.js";

export { Egress } from "./egress.js";
export { Host } from "./rpc.js";

const SNIPPET = `export default {
  async fetch(request, env) {
    const prices = [3, 5, 8, 13];
    const total = prices.map((p) => p * env.factor).reduce((a, b) => a + b, 0);
    const who = new URL(request.url).searchParams.get("who") ?? "world";
    const answer = { who, total, words: "the quick brown fox".split(" ").length };
    return new Response(JSON.stringify(answer));
  },
};`;

let number = 0;

function code(extra) {
  return {
    compatibilityDate: "2026-11-01",
    mainModule: "main.js",
    modules: { "main.js": SNIPPET + extra },
    env: { factor: 2 },
    globalOutbound: null,
  };
}

const SPIN = "export default { fetch() { const end = Date.now() + 1e9; while (Date.now() < end); return new Response('never'); } };";

const paths = {
  "/hello": () => new Response("Hello, world\n"),
  // a Worker that has never existed before
  "/cold": (env, url) => env.LOADER.load(code(`// ${number++}`)).getEntrypoint().fetch(url),
  // ours: each request in a new copy of the Worker
  "/fresh": (env, url) => env.LOADER.get("fresh", () => code(""), { fresh: true }).getEntrypoint().fetch(url),
  "/hot": (env, url) => env.LOADER.get("hot", () => code("")).getEntrypoint().fetch(url),
  "/kept": (env, url) => env.LOADER.get(url.slice(-6), () => code("")).getEntrypoint().fetch(url),
  // n cold Workers one after the other in one request: the cost without HTTP
  "/many": async (env, url) => {
    const n = Number(new URL(url).searchParams.get("n"));
    for (let i = 0; i < n; i++) await (await paths["/cold"](env, url)).text();
    return new Response(`${n}\n`);
  },
  "/platform": (env, url) => platform(url),
  // a body through the Worker, unread; and through a stream of its own
  "/pass": (env, url, request) => new Response(request.body),
  "/through": (env, url, request) => new Response(request.body.pipeThrough(new IdentityTransformStream())),
  "/egress": (env, url, request, ctx) => egress(env, ctx, url),
  "/rpc": (env, url, request, ctx) => rpc(env, ctx, url),
  "/spin": async (env, url) => {
    const spin = env.LOADER.load({ ...code(""), modules: { "main.js": SPIN }, limits: { cpuMs: 10000 } });
    try {
      return await spin.getEntrypoint().fetch(url);
    } catch (e) {
      return new Response(`${e.name}: ${e.message}\n`);
    }
  },
};

export default {
  fetch(request, env, ctx) {
    const path = paths[new URL(request.url).pathname];
    return path ? path(env, request.url, request, ctx) : new Response("no such path\n", { status: 404 });
  },
};
