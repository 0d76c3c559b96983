// `mayfly serve --rpc`: the runtime as a Cap'n Web object, with npm's capnweb on Node.js as the client.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, test } from "node:test";
import { newHttpBatchRpcSession, newWebSocketRpcSession, RpcTarget } from "capnweb";
import WebSocket from "ws";
import { DATE, directory, raw, request, root, run, serve, serveDirectory, sleep } from "./harness.mjs";

globalThis.WebSocket = WebSocket; // Node.js 20 has none

const TOKEN = "a-token-for-the-tests-0123456789";
const HELLO = { "index.js": "export default { fetch: () => new Response('the Worker') };", token: `${TOKEN}\n` };
const servers = [];
after(async () => {
  for (const server of servers) await server.stop("SIGKILL");
});

async function started(config = {}, args = []) {
  const rpc = { path: "/rpc", token_file: "token", ...config.rpc };
  const server = await serve(HELLO, { outbound: { allow: [{ cidr: "127.0.0.1/32" }] }, ...config, rpc }, args);
  servers.push(server);
  return server;
}
const server = await started();

const PUSH = (target, method, ...args) => JSON.stringify(["push", ["pipeline", target, [method], args]]);

// Node.js asserts only of real promises that they are rejected.
const rejects = (promise, what) => assert.rejects(Promise.resolve(promise), what);

// A session of its own: { mayfly, api, socket, closed }. closed: code and reason.
async function connect(to = server, token = TOKEN) {
  const socket = new WebSocket(`ws://127.0.0.1:${to.port}/rpc`);
  const closed = new Promise((resolve) => socket.on("close", (code, reason) => resolve([code, `${reason}`])));
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  const mayfly = newWebSocketRpcSession(socket);
  return { mayfly, api: token && mayfly.authenticate(token), socket, closed };
}

const SANDBOX = `import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
class Counter extends RpcTarget {
  #n = 0;
  add(n) { return (this.#n += n); }
}
export default class extends WorkerEntrypoint {
  async run(name) {
    await this.env.DB.put(name, 1);
    await this.env.DB.put(name, 1 + (await this.env.DB.get(name)));
    this.env.log("put", name);
    return this.env.DB.get(name);
  }
  call(f, ...args) { return f(...args); }
  env_() { return Object.keys(this.env); }
  async use(path, ...args) {
    let at = this.env;
    for (const name of path) at = at[name];
    return at(...args);
  }
  read(path) {
    let at = this.env;
    for (const name of path) at = at[name];
    return at;
  }
  counter() { return new Counter(); }
  nested() { return { counter: new Counter(), twice: (n) => 2 * n }; }
  async keep(callback) { this.env.hold(callback.dup()); }
  big(n) { return "x".repeat(n); }
  fail(text) { throw new RangeError(text); }
  spin() { for (;;); }
  props() { return this.ctx.props.f(this.ctx.props.x); }
  async fetch(request) {
    return new Response(request.method + " " + (await request.text()), { status: 201, headers: { "x-a": "b" } });
  }
  async out(url) { return (await fetch(url)).text(); }
}
export class Other extends WorkerEntrypoint { name() { return "other"; } }
`;
const code = (env, more) => ({ mainModule: "a.js", modules: { "a.js": SANDBOX }, env, globalOutbound: null, ...more });

class MyDb extends RpcTarget {
  rows = new Map();
  get(key) {
    return this.rows.get(key);
  }
  put(key, value) {
    this.rows.set(key, value);
  }
}

test("a sandbox calls back into the client's own objects and functions", async () => {
  const { api, socket } = await connect();
  const db = new MyDb(), lines = [];
  const worker = await api.load(code({ DB: db, log: (...line) => lines.push(line), LEVEL: 3 }));
  assert.equal(await worker.getEntrypoint().run("ada"), 2);
  assert.equal(db.rows.get("ada"), 2);
  assert.deepEqual(lines, [["put", "ada"]]);
  assert.deepEqual(await worker.getEntrypoint().env_(), ["DB", "log", "LEVEL"]);
  socket.close();
});

