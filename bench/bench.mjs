// bench.mjs: the figures that Mayfly is judged by, beside workerd's, measured in turn in one run.
// Medians of the rounds; a ratio is of the medians. The machine is expected to be noisy: look at ratios.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(HERE, "..");
const MAYFLY = join(ROOT, "build/release/mayfly");
const WORKERD = execFileSync(process.execPath, ["-p", "require('workerd').default"], { cwd: HERE }).toString().trim();
const ROUNDS = Number(process.argv[2] ?? 3);
const SECONDS = 3;
const KEPT = 500;
const MANY = 100;

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- the two servers ----

function workerdConfig() {
  const dir = mkdtempSync(join(tmpdir(), "mayfly-bench-"));
  writeFileSync(join(dir, "host.js"), readFileSync(join(HERE, "worker/host.js")));
  writeFileSync(join(dir, "config.capnp"), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [(name = "host.js", esModule = embed "host.js")],
  compatibilityDate = "2026-11-01",
  bindings = [(name = "LOADER", workerLoader = (id = "bench"))]
);
`);
  return join(dir, "config.capnp");
}

async function start(name) {
  const child = name === "mayfly"
    ? spawn(MAYFLY, ["serve", join(HERE, "worker"), "--listen", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] })
    : spawn(WORKERD, ["serve", workerdConfig(), "--experimental", "--control-fd=3"],
      { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const source = name === "mayfly" ? child.stderr : child.stdio[3];
  const pattern = name === "mayfly" ? /listening on http:\/\/127\.0\.0\.1:(\d+)/ : /"port":\s*(\d+)/;
  const port = await new Promise((resolve, reject) => {
    let text = "";
    source.on("data", (data) => {
      text += data;
      const found = pattern.exec(text);
      if (found) resolve(Number(found[1]));
    });
    child.on("exit", (status) => reject(new Error(`${name} ended with ${status}: ${text}`)));
  });
  child.removeAllListeners("exit");
  return { name, child, url: `http://127.0.0.1:${port}` };
}

function stop(server) {
  return new Promise((resolve) => {
    server.child.on("exit", resolve);
    server.child.kill("SIGTERM");
    setTimeout(() => server.child.kill("SIGKILL"), 5000).unref();
  });
}

function processes(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  return [pid, ...children.flatMap((child) => processes(Number(child)))];
}

// kB of a kind (Rss, Pss, Private_Dirty …) over the server and its children
function memory(server, kind) {
  let sum = 0;
  for (const pid of processes(server.child.pid)) {
    const line = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").split("\n").find((l) => l.startsWith(`${kind}:`));
    sum += Number(/\d+/.exec(line)[0]);
  }
  return sum;
}

// ---- measuring ----

