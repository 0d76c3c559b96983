// rpc.mjs: what a call over RPC costs (worker/rpc.js): from a dynamic Worker to its host, across processes where there
// are several.
import { get, timed } from "./servers.mjs";

/** key of the figure: [what, how many calls in one request, in flight, what it is called, what is to be reached] */
export const CALLS = {
  rpc_sequential_us: ["service", 2000, 1, "RPC: add() on a service stub, one after the other", "3x"],
  rpc_many_us: ["service", 4000, 100, "RPC: the same, 100 in flight", "5x"],
  rpc_held_us: ["held", 2000, 1, "RPC: add() on an object, one after the other", ""],
  rpc_held_many_us: ["held", 10000, 100, "RPC: the same, 100 in flight", ""],
};
const ECHOES = 50;

/** Microseconds for one call. */
export async function call(server, key) {
  const [what, n, inFlight] = CALLS[key];
  const path = (count) => `/rpc?what=${what}&n=${count}&in_flight=${inFlight}`;
  await get(server, path(inFlight));
  const without = await timed(() => get(server, path(inFlight)));
  return Math.max(0, (await timed(() => get(server, path(n + inFlight)))) - without) / n;
}

/** MB/s of a megabyte that is sent to the host Worker and comes back, counted once. */
export async function echo(server) {
  const path = (count) => `/rpc?what=echo&n=${count}`;
  await get(server, path(1));
  const without = await timed(() => get(server, path(1)));
  return (ECHOES * (1 << 20)) / ((await timed(() => get(server, path(ECHOES + 1)))) - without);
}
