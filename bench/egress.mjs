// egress.mjs: what it costs that a sandbox's requests to the network go through an entrypoint of its host Worker
// (globalOutbound, worker/egress.js), to a server on this machine that does as little as can be.
//   node egress.mjs [ROUNDS]   only this part of the benchmark
import { once } from "node:events";
import net from "node:net";
import { fileURLToPath } from "node:url";
import { get, median, start, stop, timed, wrk } from "./servers.mjs";

const ANSWER = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, world\n";
const WAYS = ["direct", "warm", "cold"];
const EACH = 500;

// Answers each head of a request without a body, and each that lacks the header with an error.
async function startUpstream() {
  const server = net.createServer((socket) => {
    let rest = "";
    socket.setNoDelay(true).setEncoding("latin1").on("error", () => {}).on("data", (data) => {
      const heads = (rest + data).split("\r\n\r\n");
      rest = heads.pop();
      for (const head of heads) if (!/^authorization: Bearer secret$/im.test(head)) return socket.destroy();
      socket.write(ANSWER.repeat(heads.length));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { to: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

// Of one request after the other, in turn: so whatever else the machine does is in all of them.
async function latencies(server, path) {
  const times = Object.fromEntries(WAYS.map((way) => [way, []]));
  for (let i = 0; i < EACH; i++) for (const way of WAYS) times[way].push(await timed(() => get(server, path(way))));
  return times;
}

async function round(name, put) {
  const upstream = await startUpstream();
  const server = await start(name);
  const path = (way) => `/egress?way=${way}&to=${encodeURIComponent(upstream.to)}`;
  for (const way of WAYS) {
    await wrk(server, path(way), 1);
    put(`egress_${way}_rps`, (await wrk(server, path(way))).perSecond);
  }
  const times = await latencies(server, path);
  for (const way of WAYS) put(`egress_${way}_us`, median(times[way]));
  await stop(server);
  upstream.close();
}

/** Measures and prints; all figures. */
export async function egress(rounds) {
  const figures = {};
  for (let i = 0; i < rounds; i++)
    for (const name of i % 2 ? ["workerd", "mayfly"] : ["mayfly", "workerd"])
      await round(name, (key, value) => ((figures[key] ??= {})[name] ??= []).push(value));
  const of = (key) => ["mayfly", "workerd"].map((name) => median(figures[key][name]));
  const print = (label, [ours, theirs], unit, ratio, reach) =>
    console.log(`${label.padEnd(60)} ${[ours, theirs].map((v) => Math.round(v).toLocaleString("en").padStart(9)).join(" ")} ${
      unit.padEnd(6)} ${`${ratio.toFixed(1)}x`.padStart(7)}  ${reach}`);
  const rate = (label, key, reach) => print(label, of(key), "req/s", of(key)[0] / of(key)[1], reach);
  const added = (label, key) => {
    const [ours, theirs] = of(key).map((us, i) => us - of("egress_direct_us")[i]);
    print(label, [ours, theirs], "us", theirs / ours, "");
  };
  console.log(`\nEgress through an intercepting globalOutbound, medians of ${rounds} rounds in turn; wrk -t1 -c16\n`);
  console.log(`${"".padEnd(60)} ${"mayfly".padStart(9)} ${"workerd".padStart(9)} ${"".padEnd(6)} ${"ratio".padStart(7)}  reach`);
  rate("the host Worker's own fetch() to a local server", "egress_direct_rps", "");
  rate("a warm dynamic Worker's (get()), through its host", "egress_warm_rps", "1x");
  added("  latency that this adds", "egress_warm_us");
  rate("a cold one's (load()), through its host", "egress_cold_rps", "2x");
  added("  latency that this adds", "egress_cold_us");
  return figures;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await egress(Number(process.argv[2] ?? 3));
