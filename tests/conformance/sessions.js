// sessions.js: sessions of Cap'n Web within one Worker, for conformance scripts: what is on the wire between the module
// `capnweb` and itself, and between it and a peer that the script plays.
import { RpcSession, RpcTarget } from "capnweb";

// Lets everything happen that needs nothing from outside.
export const settle = (turns = 3) => new Promise((resolve) => {
  const next = () => (turns-- > 0 ? setTimeout(next, 0) : resolve());
  next();
});

class Transport {
  sent = []; // what its session sent
  inbox = [];
  waiting = null;
  peer = null;
  aborted = [];
  constructor(level) {
    if (level !== undefined) this.encodingLevel = level;
  }
  send(message) {
    this.sent.push(message);
    this.peer?.deliver(message);
  }
  deliver(message) {
    if (this.waiting) this.waiting.resolve(message);
    else this.inbox.push(message);
    this.waiting = null;
  }
  fail(error) {
    if (this.waiting) this.waiting.reject(error);
    else this.inbox.push(Promise.reject(error));
    this.waiting = null;
  }
  receive() {
    if (this.inbox.length) return Promise.resolve(this.inbox.shift());
    return new Promise((resolve, reject) => { this.waiting = { resolve, reject }; });
  }
  abort(reason) {
    this.aborted.push(reason);
  }
}

// Two sessions with each other. `said()` are the messages since the last time, the client's (">") first.
export function pair(serverMain, clientMain, { level, options, clientOptions } = {}) {
  const [client, server] = [new Transport(level), new Transport(level)];
  client.peer = server;
  server.peer = client;
  const [near, far] = [new RpcSession(client, clientMain, clientOptions), new RpcSession(server, serverMain, options)];
  const said = async () => {
    await settle();
    const lines = [client, server].flatMap(({ sent }, i) => sent.splice(0).map((m) => `${"><"[i]} ${text(m)}`));
    return lines;
  };
  return { api: near.getRemoteMain(), back: far.getRemoteMain(), client, server, near, far, said };
}

const text = (message) => (typeof message === "string" ? message : JSON.stringify(message, (key, value) =>
  typeof value === "bigint" ? `${value}n` : value === undefined ? "(undefined)" : value));

// A session whose peer the script is: `ask(...messages)` gives it messages (values are made JSON) and lists its answers.
export function played(main, { level, options } = {}) {
  const transport = new Transport(level);
  const session = new RpcSession(transport, main, options);
  const ask = async (...messages) => {
    for (const m of messages) transport.deliver(level === undefined && typeof m !== "string" ? JSON.stringify(m) : m);
    await settle();
    const lines = transport.sent.splice(0).map(text);
    for (const why of transport.aborted.splice(0)) lines.push(`aborted: ${why}`);
    return lines;
  };
  return { ask, session, transport, api: session.getRemoteMain() };
}

// Something to call, which notes what becomes of it.
export class Api extends RpcTarget {
  #log;
  #n = 0;
  kept = null;
  constructor(log = []) {
    super();
    this.#log = log;
  }
  add(k) { return this.#n += k; }
  get n() { return this.#n; }
  get data() { return { a: [1, { b: 2 }], s: "text" }; }
  child() { return new Api(this.#log); }
  children(k) { return Array.from({ length: k }, () => new Api(this.#log)); }
  echo(...args) { return args.length > 1 ? args : args[0]; }
  none() {}
  fail(text) { throw new RangeError(text); }
  never() { return new Promise(() => {}); }
  async later(v) { await settle(1); return v; }
  call(f, ...args) { return f(...args); }
  async callLater(f, ...args) { await settle(1); return await f(...args); }
  keep(f) { this.kept?.[Symbol.dispose]?.(); this.kept = f.dup(); }
  useKept(...args) { return this.kept(...args); }
  dropKept() { this.kept[Symbol.dispose](); this.kept = null; }
  both(a, b) { return [a, b]; }
  function() { return (x) => x + 1; }
  list() { return [1, 2, 3]; }
  numbers(k) { return Array.from({ length: k }, (_, i) => i); }
  [Symbol.dispose]() { this.#log.push(`disposed ${this.#n}`); }
}