test("everything in one go, without waiting for anything but the result", async () => {
  const { mayfly, socket } = await connect(server, null);
  const db = new MyDb();
  assert.equal(await mayfly.authenticate(TOKEN).load(code({ DB: db, log() {} })).getEntrypoint().run("bob"), 2);
  assert.equal(await mayfly.authenticate(TOKEN).load(code()).getEntrypoint("Other").name(), "other");
  assert.match(await mayfly.authenticate(TOKEN).version(), /^\d+\.\d+\.\d+$/);
  socket.close();
});

test("what env may hold: deep, values of all kinds, what a member of a member says", async () => {
  const { api, socket } = await connect();
  const date = new Date(12345);
  const env = {
    deep: { list: [{ f: (x) => x + 1 }] },
    date,
    bytes: new Uint8Array([1, 2, 3]),
    nothing: null,
    big: 12345678901234567890n,
    api: Object.assign(new (class extends RpcTarget {
      get size() {
        return 7;
      }
      get inner() {
        return new MyDb();
      }
      async slow() {
        await sleep(20);
        return "slow";
      }
      fail() {
        throw new TypeError("no such table");
      }
    })()),
  };
  const entry = api.load(code(env)).getEntrypoint();
  assert.equal(await entry.use(["deep", "list", 0, "f"], 41), 42);
  assert.deepEqual(await entry.read(["date"]), date);
  assert.deepEqual([...(await entry.read(["bytes"]))], [1, 2, 3]);
  assert.equal(await entry.read(["nothing"]), null);
  assert.equal(await entry.read(["big"]), env.big);
  assert.equal(await entry.read(["api", "size"]), 7);
  assert.equal(await entry.use(["api", "slow"]), "slow");
  assert.equal(await entry.use(["api", "inner", "get"], "x"), undefined);
  await rejects(entry.use(["api", "fail"]), { name: "TypeError", message: "no such table" });
  socket.close();
});

test("functions and objects in arguments and results, both ways", async () => {
  const { api, socket } = await connect();
  let held;
  const entry = await api.load(code({ hold: (f) => void (held = f.dup()) })).getEntrypoint();
  assert.equal(await entry.call((a, b) => a * b, 6, 7), 42);
  const counter = await entry.counter();
  assert.equal(await counter.add(2), 2);
  assert.equal(await counter.add(3), 5);
  assert.equal(await entry.counter().add(1), 1);
  const nested = await entry.nested();
  assert.equal(await nested.twice(4), 8);
  assert.equal(await nested.counter.add(4), 4);
  await entry.keep((x) => `kept ${x}`);
  assert.equal(await held(1), "kept 1");
  assert.equal(await entry.call(counter.add.bind ? (n) => counter.add(n) : null, 10), 15);
  socket.close();
});

test("errors keep their names and texts", async () => {
  const { api, socket } = await connect();
  const entry = await api.load(code(undefined, { limits: { cpuMs: 50 } })).getEntrypoint();
  await rejects(entry.fail("a text"), { name: "RangeError", message: "a text" });
  await rejects(entry.nothing(), /does not implement the method "nothing"/);
  await rejects(entry.out("http://127.0.0.1/"), /not permitted to access the internet/);
  await rejects(entry.spin(), /Worker exceeded CPU time limit/);
  await rejects(api.load(), { name: "TypeError" });
  await rejects(api.load({}), /the .modules. field on .WorkerCode./);
  await rejects(api.load(code({}, { compatibilityDate: "soon" })), /Invalid compatibility date: soon/);
  const broken = { mainModule: "a.js", modules: { "a.js": "export default {" } };
  await rejects(api.load(broken).getEntrypoint().run(), /Failed to start Worker/);
  socket.close();
});

test("requests: to a sandbox, and out of it through an object of the client's", async () => {
  const { api, socket } = await connect();
  const seen = [];
  class Net extends RpcTarget {
    fetch(request) {
      seen.push(request.url);
      return new Response(`no ${new URL(request.url).hostname} here`);
    }
  }
  const entry = api.load(code({}, { globalOutbound: new Net() })).getEntrypoint();
  const answer = await entry.fetch("http://sandbox/", { method: "POST", body: "hello" });
  assert.deepEqual([answer.status, answer.headers.get("x-a"), await answer.text()], [201, "b", "POST hello"]);
  assert.equal(await entry.out("https://example.com/a"), "no example.com here");
  assert.deepEqual(seen, ["https://example.com/a"]);
  const props = await api.load(code()).getEntrypoint(undefined, { props: { f: (x) => x + 1, x: 1 } });
  assert.equal(await props.props(), 2);
  assert.equal(await props.props(), 2);
  socket.close();
});