async function get(server, path) {
  const response = await fetch(server.url + path);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${server.name} ${path}: ${response.status} ${text}`);
  return text;
}

function wrk(server, path, seconds = SECONDS) {
  return new Promise((resolve, reject) => {
    const child = spawn("wrk", ["-t1", "-c16", `-d${seconds}s`, "--latency", server.url + path]);
    let text = "";
    child.stdout.on("data", (data) => (text += data));
    child.on("exit", (status) => {
      if (status !== 0 || /Non-2xx/.test(text)) return reject(new Error(`wrk ${server.name} ${path}: ${text}`));
      const [, value, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(text);
      resolve({
        perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]),
        p99: Number(value) * { us: 1e-3, ms: 1, s: 1e3 }[unit],
      });
    });
  });
}

async function freshInServer(server) {
  await get(server, `/many?n=${MANY}`);
  const began = process.hrtime.bigint();
  await get(server, `/many?n=${MANY}`);
  return Number(process.hrtime.bigint() - began) / 1e3 / MANY;
}

function freshInCell() {
  return Number(execFileSync(join(ROOT, "build/release/bench/isolate"), [], { encoding: "utf8" }).match(/median_us ([\d.]+)/)[1]);
}

async function perIsolate(server) {
  for (let i = 0; i < 10; i++) await get(server, `/kept?${String(i).padStart(6, "0")}`);
  const before = memory(server, "Private_Dirty");
  for (let i = 10; i < 10 + KEPT; i++) await get(server, `/kept?${String(i).padStart(6, "0")}`);
  await sleep(2500); // time to be idle
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
  await get(server, "/hello");
  put("idle_rss_kb", memory(server, "Rss"));
  put("idle_pss_kb", memory(server, "Pss"));
  put("fresh_us", await freshInServer(server));
  put("cold_rps", (await wrk(server, "/cold")).perSecond);
  put("hot_rps", (await wrk(server, "/hot")).perSecond);
  put("hello_rps", (await wrk(server, "/hello")).perSecond);
  await stop(server);
  server = await start(name);
  put("isolate_kb", await perIsolate(server));
  if (name === "mayfly") {
    const n = await neighbours(server);
    put("p99_ms", n.without);
    put("p99_spin_ms", n.with);
    put("spin_answer", n.answer);
    put("fresh_cell_us", freshInCell());
  }
  await stop(server);
}

// ---- the table ----

function row(label, ours, theirs, unit, better, reach) {
  const ratio = theirs === undefined ? "" : `${(better === "more" ? ours / theirs : theirs / ours).toFixed(1)}x`;
  const number = (v) => (v === undefined ? "-" : v >= 100 ? Math.round(v).toLocaleString("en") : v.toFixed(v < 10 ? 2 : 1));
  console.log(`${label.padEnd(58)} ${number(ours).padStart(9)} ${number(theirs).padStart(9)} ${unit.padEnd(6)} ${ratio.padStart(7)}  ${reach}`);
}

const figures = {};
for (let i = 0; i < ROUNDS; i++) {
  for (const name of i % 2 ? ["workerd", "mayfly"] : ["mayfly", "workerd"]) await round(name, figures);
}
const m = (key, name) => (figures[key][name] ? median(figures[key][name]) : undefined);
const size = (path) => statSync(path).size / 1e6;

console.log(`\nMayfly and workerd, medians of ${ROUNDS} rounds in turn; wrk -t1 -c16\n`);
console.log(`${"".padEnd(58)} ${"mayfly".padStart(9)} ${"workerd".padStart(9)} ${"".padEnd(6)} ${"ratio".padStart(7)}  reach`);
row("fresh isolate + compile + run + reset, in a cell", m("fresh_cell_us", "mayfly"), m("fresh_us", "workerd"), "us", "less", "100x");
row("load() + fetch(), one after the other, in a host Worker", m("fresh_us", "mayfly"), m("fresh_us", "workerd"), "us", "less", "");
row("cold over HTTP: each request loads new code", m("cold_rps", "mayfly"), m("cold_rps", "workerd"), "req/s", "more", "30x");
row("hot dynamic Worker over HTTP", m("hot_rps", "mayfly"), m("hot_rps", "workerd"), "req/s", "more", "1.5x");
row("static hello from the host Worker", m("hello_rps", "mayfly"), m("hello_rps", "workerd"), "req/s", "more", "1.5x");
row("private memory per kept, idle isolate", m("isolate_kb", "mayfly"), m("isolate_kb", "workerd"), "kB", "less", "5x");
row("resident, idle: all processes, shared pages once (PSS)", m("idle_pss_kb", "mayfly") / 1e3, m("idle_pss_kb", "workerd") / 1e3, "MB", "less", "under 40");
row("resident, idle: sum of RSS", m("idle_rss_kb", "mayfly") / 1e3, m("idle_rss_kb", "workerd") / 1e3, "MB", "less", "");
row("binary", size(MAYFLY), size(WORKERD), "MB", "less", "");
row("neighbours' p99, nobody spinning", m("p99_ms", "mayfly"), undefined, "ms", "less", "");
row("neighbours' p99, one isolate spinning in the same cell", m("p99_spin_ms", "mayfly"), undefined, "ms", "less", "+25 ms");
console.log(`\nthe spinning Worker's caller got: ${figures.spin_answer.mayfly[0]}`);

mkdirSync(join(ROOT, "build"), { recursive: true });
writeFileSync(join(ROOT, "build/bench.json"), JSON.stringify({ rounds: ROUNDS, figures }, null, 1));
console.log("all figures: build/bench.json");
