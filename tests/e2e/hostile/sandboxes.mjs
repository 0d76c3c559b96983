// sandboxes.mjs: a host Worker that runs a program as a sandbox under rules, for the tests of what goes out.
import { DATE, request, serve } from "../harness.mjs";

export const NO_REQUEST = "Error: This worker is not permitted to make this request";
export const NO_ADDRESS = "Error: This worker is not permitted to access this address";

// What every program finds: each way to the network as a function of a URL, whose result is a string.
const PRELUDE = `
import { connect } from "cloudflare:sockets";
const said = (e) => e.name + ": " + e.message;
const ways = {
  fetch: async (url) => (await fetch(url)).text(),
  async upgrade(url) {
    const response = await fetch(url, { headers: { upgrade: "websocket" } });
    if (!response.webSocket) return response.text();
    response.webSocket.accept();
    response.webSocket.close();
    return "open";
  },
  socket: (url) => new Promise((resolve) => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.addEventListener("open", () => resolve("open") ?? socket.close());
    socket.addEventListener("error", ({ message, error }) => resolve(error ? said(error) : message.replace("Uncaught ", "")));
  }),
  async connect(url) {
    const { hostname, port } = new URL(url);
    const socket = connect(hostname + ":" + (port || 80));
    await socket.opened;
    const writer = socket.writable.getWriter();
    await writer.write(new TextEncoder().encode("GET / HTTP/1.0\\r\\n\\r\\n"));
    const answer = await new Response(socket.readable).text();
    return answer.slice(answer.indexOf("\\r\\n\\r\\n") + 4);
  },
};
export default { async fetch(request, env, ctx) {
  try {
    const result = await run(request, env, ctx);
    return result instanceof Response ? result : new Response(typeof result === "string" ? result : JSON.stringify(result));
  } catch (e) { return new Response(said(e)); }
} };
`;

const HOST = `
import { outbound } from "mayfly:outbound";
const PRELUDE = ${JSON.stringify(PRELUDE)};
export default {
  async fetch(request, env) {
    const rules = JSON.parse(request.headers.get("x-rules"), (key, value) => (value === "SECRET" ? "Bearer " + env.TOKEN : value === "BARE SECRET" ? env.TOKEN : value));
    const code = PRELUDE + await request.text(), name = request.headers.get("x-name");
    const what = { compatibilityDate: "${DATE}", mainModule: "m.js", modules: { "m.js": code } };
    if (rules) what.globalOutbound = outbound(rules);
    const worker = name ? env.LOADER.get(decodeURIComponent(name), () => what) : env.LOADER.load(what);
    return worker.getEntrypoint().fetch("http://sandbox/", { signal: request.signal });
  },
};`;

/** config: beside the host's own; args: of mayfly serve. */
export const serveSandboxes = (config = {}, args = []) =>
  serve({ "index.js": HOST }, { worker_loaders: [{ binding: "LOADER" }], ...config }, args);

/** What the sandbox answered: run: an async function's text, (request, env, ctx) => string, value or Response.
 * rules: of outbound(), or null: none. */
export const sandbox = (server, rules, run, headers = {}) =>
  request(server, "/", { method: "POST", headers: { "x-rules": JSON.stringify(rules), ...headers }, body: `const run = ${run};` });
export const told = (server, rules, run) => sandbox(server, rules, run).then(({ text }) => text);

/** One way (fetch, upgrade, socket, connect) to a URL. */
export const go = (server, rules, way, url) => told(server, rules, `() => ways.${way}(${JSON.stringify(url)})`);
export const WAYS = ["fetch", "upgrade", "socket", "connect"];