test("rules for a sandbox's network", async () => {
  const { api, socket } = await connect();
  const site = http.createServer((req, res) => res.end(`${req.method} with ${req.headers.authorization}`));
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${site.address().port}/`;
  const allow = [{ host: "127.0.0.1", path: "/open/*", headers: { authorization: "Bearer secret" } }];
  const entry = await api.load(code({}, { globalOutbound: { allow } })).getEntrypoint();
  assert.equal(await entry.out(`${url}open/a`), "GET with Bearer secret");
  await rejects(entry.out(`${url}closed`));
  await rejects(api.load(code({}, { globalOutbound: { allow: 1 } })), { name: "TypeError" });
  site.close();
  socket.close();
});

test("a batch over HTTP", async () => {
  const url = `${server.url}/rpc`;
  const mayfly = newHttpBatchRpcSession(url);
  const entry = mayfly.authenticate(TOKEN).load(code()).getEntrypoint();
  const [a, b] = await Promise.all([entry.counter().add(5), entry.env_()]);
  assert.deepEqual([a, b], [5, []]);
  await rejects(newHttpBatchRpcSession(url).authenticate("wrong").version(), /The token is wrong/);
  assert.equal((await fetch(url)).status, 405);
  const bad = {
    "no messages": /unexpected token/,
    '["pull",7]': /no such export ID: 7/,
    '["push",["pipeline",0,[]]]\n': /JSON/,
  };
  for (const [body, why] of Object.entries(bad)) {
    const answer = await fetch(url, { method: "POST", body });
    assert.equal(answer.status, 400, body);
    assert.match(await answer.text(), why);
  }
  assert.equal((await fetch(`${server.url}/`).then((r) => r.text())), "the Worker");
  assert.equal((await fetch(`${server.url}/rpcx`).then((r) => r.text())), "the Worker");
});

test("the token: wrong ones, their number, how it is come by", async () => {
  const { mayfly, closed } = await connect(server, null);
  await rejects(mayfly.authenticate("wrong").load(code()), { message: "The token is wrong." });
  await rejects(mayfly.authenticate([TOKEN]), { message: "The token is wrong." });
  await rejects(mayfly.authenticate(), { message: "The token is wrong." });
  assert.deepEqual(await closed, [1008, "The token is wrong."]);
  await rejects(mayfly.authenticate(TOKEN).version());

  const open = (authorization) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/rpc`, { headers: { authorization } });
    return new Promise((resolve) => {
      socket.on("open", () => resolve(socket)).on("error", (error) => resolve(error.message));
    });
  };
  const shown = await open(`Bearer ${TOKEN}`);
  assert.match(await newWebSocketRpcSession(shown).authenticate().version(), /^\d/);
  shown.close();
  for (const header of [`Bearer ${TOKEN}x`, "Bearer", `Basic ${TOKEN}`, TOKEN, ""])
    assert.match(await open(header), /401/, header);
  const body = [PUSH(0, "authenticate"), PUSH(1, "version"), '["pull",2]'].join("\n");
  const post = (authorization) => request(server, "/rpc", { method: "POST", headers: { authorization }, body });
  assert.match((await post(`bearer ${TOKEN}`)).text, /^\["resolve",2,"\d+\.\d+\.\d+"\]$/);
  const refused = await post("bearer wrong");
  assert.deepEqual([refused.status, refused.headers["www-authenticate"]], [401, "Bearer"]);

  const nowhere = directory({});
  const env = { ...process.env };
  delete env.MAYFLY_TOKEN;
  const options = (token) => ({ cwd: nowhere, env: token === undefined ? env : { ...env, MAYFLY_TOKEN: token } });
  const made = await serveDirectory(null, ["--rpc", "/rpc"], options());
  servers.push(made);
  const [, token] = await made.logged(/the token for rpc is (\S+)\n/);
  assert.match(token, /^[\w-]{43}$/);
  const ours = await connect(made, token);
  assert.match(await ours.api.version(), /^\d/);
  assert.equal(made.log.split(token).length, 2);
  assert.equal((await request(made, "/")).status, 404);
  ours.socket.close();

  const given = await serveDirectory(null, ["--rpc", "/rpc"], options(TOKEN));
  servers.push(given);
  assert.match(await (await connect(given)).api.version(), /^\d/);
  assert.equal(given.log.includes(TOKEN), false);
  const short = await run(["serve", "--rpc", "/rpc", "--listen", "127.0.0.1:0"], options("short"));
  assert.match(short.err, /MAYFLY_TOKEN is shorter than 16 characters/);
  assert.equal(short.code, 1);
});

