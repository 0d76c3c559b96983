// bench.mjs: the figures that Mayfly is judged by, beside workerd's, measured in turn in one run.
// Medians of the rounds; a ratio is of the medians. The machine is expected to be noisy: look at ratios.
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capnweb } from "./capnweb.mjs";
import { egress } from "./egress.mjs";
import { OPERATIONS, operation, passThrough } from "./platform.mjs";
import { CALLS, call, echo } from "./rpc.mjs";
import { childrenCpu, get, median, memory, MAYFLY, ROOT, sleep, start, stop, timed, WORKERD, wrk } from "./servers.mjs";

const ROUNDS = Number(process.argv[2] ?? 3);
const KEPT = 500;
const MANY = 100;
const BODY_MB = 100;
const IDLE_MS = 2500; // after this an isolate is idle

// ---- measuring ----

async function freshInServer(server) {
  await get(server, `/many?n=${MANY}`);
  return (await timed(() => get(server, `/many?n=${MANY}`))) / MANY;
}

// What bench/isolate.c prints: { median_us: 41.5, … }
function insideCell() {
  const text = execFileSync(join(ROOT, "build/release/bench/isolate"), [], { encoding: "utf8" });
  return Object.fromEntries([...text.matchAll(/^(\w+) ([\d.]+)$/gm)].map(([, name, value]) => [name, Number(value)]));
}

// Requests per second of a static answer; and for Mayfly what one costs the cell, us: of its cells the one that worked.
async function hello(server) {
  const before = childrenCpu(server);
  const { perSecond, requests } = await wrk(server, "/hello");
  const spent = Object.entries(childrenCpu(server)).map(([pid, us]) => us - (before[pid] ?? 0));
  return { perSecond, cellUs: Math.max(...spent, 0) / requests };
}

async function perIsolate(server) {
  for (let i = 0; i < 10; i++) await get(server, `/kept?${String(i).padStart(6, "0")}`);
  const before = memory(server, "Private_Dirty");
  for (let i = 10; i < 10 + KEPT; i++) await get(server, `/kept?${String(i).padStart(6, "0")}`);
  await sleep(IDLE_MS);
  return (memory(server, "Private_Dirty") - before) / KEPT;
}

async function neighbours(server) {
  const without = await wrk(server, "/hot");
  const spin = fetch(`${server.url}/spin`).then((r) => r.text());
  await sleep(200);
  const beside = await wrk(server, "/hot", 5);
  return { without: without.p99, with: beside.p99, answer: (await spin).trim() };
}

async function round(name, figures) {
  const put = (key, value) => ((figures[key] ??= {})[name] ??= []).push(value);
  let server = await start(name);
  put("start_ms", server.startMs);
  await get(server, "/hello");
  await sleep(IDLE_MS);
  put("idle_rss_kb", memory(server, "Rss"));
  put("idle_pss_kb", memory(server, "Pss"));
  put("fresh_us", await freshInServer(server));
  put("cold_rps", (await wrk(server, "/cold")).perSecond);
  put("hot_rps", (await wrk(server, "/hot")).perSecond);
  if (name === "mayfly") put("copies_rps", (await wrk(server, "/fresh")).perSecond);
  const { perSecond, cellUs } = await hello(server);
  put("hello_rps", perSecond);
  put("static_cell_us", cellUs);
  await stop(server);
  server = await start(name);
  for (const key of Object.keys(OPERATIONS)) put(key, await operation(server, key));
  await stop(server);
  server = await start(name);
  for (const key of Object.keys(CALLS)) put(key, await call(server, key));
  put("rpc_echo_mbs", await echo(server));
  await stop(server);
  server = await start(name);
  for (const path of ["pass", "through"]) {
    const { rate, peak } = await passThrough(server, `/${path}`, BODY_MB);
    put(`${path}_mbs`, rate);
    put(`${path}_peak_kb`, peak);
  }
  await stop(server);
  server = await start(name);
  put("isolate_kb", await perIsolate(server));
  if (name === "mayfly") {
    const n = await neighbours(server);
    put("p99_ms", n.without);
    put("p99_spin_ms", n.with);
    put("spin_answer", n.answer);
    const cell = insideCell();
    put("fresh_cell_us", cell.median_us);
    put("static_turn_us", cell.static_us);
    put("hot_pages", cell.hot_pages);
  }
  await stop(server);
}

// ---- the table ----

function row(label, ours, theirs, unit, better, reach) {
  const ratio = theirs === undefined ? "" : `${(better === "more" ? ours / theirs : theirs / ours).toFixed(1)}x`;
  const number = (v) => (v === undefined ? "-" : v >= 100 ? Math.round(v).toLocaleString("en") : v.toFixed(v < 10 ? 2 : 1));
  console.log(`${label.padEnd(60)} ${number(ours).padStart(9)} ${number(theirs).padStart(9)} ${unit.padEnd(6)} ${ratio.padStart(7)}  ${reach}`);
}

