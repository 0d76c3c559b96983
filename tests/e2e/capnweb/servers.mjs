// servers.mjs: the Worker of these tests (worker.mjs) on Mayfly, and the npm package on Node.js to compare with.
import { request, serve } from "../harness.mjs";
import { workerBundle } from "./build.mjs";

/** How the Worker gets Cap'n Web: from the runtime, or with the npm package bundled in. */
export const HOW = ["native", "bundled"];

/** A server of the Worker. peer: address that it may connect to. */
export async function workerServer(how, { peer, limits = {} } = {}) {
  const allow = peer ? [{ cidr: "127.0.0.1/32", port: Number(new URL(peer).port) }] : [];
  const config = { outbound: { allow }, limits: { cpu_ms: 3600000, ...limits } };
  const server = await serve({ "index.js": await workerBundle(how) }, config);
  server.rpc = `${server.url}/rpc`;
  return server;
}

/** Has the Worker do something (see worker.mjs); throws what it says went wrong. */
export async function have(server, path, parameters) {
  const { text } = await request(server, `${path}?${new URLSearchParams(parameters)}`);
  if (text !== "good") throw new Error(text);
}