test("who may ask: origins, addresses", async () => {
  const listed = await started({ rpc: { origins: ["https://app.example"] } });
  const ask = (origin) => request(listed, "/rpc", { method: "POST", headers: { origin }, body: "" });
  assert.equal((await ask("https://evil.example")).status, 403);
  assert.equal((await ask("null")).status, 403);
  const answer = await ask("https://app.example");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["access-control-allow-origin"], "https://app.example");
  assert.equal((await request(listed, "/", { headers: { origin: "https://evil.example" } })).status, 200);
  const twice = "POST /rpc HTTP/1.1\r\nhost: a\r\norigin: https://app.example\r\norigin: https://app.example\r\n\r\n";
  assert.match(await raw(listed, twice), /^HTTP\/1.1 403 /);
  const socket = new WebSocket(`ws://127.0.0.1:${listed.port}/rpc`, { origin: "https://evil.example" });
  const [error] = await new Promise((resolve) => socket.on("error", (...e) => resolve(e)));
  assert.match(error.message, /403/);

  const options = { cwd: directory({ token: TOKEN }) };
  const args = ["serve", "--rpc", "/rpc", "--rpc-token-file", "token", "--listen"];
  const refused = await run([...args, "0.0.0.0:0"], options);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /rpc gives this machine's runtime to whoever shows the token.*--rpc-everywhere/s);
  const everywhere = await serveDirectory(null, [...args.slice(1, -1), "--rpc-everywhere"], options, "0.0.0.0:0");
  servers.push(everywhere);
  assert.match(await (await connect(everywhere)).api.version(), /^\d/);
});

