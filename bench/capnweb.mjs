// capnweb.mjs: what a call over Cap'n Web costs a server: Mayfly, and the npm package on Node.js, in turn, with the npm
// package on Node.js as the client. What counts is the processor time of all of a server's processes.
//   node capnweb.mjs [ROUNDS]   only this part of the benchmark
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newHttpBatchRpcSession, newWebSocketRpcSession } from "capnweb";
import { WebSocket } from "ws";
import { cpu, HERE, MAYFLY, median, stop } from "./servers.mjs";

globalThis.WebSocket ??= WebSocket;

const CALLS = 40000;
const WARM = 10000; // calls that are not counted
const AT_ONCE = 100;
const BATCH = 100;

async function start(name) {
  const [program, args, source] = name === "mayfly"
    ? [MAYFLY, ["serve", join(HERE, "capnweb"), "--listen", "127.0.0.1:0"], "stderr"]
    : [process.execPath, [join(HERE, "capnweb/node.mjs")], "stdout"];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const pattern = /^(?:.*127\.0\.0\.1:)?(\d+)$/m;
  for (let text = ""; !pattern.test(text);) {
    const [data] = await once(child[source], "data");
    text += data;
    var [, port] = pattern.exec(text) ?? [];
  }
  return { name, child, url: `http://127.0.0.1:${port}/` };
}

async function right(call, i) {
  const square = await call;
  if (square !== i * i) throw new Error(`the square of ${i} is ${square}`);
}

// `count` calls, of which so many are in flight.
async function calls(api, count, atOnce) {
  let next = 0;
  const caller = async () => {
    while (next < count) {
      const i = next++;
      await right(api.square(i), i);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
}

async function batches(url, count) {
  for (let n = 0; n < count; n += BATCH) {
    const api = newHttpBatchRpcSession(url);
    await Promise.all(Array.from({ length: BATCH }, (_, i) => right(api.square(i), i)));
  }
}

const perCall = async (server, run) => {
  await run(WARM);
  const [before, began] = [cpu(server), performance.now()];
  await run(CALLS);
  return { cpuUs: (cpu(server) - before) / CALLS, us: ((performance.now() - began) * 1e3) / CALLS };
};

/** key of the figure: [what it is called, what is to be reached] */
const FIGURES = {
  socket: [`WebSocket, ${AT_ONCE} calls in flight: server's processor time a call`, "3x"],
  sequential: ["WebSocket, one call after the other: server's processor time a call", ""],
  batch: [`HTTP batches of ${BATCH}: server's processor time a call`, "2x"],
};

async function round(name, figures) {
  const server = await start(name);
  const put = (key, value) => ((figures[key] ??= {})[name] ??= []).push(value);
  const socket = new WebSocket(server.url.replace("http", "ws"), { perMessageDeflate: false });
  await once(socket, "open");
  const api = newWebSocketRpcSession(socket);
  const of = {
    socket: (count) => calls(api, count, AT_ONCE),
    sequential: (count) => calls(api, count, 1),
    batch: (count) => batches(server.url, count),
  };
  for (const key of Object.keys(FIGURES)) {
    const { cpuUs, us } = await perCall(server, of[key]);
    put(key, cpuUs);
    put(`${key}_elapsed`, us);
  }
  socket.terminate();
  await stop(server);
}

/** Measures and prints; all figures. */
export async function capnweb(rounds) {
  const figures = {};
  for (let i = 0; i < rounds; i++) {
    for (const name of i % 2 ? ["npm", "mayfly"] : ["mayfly", "npm"]) await round(name, figures);
  }
  const node = `Node.js ${process.versions.node}`;
  console.log(`\nCap'n Web: Mayfly and the npm package on ${node} as servers, medians of ${rounds} rounds in turn\n`);
  console.log(`${"".padEnd(70)} ${"mayfly".padStart(8)} ${"npm".padStart(8)}         ratio  reach`);
  for (const [key, [label, reach]] of Object.entries(FIGURES)) {
    for (const [of, text, to] of [[key, label, reach], [`${key}_elapsed`, "  elapsed, with the client's", ""]]) {
      const [ours, theirs] = ["mayfly", "npm"].map((name) => median(figures[of][name]));
      const numbers = `${ours.toFixed(1).padStart(8)} ${theirs.toFixed(1).padStart(8)} us`;
      console.log(`${text.padEnd(70)} ${numbers} ${`${(theirs / ours).toFixed(1)}x`.padStart(9)}  ${to}`);
    }
  }
  return figures;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await capnweb(Number(process.argv[2] ?? 3));
  process.exit(); // sessions that were cut off are not waited for
}
