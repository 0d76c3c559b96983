// steps.mjs: what is done one thing after the other, so that what is on the wire is the same every time: name -> steps,
// called with a stub of an Api. `main` is what the client offers.
import { RpcStub } from "capnweb";
import { Api, Counter } from "./api.mjs";
import { thrown } from "./describe.mjs";
import { values } from "./values.mjs";

const log = [];
const bytes = (n) => new Uint8Array(n).fill(7);
const streamOf = (...chunks) => new ReadableStream({
  pull(controller) {
    if (chunks.length) controller.enqueue(chunks.shift());
    else controller.close();
  },
}, { highWaterMark: 0 });
async function read(stream) {
  for (const reader = stream.getReader(); ;) if ((await reader.read()).done) return;
}

export const main = new Api(log);

export const steps = {
  async "calls, properties, failures"(api) {
    await api.add(1, 2);
    await api.version;
    await api.none();
    await api.nested.deep.text;
    await api.nested.deep.f(1);
    await api.missing;
    await thrown(() => api.missing());
    await thrown(() => api.fail("an error with properties"));
    await thrown(() => api.failLater("an error with a cause"));
    await thrown(() => api.failWith("text"));
    await thrown(() => api.echo(new Map()));
    await thrown(() => api.fail("RangeError").next().value);
  },

  async "every value, there and back"(api) {
    for (const name of Object.keys(values)) await api.echo(values[name]());
  },

  async "stubs: used, copied, disposed"(api) {
    const counter = await api.counter(1);
    await counter.add(1);
    await counter.value;
    const next = await counter.next();
    await next.add(1);
    const copy = next.dup();
    next[Symbol.dispose]();
    await copy.add(1);
    copy[Symbol.dispose]();
    const all = await api.counters(4);
    await all[2].add(1);
    all[1][Symbol.dispose]();
    await api.none();
    all[Symbol.dispose]();
    counter[Symbol.dispose]();
    api.counter(5)[Symbol.dispose]();
    await api.none();
  },

  async "pipelining"(api) {
    await api.counter(1).next().next().value;
    await api.counter(1).data.first.name;
    await api.add(api.square(2), api.counter(3).value);
    await api.echo({ a: [api.square(2), { b: api.version }] });
    const counter = api.counter(1);
    await counter.add(1);
    const copy = counter.dup();
    await copy.add(1);
    counter[Symbol.dispose]();
    await copy.add(1);
    copy[Symbol.dispose]();
    await api.later(3).next().add(2);
  },

  async "functions and targets"(api) {
    const adder = await api.adder(5);
    await adder(1);
    await api.call((x) => x + 1, 2);
    await api.call(async (x) => x + 1, 2);
    await thrown(() => api.call(() => { throw new RangeError("mine"); }));
    await api.call(adder, 7);
    await api.call((f) => f(20), (x) => x + 5);
    const counter = await api.counter(1);
    await api.call((c) => c.add(1), new Counter(1, log));
    await api.keep((x) => x + 1);
    await api.useKept(1);
    await api.useKept(2);
    await api.dropKept();
    await api.keep(counter);
    await api.dropKept();
    const stub = new RpcStub(new Counter(9, log));
    await api.keep(stub);
    await api.dropKept();
    await api.call((v) => v.a.b, { a: { b: 1 } });
    adder[Symbol.dispose]();
  },

  async "map()"(api) {
    await api.list(3).map((i) => api.square(i));
    await api.none().map((i) => api.square(i));
    await api.square(2).map((i) => ({ i, twice: api.add(i, i), list: [i] }));
    await api.counter(3).data.list.map((each) => each.name);
    const counter = await api.counter(100);
    await api.list(2).map((i) => counter.add(i));
    await api.list(2).map((i) => api.list(i).map((j) => api.add(i, j)));
    await thrown(() => api.list(1).map((i) => api.fail("RangeError", i)));
    const stubs = await api.counters(2).map((each) => each.next());
    await stubs[1].value;
    stubs[Symbol.dispose]();
  },

  async "streams"(api) {
    await api.drain(streamOf(new Uint8Array(1)));
    await read(await api.source(1000, 1000));
    await read(await api.make("a stream of values"));
    const writer = (await api.writable()).getWriter();
    await writer.write("a");
    await writer.write({ b: bytes(3) });
    await writer.close();
    await api.none();
    await (await api.writable()).getWriter().abort(new Error("enough"));
    await api.none();
    await api.writeTo(new WritableStream(), [1, "two"]);
    await api.none();
  },
};
