// egress.js: what a sandbox asks of the network goes through an entrypoint of its host, which adds a header.
import { WorkerEntrypoint } from "cloudflare:workers";

export class Egress extends WorkerEntrypoint {
  fetch(request) {
    const headers = new Headers(request.headers);
    headers.set("authorization", "Bearer secret");
    return fetch(new Request(request, { headers }));
  }
}

const ASKS = "export default { fetch(request) { return fetch(new URL(request.url).searchParams.get('to')); } };";

let number = 0;

const code = (ctx, extra) => ({
  compatibilityDate: "2026-11-01",
  mainModule: "main.js",
  modules: { "main.js": ASKS + extra },
  globalOutbound: ctx.exports.Egress,
});

const ways = {
  // the host Worker itself, without a sandbox
  direct: (env, ctx, url) => fetch(url.searchParams.get("to"), { headers: { authorization: "Bearer secret" } }),
  warm: (env, ctx, url) => env.LOADER.get("egress", () => code(ctx, "")).getEntrypoint().fetch(url),
  cold: (env, ctx, url) => env.LOADER.load(code(ctx, `// ${number++}`)).getEntrypoint().fetch(url),
};

export function egress(env, ctx, text) {
  const url = new URL(text);
  return ways[url.searchParams.get("way")](env, ctx, url);
}
