// servers.mjs: Mayfly and workerd, each serving bench/worker; what the measurements of this folder start and look at.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const HERE = fileURLToPath(new URL(".", import.meta.url));
export const ROOT = join(HERE, "..");
export const MAYFLY = join(ROOT, "build/release/mayfly");
export const WORKERD = execFileSync(process.execPath, ["-p", "require('workerd').default"], { cwd: HERE }).toString().trim();

export const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const SECONDS = 3; // of a measurement with wrk

function workerdConfig() {
  const dir = mkdtempSync(join(tmpdir(), "mayfly-bench-"));
  cpSync(join(HERE, "worker"), dir, { recursive: true });
  const names = readdirSync(dir).filter((name) => name.endsWith(".js")).sort((a) => (a === "host.js" ? -1 : 1));
  writeFileSync(join(dir, "config.capnp"), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "internet", network = (allow = ["public", "private"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [${names.map((name) => `(name = "${name}", esModule = embed "${name}")`).join(", ")}],
  compatibilityDate = "2026-11-01",
  bindings = [(name = "LOADER", workerLoader = (id = "bench"))]
);
`);
  return join(dir, "config.capnp");
}

/** Starts "mayfly" or "workerd"; { name, child, url, startMs }: how long until it listens. `worker`: a folder, for Mayfly. */
export async function start(name, worker = join(HERE, "worker")) {
  const config = name === "workerd" && workerdConfig();
  const began = performance.now();
  const child = name === "mayfly"
    ? spawn(MAYFLY, ["serve", worker, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] })
    : spawn(WORKERD, ["serve", config, "--experimental", "--control-fd=3"],
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
  const startMs = performance.now() - began;
  child.removeAllListeners("exit");
  return { name, child, url: `http://127.0.0.1:${port}`, startMs };
}

export function stop(server) {
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

// Microseconds of processor time of a process so far.
function cpuOf(pid) {
  const us = 1e6 / 100; // of a tick, USER_HZ
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * us;
}

/** The same of each child process of the server: { pid: us }. */
export function childrenCpu(server) {
  return Object.fromEntries(processes(server.child.pid).slice(1).map((pid) => [pid, cpuOf(pid)]));
}

/** The same of the server with its children. */
export const cpu = (server) => processes(server.child.pid).map(cpuOf).reduce((a, b) => a + b);

/** kB of a kind (Rss, Pss, Private_Dirty …) over the server and its children. */
export function memory(server, kind) {
  let sum = 0;
  for (const pid of processes(server.child.pid)) {
    const line = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").split("\n").find((l) => l.startsWith(`${kind}:`));
    sum += Number(/\d+/.exec(line)[0]);
  }
  return sum;
}

export async function get(server, path) {
  const response = await fetch(server.url + path);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${server.name} ${path}: ${response.status} ${text}`);
  return text;
}

/** wrk with one thread: { perSecond, requests, p99: ms }. */
export function wrk(server, path, seconds = SECONDS, connections = 16) {
  return new Promise((resolve, reject) => {
    const child = spawn("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", server.url + path]);
    let text = "";
    child.stdout.on("data", (data) => (text += data));
    child.on("exit", (status) => {
      if (status !== 0 || /Non-2xx/.test(text)) return reject(new Error(`wrk ${server.name} ${path}: ${text}`));
      const [, value, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(text);
      resolve({
        perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]),
        requests: Number(/(\d+) requests in/.exec(text)[1]),
        p99: Number(value) * { us: 1e-3, ms: 1, s: 1e3 }[unit],
      });
    });
  });
}

/** Microseconds that `run` takes. */
export async function timed(run) {
  const began = process.hrtime.bigint();
  await run();
  return Number(process.hrtime.bigint() - began) / 1e3;
}
