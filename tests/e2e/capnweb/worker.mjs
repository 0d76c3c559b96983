// worker.mjs: the Worker of these tests: a server of an Api, and a client of one.
//   /rpc                            Api, over WebSocket and HTTP batch; /batch: over HTTP batch only
//   /steps?of=&peer=                takes steps (steps.mjs) there
//   /play?scene=&peer=&transport=   plays a scene with the server at `peer`; "good", or what went wrong
import { newHttpBatchRpcResponse, newHttpBatchRpcSession, newWebSocketRpcSession, newWorkersRpcResponse } from "capnweb";
import { Api } from "./api.mjs";
import { abrupt, both, live } from "./scenes.mjs";
import { main, steps } from "./steps.mjs";

const log = [];

async function open(peer, main) {
  const ws = new WebSocket(peer.replace("http", "ws"));
  const closed = new Promise((resolve) => ws.addEventListener("close", resolve));
  const api = newWebSocketRpcSession(ws, main);
  const close = () => {
    ws.close();
    return closed;
  };
  return { api, close };
}

async function play(scene, peer, transport, mb) {
  if (transport === "batch") return scene({ api: newHttpBatchRpcSession(peer) });
  const { api, close } = await open(peer);
  const trips = async () => Number(await (await fetch(new URL("/trips", peer))).text());
  const hangUp = () => fetch(new URL("/hang-up", peer));
  try {
    await scene({ api, open: (main) => open(peer, main), trips, hangUp, mb });
  } finally {
    await close();
  }
}

async function take(steps, peer) {
  const { api, close } = await open(peer, main);
  await steps(api);
  await close();
}

export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === "/rpc") return newWorkersRpcResponse(request, new Api(log));
    if (url.pathname === "/batch") return newHttpBatchRpcResponse(request, new Api(log));
    const { scene, of, peer, transport, mb } = Object.fromEntries(url.searchParams);
    try {
      if (url.pathname === "/steps") await take(steps[of], peer);
      else await play(both[scene] ?? live[scene] ?? abrupt[scene], peer, transport, Number(mb));
      return new Response("good");
    } catch (e) {
      return new Response(`${e.stack}`);
    }
  },
};