// A server that says when it is asked and when its client is gone.
async function upstream() {
  const events = [];
  let tell = () => {};
  const note = (what) => {
    events.push(what);
    tell();
  };
  const listener = http.createServer((req, res) => {
    note("asked");
    res.on("close", () => note("gone"));
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const seen = async (what, count = 1) => {
    while (events.filter((e) => e === what).length < count) await new Promise((resolve) => (tell = resolve));
  };
  return { url: `http://127.0.0.1:${listener.address().port}/`, seen, close: () => listener.close() };
}

test("a client that goes takes its sandboxes along", async () => {
  const net = await upstream();
  for (const end of ["close", "terminate"]) {
    const { api, socket } = await connect();
    const entry = await api.load(code({}, { globalOutbound: undefined })).getEntrypoint();
    entry.out(net.url).catch(() => {});
    await net.seen("asked", end === "close" ? 1 : 2);
    socket[end]();
    await net.seen("gone", end === "close" ? 1 : 2);
  }
  net.close();
});

// The entrypoints of sandboxes that were just loaded, with these bindings, and do `first`. As soon as there is room: what
// was ended takes a moment to go.
async function loaded(api, count, env, first) {
  for (;;) {
    const entries = Array.from({ length: count }, () => {
      const worker = api.load(code(env()));
      const entry = worker.getEntrypoint();
      worker[Symbol.dispose]();
      return entry;
    });
    try {
      await Promise.all(entries.map(first));
      return entries;
    } catch (error) {
      for (const entry of entries) entry[Symbol.dispose]();
      if (!/Too many live isolates/.test(error.message)) throw error;
      await sleep(10);
    }
  }
}

test("and so do sandboxes that do nothing, or spin", async () => {
  const few = await started({ limits: { isolates: 2, cpu_ms: 600000 } });
  for (let i = 0; i < 5; i++) {
    const { api, socket } = await connect(few);
    const [, b] = await loaded(api, 2, () => undefined, async (entry) => assert.deepEqual(await entry.env_(), []));
    await rejects(api.load(code()).getEntrypoint().env_(), /Too many isolates|isolates/);
    b.spin().catch(() => {});
    if (i % 2) socket.terminate();
    else socket.close();
  }
});

test("disposing: a sandbox ends with its last stub, and its bindings are let go", async () => {
  const few = await started({ limits: { isolates: 1, stubs: 20 } });
  const { api, socket } = await connect(few);
  let disposed = 0;
  class Held extends RpcTarget {
    get() {
      return 1;
    }
    [Symbol.dispose]() {
      disposed++;
    }
  }
  for (let i = 0; i < 30; i++) {
    const get = async (entry) => assert.equal(await entry.use(["DB", "get"]), 1);
    const [entry] = await loaded(api, 1, () => ({ DB: new Held() }), get);
    entry[Symbol.dispose]();
  }
  await api.version();
  assert.ok(disposed >= 30, `${disposed}`);
  socket.close();
});

test("two clients know nothing of each other", async () => {
  const [a, b] = await Promise.all([connect(), connect()]);
  const source = "let n = 0; export default { fetch: () => new Response(`${++n}`) };";
  const load = (client) => client.api.load({ mainModule: "a.js", modules: { "a.js": source } }).getEntrypoint();
  const texts = [];
  const entries = [load(a), load(b)];
  for (const entry of entries) for (let i = 0; i < 2; i++) texts.push(await (await entry.fetch("http://x/")).text());
  assert.deepEqual(texts, ["1", "2", "1", "2"]);
  a.socket.close();
  await a.closed;
  assert.equal(await (await entries[1].fetch("http://x/")).text(), "3");
  b.socket.close();
});

test("one client cannot have all isolates", async () => {
  const shared = await started({ limits: { isolates: 10, client_isolates: 3 } });
  const [a, b] = await Promise.all([connect(shared), connect(shared)]);
  const ask = ({ api }, more = {}) => {
    const worker = api.load({ ...code(), ...more });
    const entry = worker.getEntrypoint();
    worker[Symbol.dispose]();
    return [entry, entry.env_()];
  };
  const full = /Too many live isolates: this client has as many as client_isolates allows/;
  const asked = Array.from({ length: 3 }, () => ask(a));
  for (const [, answer] of asked) assert.deepEqual(await answer, []);
  await rejects(ask(a)[1], full);
  await rejects(ask(a, { fresh: true })[1], full);
  for (let i = 0; i < 3; i++) assert.deepEqual(await ask(b)[1], []);
  await rejects(ask(b)[1], full);
  asked[0][0][Symbol.dispose]();
  for (let tries = 1; ; tries++) {
    try {
      assert.deepEqual(await ask(a)[1], []);
      break;
    } catch (e) {
      if (!full.test(e.message) || tries === 100) throw e;
      await sleep(10);
    }
  }
  a.socket.close();
  await a.closed;
  b.socket.close();
});

const BROKEN = {
  "{": /Expected property name/,
  "[]": /bad RPC message/,
  '"push"': /bad RPC message/,
  '["push"]': /bad RPC message/,
  '["nonsense"]': /bad RPC message/,
  '["pull",1]': /no such export ID: 1/, // another client's
  '["push",["pipeline",-1,["find"],[]]]': /no such entry on exports table/,
  '["push",["import",77]]': /no such entry on exports table/,
  '["resolve",77]': /bad RPC message/,
  '["release",1,99]': /no such export ID: 1/,
  [`["push",${"[".repeat(1000)}1${"]".repeat(1000)}]`]: /maximum allowed message depth/,
};

test("a client that breaks the protocol is told so and closed, and nobody else is", async () => {
  const good = await connect();
  const counter = await good.api.load(code()).getEntrypoint().counter();
  for (const [message, why] of Object.entries(BROKEN)) {
    const bad = await connect(server, null);
    const got = [];
    bad.socket.on("message", (text) => got.push(JSON.parse(text)));
    bad.socket.send(message);
    const [closeCode, reason] = await bad.closed;
    assert.equal(closeCode, 3000, message.slice(0, 40));
    assert.match(reason, why);
    assert.deepEqual(got.map(([kind, [error]]) => [kind, error]), [["abort", "error"]]);
  }
  const large = await connect(server, null);
  large.socket.send("x".repeat((32 << 20) + 1));
  assert.equal((await large.closed)[0], 1009);
  assert.equal(await counter.add(2), 2);
  good.socket.close();
});

test("a client that shows no token in time is closed", async () => {
  const brisk = await started({ limits: { head_ms: 100 } });
  const { api, socket } = await connect(brisk);
  assert.match(await api.version(), /^\d/);
  const late = await connect(brisk, null);
  assert.deepEqual(await late.closed, [1008, "No token was shown in time."]);
  assert.match(await api.version(), /^\d/);
  socket.close();
});

// Clients that take all they can get, each in a way of its own. Raw: npm's would wait for itself.
const EAGER = {
  "asks without end and reads nothing"(socket) {
    socket.pause();
    for (let i = 2; i < 20000; i++) {
      socket.send(PUSH(1, "version"));
      socket.send(`["pull",${i}]`);
    }
  },
  "asks for more than it takes"(socket) {
    socket.pause();
    socket.send(PUSH(1, "load", { mainModule: "a.js", modules: { "a.js": SANDBOX } }));
    socket.send(PUSH(2, "getEntrypoint"));
    for (let i = 4; i < 100; i++) {
      socket.send(PUSH(3, "big", 4 << 20));
      socket.send(`["pull",${i}]`);
    }
  },
  "keeps its sandboxes busy"(socket) {
    for (let i = 2; i < 20; i += 3) {
      socket.send(PUSH(1, "load", { mainModule: "a.js", modules: { "a.js": SANDBOX } }));
      socket.send(PUSH(i, "getEntrypoint"));
      socket.send(PUSH(i + 1, "spin"));
    }
  },
  "never answers"(socket) {
    socket.send(PUSH(1, "load", { mainModule: "a.js", modules: { "a.js": SANDBOX }, env: { f: ["export", -1] } }));
    socket.send(PUSH(2, "getEntrypoint"));
    for (let i = 0; i < 500; i++) socket.send(PUSH(3, "use", [["f"]], i));
  },
  "sends large messages"(socket) {
    for (let i = 0; i < 20; i++) socket.send(PUSH(1, "load", "x".repeat(4 << 20)));
  },
};
test("a client that lets nothing go is closed when its table is full", async () => {
  const greedy = await connect(server, null);
  greedy.socket.send(PUSH(0, "authenticate", TOKEN));
  for (let i = 0; i <= 100000; i++) greedy.socket.send(PUSH(1, "version"));
  assert.deepEqual(await greedy.closed, [3000, "Too many objects were shared in this RPC session."]);
});

for (const [what, run] of Object.entries(EAGER))
  test(`one client ${what}: another's calls are answered`, async () => {
    const greedy = await connect(server, null);
    const { api, socket } = await connect();
    const entry = await api.load(code({ f: (n) => n + 1 })).getEntrypoint();
    greedy.socket.removeAllListeners("message");
    greedy.socket.send(PUSH(0, "authenticate", TOKEN));
    run(greedy.socket);
    for (let i = 0; i < 100; i++) assert.equal(await entry.use(["f"], i), i + 1);
    greedy.socket.terminate();
    assert.equal(await entry.use(["f"], 1), 2);
    socket.close();
  });

test("1,000 calls in flight, each with a call back", async () => {
  const { api, socket } = await connect();
  let calls = 0;
  const entry = await api.load(code({ f: (n) => (calls++, n + 1) })).getEntrypoint();
  const numbers = await Promise.all(Array.from({ length: 1000 }, (_, i) => entry.use(["f"], i)));
  assert.deepEqual(numbers, Array.from({ length: 1000 }, (_, i) => i + 1));
  assert.equal(calls, 1000);
  socket.close();
});

test("the example in Python", async () => {
  const example = path.join(root, "examples/python/sandbox.py");
  assert.ok(fs.readFileSync(example, "utf8").split("\n").length <= 61);
  const args = [example, `ws://127.0.0.1:${server.port}/rpc`];
  const ask = (token) =>
    new Promise((resolve) => {
      const options = { env: { ...process.env, MAYFLY_TOKEN: token }, timeout: 30000 };
      execFile("/usr/bin/python3", args, options, (error, out, err) => resolve({ out, err }));
    });
  assert.deepEqual(await ask(TOKEN), { out: "ada is 36\nbob is 41\n", err: "" });
  assert.match((await ask("wrong")).err, /RuntimeError: Error: The token is wrong\.\n$/);
});
