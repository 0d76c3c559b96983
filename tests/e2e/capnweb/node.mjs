// node.mjs: the npm package on Node.js: a server of an Api (WebSocket and HTTP batch, /rpc), and a client.
import { once } from "node:events";
import http from "node:http";
import { newHttpBatchRpcSession, newWebSocketRpcSession, nodeHttpBatchRpcResponse } from "capnweb";
import WebSocket, { WebSocketServer } from "ws";
import { Api } from "./api.mjs";
import { Wire } from "./wire.mjs";

globalThis.WebSocket ??= WebSocket; // Node.js 20 has none, and the package looks at its constants

/** A server: { url, wires: of all its WebSockets, close() }. keep: the messages on them. */
export async function nodeServer({ keep = false } = {}) {
  const wires = [];
  const log = [];
  const server = http.createServer((request, response) => {
    if (request.url === "/trips") response.end(String(wires.at(-1).trips));
    else if (request.url === "/hang-up") response.end(hangUp());
    else nodeHttpBatchRpcResponse(request, response, new Api(log));
  });
  const sockets = new WebSocketServer({ server, maxPayload: 1 << 27, perMessageDeflate: false });
  sockets.on("connection", (ws) => {
    ws.on("error", () => {});
    wires.push(new Wire(ws, false, keep));
    newWebSocketRpcSession(ws, new Api(log));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const hangUp = () => {
    for (const ws of sockets.clients) ws.terminate();
  };
  const close = () => {
    hangUp();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}/rpc`, wires, close };
}

/** A session with the server at this address: { api, ws, wire, close() }. */
export async function connect(url, main, { keep = false } = {}) {
  const ws = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: false, maxPayload: 1 << 27 });
  await once(ws, "open");
  const wire = new Wire(ws, true, keep);
  const api = newWebSocketRpcSession(ws, main);
  const closed = once(ws, "close");
  const close = () => {
    ws.close();
    return closed;
  };
  return { api, ws, wire, closed, close };
}

/** Runs a scene with the npm package as the client. */
export async function play(scene, url, transport, mb) {
  if (transport === "batch") return scene({ api: newHttpBatchRpcSession(url) });
  const { api, wire, close } = await connect(url);
  const hangUp = () => fetch(new URL("/hang-up", url));
  try {
    await scene({ api, open: (main) => connect(url, main), trips: () => wire.trips, hangUp, mb });
  } finally {
    await close();
  }
}
