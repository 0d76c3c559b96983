// harness.mjs: runs the built program for the tests. A test never waits for a time: it waits for an event (a line of
// the log, an answer, a process's end), however long that takes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.join(here, "../..");
export const mayfly = process.env.MAYFLY_BIN ?? path.join(root, "build/mayfly");
export const DATE = "2026-11-01";

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const rubbish = [];
const killChildren = () => {
  for (const child of children) child.kill("SIGKILL");
};
// A test that failed has not stopped its server, which would keep this process for ever.
after(() => setTimeout(killChildren, 30000).unref());
process.on("exit", () => {
  killChildren();
  for (const directory of rubbish) fs.rmSync(directory, { recursive: true, force: true });
});
const children = new Set();

/** A new directory with these files: { name: text or Buffer }. It is removed at the end. */
export function directory(files) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "mayfly-e2e-"));
  rubbish.push(made);
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(made, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  }
  return made;
}

function start(args, options) {
  const child = spawn(mayfly, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  children.add(child);
  child.on("exit", () => children.delete(child));
  return child;
}

/** Runs mayfly to its end: { code, signal, out, err }. */
export async function run(args, options) {
  const child = start(args, options);
  const result = { out: "", err: "" };
  child.stdout.on("data", (data) => (result.out += data));
  child.stderr.on("data", (data) => (result.err += data));
  [result.code, result.signal] = await once(child, "close");
  return result;
}

/** A running `mayfly serve`. */
export class Server {
  log = "";
  #watchers = new Set();

  constructor(child) {
    this.child = child;
    this.pid = child.pid;
    this.ended = once(child, "close").then(([code, signal]) => {
      this.over = { code, signal };
      for (const check of this.#watchers) check();
      return this.over;
    });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => this.#add(text));
  }

  #add(data) {
    this.log += data;
    for (const check of this.#watchers) check();
  }

  /** Waits until the log matches; the match. Fails when the server ends first. */
  logged(pattern) {
    return new Promise((resolve, reject) => {
      const check = () => {
        const match = this.log.match(pattern);
        if (!match && !this.over) return;
        this.#watchers.delete(check);
        if (match) resolve(match);
        else reject(new Error(`the server ended before it logged ${pattern}:\n${this.log}`));
      };
      this.#watchers.add(check);
      check();
    });
  }

  async stop(signal = "SIGTERM") {
    if (!this.over) this.child.kill(signal);
    return this.ended;
  }

  /** Process ids of the cells: all descendants of the gateway. */
  cells() {
    const parents = new Map();
    for (const name of fs.readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const stat = fs.readFileSync(`/proc/${name}/stat`, "utf8");
        const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        if (state !== "Z") parents.set(Number(name), Number(parent));
      } catch {
        // it ended meanwhile
      }
    }
    const below = (pid) => pid !== undefined && (parents.get(pid) === this.pid || below(parents.get(pid)));
    return [...parents.keys()].filter(below);
  }
}

/** Starts `mayfly serve` on a free port. files: of the Worker; config: beside main and the date; args: more options. */
export async function serve(files, config = {}, args = []) {
  const all = { main: "index.js", compatibility_date: DATE, ...config };
  const made = directory({ "wrangler.jsonc": JSON.stringify(all), ...files });
  return serveDirectory(made, args);
}

/** where: null: the directory that the program runs in. */
export async function serveDirectory(where, args = [], options = undefined, listen = "127.0.0.1:0") {
  const server = new Server(start(["serve", ...(where === null ? [] : [where]), "--listen", listen, ...args], options));
  const [, url] = await server.logged(/listening on (http:\/\/[^\s"]+)/);
  server.url = url;
  server.port = Number(new URL(url).port);
  return server;
}

/** A server whose Worker runs what `load` below asks for (dispatch.js). */
export function serveDispatch(limits = {}, args = []) {
  const source = fs.readFileSync(path.join(here, "dispatch.js"), "utf8");
  const config = { worker_loaders: [{ binding: "LOADER", id: "one" }, { binding: "OTHER" }], limits };
  return serve({ "index.js": source }, config, args);
}

/** One HTTP request: { status, headers, body (Buffer), text }. body: string, Buffer or stream. */
export function request(server, target = "/", { method = "GET", headers = {}, body, agent = false } = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request({ host: "127.0.0.1", port: server.port, path: target, method, headers, agent }, (res) => {
      const chunks = [];
      res.on("data", (chunk) => chunks.push(chunk));
      res.on("error", reject);
      res.on("end", () => {
        const all = Buffer.concat(chunks);
        resolve({ status: res.statusCode, headers: res.headers, body: all, text: all.toString(), reused: req.reusedSocket });
      });
    });
    req.on("error", reject);
    if (body?.pipe) body.pipe(req);
    else req.end(body);
  });
}

/** The response as soon as its head is there, unread (http.IncomingMessage). */
export function open(server, target, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request({ host: "127.0.0.1", port: server.port, path: target, method, headers, agent: false }, resolve);
    req.on("error", reject);
    req.end(body);
  });
}

/** Sends bytes as they are, and returns everything that comes back until the server closes. */
export function raw(server, bytes) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(server.port, "127.0.0.1");
    let got = "";
    socket.on("data", (data) => (got += data.toString("latin1")));
    socket.on("error", (error) => (error.code === "ECONNRESET" && got ? resolve(got) : reject(error)));
    socket.on("close", () => resolve(got));
    socket.write(bytes);
  });
}

/** Loads and calls a Worker through dispatch.js.
 * what: source text, or { code, get, entrypoint, options, loader }; code: text, or what load() takes.
 * The answer as from request(), with `error` ({ name, message, stack }) when the host Worker caught an exception. */
export async function load(server, what, target = "/", init = {}) {
  const answer = await request(server, target, loadInit(what, init));
  answer.error = answer.headers["x-thrown"] ? JSON.parse(answer.text) : undefined;
  return answer;
}

export function loadInit(what, init = {}) {
  const spec = typeof what === "string" ? { code: what } : { ...what };
  if (typeof spec.code === "string") spec.code = { modules: { "m.js": spec.code } };
  spec.code = { compatibilityDate: DATE, mainModule: "m.js", ...spec.code };
  return { ...init, headers: { ...init.headers, "x-load": encodeURIComponent(JSON.stringify(spec)) } };
}

/** Calls `probe` again and again until its answer is the same several times running; that answer. */
export async function settled(probe, times = 10, pause = 50) {
  let last = await probe();
  for (let same = 0; same < times; ) {
    await sleep(pause);
    const next = await probe();
    same = next === last ? same + 1 : 0;
    last = next;
  }
  return last;
}
