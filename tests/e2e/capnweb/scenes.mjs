// scenes.mjs: what a client does with an Api of a server (api.mjs), and what must come of it. A client is the npm package
// on Node.js or in a browser, or a Worker; each scene is called with
//   api       the stub of the server's main object
//   open()    a session more: { api, close() }
//   mb        how much the large streams carry
//   hangUp()  has the server cut its connections
//   trips()   how often the client of `api` asked after it had been answered (sessions over WebSockets)
import { RpcPromise, RpcStub } from "capnweb";
import { Api, Counter, drain, source } from "./api.mjs";
import { describe, equal, thrown, until } from "./describe.mjs";
import { streamed, values } from "./values.mjs";

const log = []; // of the client's own objects
const mine = (n) => new Counter(n, log);
const MB = 1 << 20;
const CHUNK = 1 << 16;

async function echoes(api, table, echo) {
  const names = Object.keys(table);
  const back = (name) => (echo ? api.echo(table[name]()) : undefined);
  const calls = names.map((name) => [api.describe(table[name]()), api.make(name), back(name)]);
  await Promise.all(names.map(async (name, i) => {
    const expected = await describe(table[name]());
    const [call, making, echoing] = calls[i];
    const [there, made, echoed] = await Promise.all([call, making.then(describe), echoing?.then(describe)]);
    await equal(there, expected, `${name}, as it arrives`);
    await equal(made, expected, `${name}, as a result`);
    if (echo) await equal(echoed, expected, `${name}, there and back`);
  }));
}

const errors = Object.keys(values).filter((name) => values[name]() instanceof Error);

/** Scenes of both transports. */
export const both = {
  async "calls"({ api }) {
    const sums = [api.add(1, 2), api.add("a", "b"), api.version, api.none(), api.add(0.1, 0.2)];
    await equal(await Promise.all(sums), [3, "ab", "1", undefined, 0.1 + 0.2]);
  },

  async "values of all kinds"({ api }) {
    await echoes(api, values, true);
  },

  async "errors that are thrown"({ api }) {
    const calls = errors.map((name) => [name, thrown(() => api.fail(name)), thrown(() => api.failLater(name))]);
    const others = ["text", 5, null, { a: 1 }].map((v) => [v, thrown(() => api.failWith(v))]);
    for (const [name, ...each] of calls) await equal(await Promise.all(each), [values[name](), values[name]()], name);
    for (const [v, call] of others) await equal(await call, v);
  },

  async "what is not there, and what cannot be sent"({ api }) {
    const wrong = ["missing", "version"].map((name) => thrown(() => api[name]()));
    const deeper = thrown(() => api.missing.missing());
    const read = api.missing.then((v) => [v]);
    const unsent = [new Map(), Symbol("s"), new WeakMap(), /x/].map((v) => thrown(() => api.echo(v)));
    for (const call of [...wrong, deeper, ...unsent]) await equal((await call) instanceof TypeError, true);
    await equal(await read, [undefined]);
  },

  async "pipelining"({ api }) {
    const [five, ten] = [api.counter(5), api.counter(10)];
    const results = await Promise.all([
      five.value, five.next().next().next().value, five.data.first.name, five.data.n,
      api.later(7).next().add(api.add(1, ten.add(10))),
      api.nested.deep.f(21), api.nested.deep.counter.add(1), api.nested.deep.text,
      thrown(() => api.fail("RangeError").next().value),
    ]);
    await equal(results, [5, 8, "f", 5, 29, 42, 51, "t", values["RangeError"]()]);
  },

  async "map()"({ api }) {
    const counter = api.counter(100);
    const results = await Promise.all([
      api.list(5).map((i) => api.square(i)),
      api.counter(3).data.list.map((each) => ({ it: each.name, n: api.add(each.name, "!"), same: [each] })),
      api.add(2, 3).map((n) => api.square(n)),
      api.none().map((n) => api.square(n)),
      api.echo(null).map((n) => api.square(n)),
      api.list(0).map((n) => n),
      api.list(3).map((i) => counter.add(i)),
      api.list(3).map((i) => api.list(i).map((j) => api.add(i, j))),
      api.counters(3).map((each) => each.add(10)),
      thrown(() => api.list(3).map((i) => api.fail("RangeError", i))),
    ]);
    await equal(results, [
      [0, 1, 4, 9, 16],
      ["a", "b"].map((name) => ({ it: name, n: `${name}!`, same: [{ name }] })),
      25,
      undefined,
      null,
      [],
      [100, 101, 103],
      [[], [1], [2, 3]],
      [10, 11, 12],
      values["RangeError"](),
    ]);
  },

  async "a thousand calls at once"({ api }) {
    const calls = Array.from({ length: 1000 }, (_, i) => api.square(i));
    await equal(await Promise.all(calls), Array.from({ length: 1000 }, (_, i) => i * i));
  },
};

