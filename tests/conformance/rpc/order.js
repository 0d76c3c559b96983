// services: SELF=self#Main, PEER=peer#Main
// Workers RPC: calls arrive in the order in which they were made on a stub, whatever their arguments are.
import { RpcStub, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

class Recorder extends RpcTarget {
  seen = [];
  add(value) {
    this.seen.push(typeof value === "number" ? value : value?.constructor?.name);
    return this.seen.length;
  }
  addWith(number, ...rest) {
    this.seen.push(number);
    return this.seen.length;
  }
  async addSlowly(value) {
    await scheduler.wait(5);
    this.seen.push(value);
  }
  get count() {
    this.seen.push("get");
    return this.seen.length;
  }
  child() {
    this.seen.push("child");
    return new Child(this);
  }
  async slowChild() {
    this.seen.push("slowChild");
    await scheduler.wait(10);
    return new Child(this);
  }
  all() {
    return this.seen.splice(0);
  }
  fail(value) {
    this.seen.push(value);
    throw new Error("failed");
  }
  adder() {
    return (value) => this.add(value);
  }
}
class Child extends RpcTarget {
  constructor(parent) {
    super();
    this.parent = parent;
  }
  add(value) {
    this.parent.seen.push(`child's ${value}`);
  }
}
export class Main extends WorkerEntrypoint {
  recorder() {
    return new Recorder();
  }
  async fill(recorder, n) {
    for (let i = 0; i < n; i++) recorder.add(i);
    return await recorder.all();
  }
  pass(recorder) {
    return recorder;
  }
  relay() {
    return this.env.PEER.recorder();
  }
}
const text = (s) => new ReadableStream({
  start(controller) {
    controller.enqueue(new TextEncoder().encode(s));
    controller.close();
  },
});
const inOrder = (n) => JSON.stringify(Array.from({ length: n }, (_, i) => i));

export default checks({
  "many calls": async ({ env }) => {
    using r = await env.SELF.recorder();
    const results = await Promise.all(Array.from({ length: 200 }, (_, i) => r.add(i)));
    return [JSON.stringify(await r.all()) === inOrder(200), results[0], results[199]];
  },
  "answers in order": async ({ env }) => {
    using r = await env.SELF.recorder();
    const order = [];
    await Promise.all([0, 1, 2, 3].map((i) => r.add(i).then(() => order.push(i))));
    return order;
  },
  "calls and properties": async ({ env }) => {
    using r = await env.SELF.recorder();
    r.add(1);
    const count = r.count.then((x) => x);
    r.add(2);
    return [await count, await r.all()];
  },
  "a property is asked for when it is awaited": async ({ env }) => {
    using r = await env.SELF.recorder();
    const property = r.count;
    r.add(1);
    r.add(2);
    const value = await property;
    return [value, await r.all()];
  },
  "a property is asked for each time": async ({ env }) => {
    using r = await env.SELF.recorder();
    const property = r.count;
    return [await property, await property];
  },
  "large and small": async ({ env }) => {
    using r = await env.SELF.recorder();
    r.addWith(0, new Uint8Array(2 << 20));
    r.addWith(1, "x");
    r.addWith(2, new Uint8Array(1 << 20));
    r.addWith(3);
    return await r.all();
  },
  "streams among the arguments": async ({ env }) => {
    using r = await env.SELF.recorder();
    r.addWith(0, text("a"));
    r.addWith(1);
    r.addWith(2, new Response(text("b")));
    r.addWith(3, new WritableStream());
    r.addWith(4);
    return await r.all();
  },
  "stubs among the arguments": async ({ env }) => {
    using r = await env.SELF.recorder();
    r.addWith(0, () => 1);
    r.addWith(1);
    r.addWith(2, new Recorder());
    r.addWith(3, env.PEER);
    r.addWith(4);
    return await r.all();
  },
  "slow methods do not hold up later ones": async ({ env }) => {
    using r = await env.SELF.recorder();
    const slow = r.addSlowly("slow");
    await r.add(1);
    await slow;
    return await r.all();
  },
  "one that fails": async ({ env }) => {
    using r = await env.SELF.recorder();
    const failed = r.fail(0).catch((e) => e.message);
    r.add(1);
    return [await failed, await r.all()];
  },
  "one that cannot be sent": async ({ env }) => {
    using r = await env.SELF.recorder();
    r.add(0);
    r.addWith(1, Symbol("s")).catch(() => {});
    r.add(2);
    return await r.all();
  },
  "pipelined on a pending promise": async ({ env }) => {
    const r = env.SELF.recorder();
    for (let i = 0; i < 20; i++) r.add(i);
    return JSON.stringify(await r.all()) === inOrder(20);
  },
  "pipelined, then awaited, then called": async ({ env }) => {
    const p = env.SELF.recorder();
    p.add(0);
    p.add(1);
    const r = await p;
    r.add(2);
    p.add(3);
    r.add(4);
    return (await r.all()).sort();
  },
  "through a child": async ({ env }) => {
    using r = await env.SELF.recorder();
    const child = r.child();
    r.add(1);
    child.add("a");
    await child.add("b");
    return await r.all();
  },
  "through a child that is slow": async ({ env }) => {
    using r = await env.SELF.recorder();
    const child = r.slowChild();
    const a = child.add("a");
    const b = child.add("b");
    r.add(1);
    await Promise.all([a, b]);
    return await r.all();
  },
  "a stub and its dup": async ({ env }) => {
    using r = await env.SELF.recorder();
    using d = r.dup();
    for (let i = 0; i < 10; i++) (i % 2 ? r : d).add(i);
    return JSON.stringify(await r.all()) === inOrder(10);
  },
  "the callee calls back": async ({ env }) => JSON.stringify(await env.SELF.fill(new Recorder(), 50)) === inOrder(50),
  "the callee calls a third": async ({ env }) => {
    using r = await env.PEER.recorder();
    return JSON.stringify(await env.SELF.fill(r, 50)) === inOrder(50);
  },
  "through another Worker": async ({ env }) => {
    const r = env.SELF.relay();
    for (let i = 0; i < 20; i++) r.add(i);
    return JSON.stringify(await r.all()) === inOrder(20);
  },
  "returned and called": async ({ env }) => {
    const mine = new Recorder();
    const p = env.SELF.pass(mine);
    for (let i = 0; i < 10; i++) p.add(i);
    return [JSON.stringify(await p.all()) === inOrder(10), mine.seen.length];
  },
  "a function of a stub and the stub": async ({ env }) => {
    using r = await env.SELF.recorder();
    using add = await r.adder();
    add(0);
    r.add(1);
    add(2);
    await r.add(3);
    return (await r.all()).length;
  },
  "RpcStub of one's own": async () => {
    const s = new RpcStub(new Recorder());
    for (let i = 0; i < 10; i++) s.add(i);
    return JSON.stringify(await s.all()) === inOrder(10);
  },
  "the callee sees what was there when it was called": async ({ env }) => {
    using r = await env.SELF.recorder();
    const list = [1];
    const p = r.addWith(0, list);
    list.push(2);
    const value = { n: 1 };
    const q = env.SELF.pass(value);
    value.n = 2;
    await p;
    return (await q).n;
  },
  "a result is copied when the method returns": async ({ env }) => {
    using r = await env.SELF.recorder();
    const [before] = [await r.all()];
    return before;
  },
});