const figures = {};
for (let i = 0; i < ROUNDS; i++) {
  for (const name of i % 2 ? ["workerd", "mayfly"] : ["mayfly", "workerd"]) await round(name, figures);
}
const m = (key, name) => (figures[key][name] ? median(figures[key][name]) : undefined);
const size = (path) => statSync(path).size / 1e6;

console.log(`\nMayfly and workerd, medians of ${ROUNDS} rounds in turn; wrk -t1 -c16\n`);
console.log(`${"".padEnd(60)} ${"mayfly".padStart(9)} ${"workerd".padStart(9)} ${"".padEnd(6)} ${"ratio".padStart(7)}  reach`);
row("fresh isolate + compile + run + reset, in a cell", m("fresh_cell_us", "mayfly"), m("fresh_us", "workerd"), "us", "less", "100x");
row("static answer: processor time of the cell", m("static_cell_us", "mayfly"), undefined, "us", "less", "15");
row("  of that, the turn of the isolate", m("static_turn_us", "mayfly"), undefined, "us", "less", "");
row("pages that a plain request dirties", m("hot_pages", "mayfly"), undefined, "4 kB", "less", "under 64");
row("load() + fetch(), one after the other, in a host Worker", m("fresh_us", "mayfly"), m("fresh_us", "workerd"), "us", "less", "");
row("cold over HTTP: each request loads new code", m("cold_rps", "mayfly"), m("cold_rps", "workerd"), "req/s", "more", "30x");
row("hot dynamic Worker over HTTP", m("hot_rps", "mayfly"), m("hot_rps", "workerd"), "req/s", "more", "1.5x");
row("  of the warm path: fresh: true, each request in a new copy", m("copies_rps", "mayfly"), m("hot_rps", "mayfly"), "req/s", "more", "0.5x");
row("static hello from the host Worker", m("hello_rps", "mayfly"), m("hello_rps", "workerd"), "req/s", "more", "1.5x");
row("private memory per kept, idle isolate", m("isolate_kb", "mayfly"), m("isolate_kb", "workerd"), "kB", "less", "5x");
row("start, until it listens", m("start_ms", "mayfly"), m("start_ms", "workerd"), "ms", "less", "");
row("resident, idle: all processes, shared pages once (PSS)", m("idle_pss_kb", "mayfly") / 1e3, m("idle_pss_kb", "workerd") / 1e3, "MB", "less", "under 40");
row("resident, idle: sum of RSS", m("idle_rss_kb", "mayfly") / 1e3, m("idle_rss_kb", "workerd") / 1e3, "MB", "less", "");
row("binary", size(MAYFLY), size(WORKERD), "MB", "less", "");
row("neighbours' p99, nobody spinning", m("p99_ms", "mayfly"), undefined, "ms", "less", "");
row("neighbours' p99, one isolate spinning in the same cell", m("p99_spin_ms", "mayfly"), undefined, "ms", "less", "+25 ms");
for (const [key, [, , label]] of Object.entries(OPERATIONS)) row(label, m(key, "mayfly"), m(key, "workerd"), "us", "less", "");
for (const [key, [, , , label, reach]] of Object.entries(CALLS)) row(label, m(key, "mayfly"), m(key, "workerd"), "us", "less", reach);
row("RPC: 1 MB sent and sent back", m("rpc_echo_mbs", "mayfly"), m("rpc_echo_mbs", "workerd"), "MB/s", "more", "");
for (const [path, label] of [["pass", "100 MB through the host Worker, unread"], ["through", "the same, through an IdentityTransformStream"]]) {
  row(label, m(`${path}_mbs`, "mayfly"), m(`${path}_mbs`, "workerd"), "MB/s", "more", path === "pass" ? "0.5x" : "");
  row(`  peak memory of all processes (PSS)`, m(`${path}_peak_kb`, "mayfly") / 1e3, m(`${path}_peak_kb`, "workerd") / 1e3, "MB", "less", "bounded");
}
console.log(`\nthe spinning Worker's caller got: ${figures.spin_answer.mayfly[0]}`);
figures.egress = await egress(ROUNDS);
figures.capnweb = await capnweb(ROUNDS);

mkdirSync(join(ROOT, "build"), { recursive: true });
writeFileSync(join(ROOT, "build/bench.json"), JSON.stringify({ rounds: ROUNDS, figures }, null, 1));
console.log("\nall figures: build/bench.json");