/** Scenes that need a server that answers while it is being talked to. */
export const live = {
  async "streams as values, blobs, bodies"({ api }) {
    await echoes(api, streamed, false);
  },

  async "calls that wait for each other take a trip each, pipelined ones take one"({ api, trips }) {
    await api.none();
    const before = await trips();
    const first = await api.counter(1);
    const second = await first.next();
    await equal(await second.value, 2);
    await equal((await trips()) - before, 3, "trips one after the other");
    const then = await trips();
    const counter = api.counter(1);
    const mapped = api.list(2).map((i) => api.add(i, counter.value));
    const results = [counter.next().next().value, mapped, api.add(api.square(3), 1)];
    await equal(await Promise.all(results), [3, [1, 2], 10]);
    await equal((await trips()) - then, 1, "trips when pipelined");
  },

  async "functions and objects both ways"({ api }) {
    const counter = await api.counter(10);
    await equal([await counter.add(1), await counter.value, await counter.next().add(1)], [11, 11, 13]);
    const adder = await api.adder(5);
    await equal(await adder(1), 6);
    await equal(await api.call((x, y) => x + y, 1, 2), 3);
    const error = values["an error with a cause"];
    await equal(await thrown(() => api.call(() => { throw error(); })), error());
    await equal(await api.use(mine(100)), [101, 103, 103, 101]);
    await equal(await api.callMany((i) => i * 2, 200), 39800);
    await equal(await api.call(adder, 7), 12, "their function, called by them through us");
    await equal(await api.use(counter), [12, 14, 14, 12], "their object, used by them");
    await equal(await api.call(async (f) => f(20), (x) => x + 5), 25, "our function, given back to us");
    await equal(await api.call((make) => make, 5), 5);
    await equal(await api.add(new RpcPromise(Promise.resolve(4)), 1), 5, "a promise of ours");
    await equal(await api.call(new RpcStub((x) => x * 3), 5), 15, "a stub of ours");
    const { list } = await api.counter(1).data;
    await equal(list[0], { name: "a" });
  },

  async "a client's main object"({ open }) {
    const { api, close } = await open(new Api(log));
    await equal(await api.add(1, 1), 2);
    await close();
  },

  async "what is disposed, and when"({ api }) {
    const taken = [];
    const theirs = async (count) => {
      await until(async () => taken.push(...(await api.takeLog())), (n) => n >= count);
      return taken.splice(0).sort();
    };
    await api.takeLog();
    log.splice(0);
    const counter = await api.counter(1);
    await counter.add(1);
    const copy = counter.dup();
    counter[Symbol.dispose]();
    await equal(await copy.add(1), 3, "the duplicate");
    await equal(await api.takeLog(), [], "nothing is disposed yet");
    copy[Symbol.dispose]();
    await equal(await theirs(1), ["counter 3"]);
    const counters = await api.counters(3);
    counters[Symbol.dispose]();
    await equal(await theirs(3), ["counter 0", "counter 1", "counter 2"], "all of a result");
    api.counter(7)[Symbol.dispose]();
    await equal(await theirs(1), ["counter 7"], "a promise that nobody waited for");
    await equal((await thrown(() => counter.add(1))).message, "Attempted to use RPC stub after it has been disposed.");
    await api.use(mine(20));
    await until(async () => (await api.none(), log.length), (n) => n >= 2);
    await equal(log.splice(0).sort(), ["counter 21", "counter 23"], "an argument, when the call is over");
    await api.keep(mine(30));
    await equal(log.splice(0), [], "what they keep stays");
    await api.dropKept();
    await until(async () => (await api.none(), log.length), (n) => n >= 1);
    await equal(log.splice(0), ["counter 30"], "until they drop it");
    await api.takeLog();
  },

  async "10,000 calls in flight"({ api }) {
    const calls = Array.from({ length: 10000 }, () => api.wait());
    const results = Promise.all(calls);
    await equal(await api.waiting(), 10000);
    await api.go();
    await equal((await results).every((n, i) => n === i), true);
    const callbacks = api.callMany((i) => i, 10000);
    await equal(await callbacks, 49995000);
  },

  async "a stream whose reader waits holds its writer back"({ api }) {
    const produced = { bytes: 0 };
    await api.hold(source(64 * MB, CHUNK, produced));
    for (let last = -1; last !== produced.bytes;) {
      last = produced.bytes;
      for (let i = 0; i < 20; i++) await api.none();
    }
    await equal(produced.bytes <= 2 * MB, true, `ahead of the reader by ${produced.bytes}`);
    const before = produced.bytes;
    for (let i = 0; i < 64; i++) await equal(await api.readHeld(), CHUNK);
    await until(async () => (await api.none(), produced.bytes), (n) => n >= before + 32 * CHUNK);
    await api.cancelHeld(new Error("enough"));
    await until(async () => (await api.none(), produced.bytes), (n) => n === produced.bytes);
  },

  async "a stream that nobody reads holds the server back"({ api }) {
    const stream = await api.counted(16 * MB, CHUNK);
    let last = -1;
    for (let now = 0; now !== last; now = await api.produced()) {
      last = now;
      for (let i = 0; i < 20; i++) await api.none();
    }
    await equal(last <= 2 * MB, true, `ahead of the reader by ${last}`);
    await equal(await drain(stream), 16 * MB);
  },

  async "large streams each way"({ api, mb }) {
    const results = [api.drain(source(mb * MB, CHUNK)), api.source(mb * MB, CHUNK).then(drain)];
    await equal(await Promise.all(results), [mb * MB, mb * MB]);
  },

  async "writable streams both ways"({ api }) {
    const writer = (await api.writable()).getWriter();
    for (const chunk of ["a", { b: [1n] }, undefined, new Uint8Array(3)]) await writer.write(chunk);
    await writer.close();
    await equal(await api.written(), ["a", { b: [1n] }, undefined, new Uint8Array(3), "closed"]);
    await (await api.writable()).getWriter().abort(new Error("enough"));
    await equal(await until(() => api.written(), (list) => list.length > 0), ["aborted: enough"]);
    const got = [];
    const sink = new WritableStream({ write: (chunk) => void got.push(chunk), close: () => void got.push("closed") });
    await api.writeTo(sink, [1, "two", new Date(3)]);
    await equal(got, [1, "two", new Date(3), "closed"]);
    const failing = new WritableStream({ write() { throw new RangeError("full"); } });
    await equal(await thrown(() => api.writeTo(failing, [1])), new RangeError("full"));
  },

  async "connections that break"({ api, open }) {
    const second = await open();
    const broken = [];
    const counter = await second.api.counter(1);
    second.api.onRpcBroken((e) => broken.push(`main: ${e.message}`));
    counter.onRpcBroken((e) => broken.push(`counter: ${e.message}`));
    await second.api.watch(mine(40));
    const forever = second.api.callForever(() => new Promise(() => {}));
    const held = Promise.allSettled([second.api.wait(), second.api.wait(), forever]);
    await second.api.none();
    await api.takeLog();
    log.splice(0);
    await second.close();
    const reasons = (await held).map((each) => each.reason.message);
    for (const reason of reasons) await equal(reason, reasons[0], "all fail alike");
    await equal(broken.sort(), [`counter: ${reasons[0]}`, `main: ${reasons[0]}`]);
    await equal((await thrown(() => counter.add(1))).message, reasons[0], "calls afterwards");
    const there = [];
    await until(async () => there.push(...(await api.takeLog())), (n) => n >= 3);
    const kinds = there.map((line) => line.replace(/:.*/, "").replace(/\d+/, "")).sort();
    await equal(kinds, ["broken", "call failed", "counter "], "what the server notices");
    await until(async () => (await api.none(), log.length), (n) => n >= 1);
    await equal(log.splice(0), ["counter 40"], "what it held of ours");
  },
};

/** Scenes with servers on Node.js, which can be made to hang up. */
export const abrupt = {
  async "a server that hangs up"({ open, hangUp }) {
    const { api } = await open(new Api(log));
    const broken = [];
    api.onRpcBroken((e) => broken.push(e.message));
    const counter = await api.counter(1);
    await api.watch(mine(60));
    const forever = api.callForever(() => new Promise(() => {}));
    const held = Promise.allSettled([api.wait(), counter.next().next().value, forever]);
    await api.none();
    log.splice(0);
    await hangUp();
    const [first, , last] = await held;
    await equal(first.reason.message.startsWith("Peer closed WebSocket: 1006"), true, first.reason.message);
    await equal(last.reason.message, first.reason.message);
    await equal(broken, [first.reason.message]);
    await equal((await thrown(() => counter.add(1))).message, first.reason.message, "calls afterwards");
    await equal(log.splice(0), ["counter 60"], "what it held of ours");
  },
};
