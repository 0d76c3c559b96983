// page.mjs: what a page of a browser does: it plays scenes with a server at this address.
import { newHttpBatchRpcSession, newWebSocketRpcSession } from "capnweb";
import { both, live } from "./scenes.mjs";
import { Wire } from "./wire.mjs";

async function open(url, main) {
  const ws = new WebSocket(url.replace("http", "ws"));
  const wire = new Wire(ws, true);
  const closed = new Promise((resolve) => ws.addEventListener("close", resolve));
  await new Promise((resolve) => ws.addEventListener("open", resolve));
  const api = newWebSocketRpcSession(ws, main);
  const close = () => {
    ws.close();
    return closed;
  };
  return { api, wire, close };
}

/** "good", or what went wrong. */
globalThis.play = async (name, url, transport, mb) => {
  const scene = both[name] ?? live[name];
  try {
    if (transport === "batch") return (await scene({ api: newHttpBatchRpcSession(url) })) ?? "good";
    const { api, wire, close } = await open(url);
    await scene({ api, open: (main) => open(url, main), trips: () => wire.trips, mb });
    await close();
    return "good";
  } catch (e) {
    return `${e.stack}`;
  }
};
