// services: SELF=self#Main, PEER=peer#Main
// Workers RPC: calls on results that have not come yet: through properties, stubs and other Workers; the limits of it.
import { RpcStub, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const log = [];
class Node extends RpcTarget {
  constructor(depth) {
    super();
    this.depth = depth;
  }
  child() {
    log.push(`child ${this.depth}`);
    return new Node(this.depth + 1);
  }
  async slowChild() {
    await scheduler.wait(5);
    return new Node(this.depth + 1);
  }
  get level() {
    return this.depth;
  }
  value() {
    return { n: this.depth, f: (x) => x + this.depth, inner: { node: new Node(this.depth + 100) } };
  }
  sum(...values) {
    return values.reduce((a, b) => a + b, this.depth);
  }
  fail() {
    throw new RangeError(`failed at ${this.depth}`);
  }
}

export class Main extends WorkerEntrypoint {
  root() {
    return new Node(0);
  }
  async slowRoot() {
    await scheduler.wait(10);
    return new Node(0);
  }
  get rootNode() {
    return new Node(0);
  }
  get nodes() {
    return { first: new Node(1), second: { third: new Node(3) } };
  }
  text() {
    return "text";
  }
  nothing() {}
  nil() {
    return null;
  }
  number() {
    return 5;
  }
  list() {
    return [new Node(0), { a: 1 }];
  }
  map() {
    return new Map([["a", () => 1]]);
  }
  error() {
    return new Error("as a value");
  }
  headers() {
    return new Headers({ a: "b" });
  }
  request() {
    return new Request("http://a/");
  }
  date() {
    return new Date(0);
  }
  stream() {
    return new ReadableStream();
  }
  plain() {
    return { a: { b: { c: 1 } }, f: () => ({ g: () => "g" }), then: 5, catch: 6, length: 7, name: "n", dup: () => "dup", map: "m" };
  }
  func() {
    return () => () => "called twice";
  }
  service() {
    return this.env.PEER;
  }
  nestedService() {
    return { service: this.env.PEER };
  }
  peerRoot() {
    return this.env.PEER.root();
  }
  async peerRootAwaited() {
    return await this.env.PEER.root();
  }
  peerProperty() {
    return this.env.PEER.rootNode;
  }
  peerMethod() {
    return this.env.PEER.root;
  }
  peerNested() {
    return this.env.PEER.root().child().child();
  }
  promise() {
    return this.env.PEER.text();
  }
  back(stub) {
    return stub;
  }
  backNested(stub) {
    return { stub, again: { stub } };
  }
  callLater(stub) {
    return stub.child().child().level;
  }
  never() {
    return new Promise(() => {});
  }
  takeLog() {
    return log.splice(0);
  }
}
const chain = (o, n) => {
  for (let i = 0; i < n; i++) o = o.a;
  return o;
};

export default checks([
  async ({ env }) => await env.SELF.root().child().child().level,
  async ({ env }) => await env.SELF.slowRoot().child().level,
  async ({ env }) => await env.SELF.slowRoot().slowChild().slowChild().child().sum(1, 2),
  async ({ env }) => await env.SELF.rootNode.child().level,
  async ({ env }) => [await env.SELF.nodes.first.level, await env.SELF.nodes.second.third.child().level],
  async ({ env }) => [await env.SELF.root().value().n, await env.SELF.root().child().value().f(5), await env.SELF.root().value().inner.node.child().level],
  async ({ env }) => { const r = env.SELF.root(); return await Promise.all([r.level, r.child().level, r.child().child().level]); },
  async ({ env }) => { const r = env.SELF.root(); const c = r.child(); const [a, b] = [await c.level, await r.level]; return [a, b, await (await c).level, await (await r).level]; },
  async ({ env }) => { const p = env.SELF.root(); const level = p.child().level; return [typeof level, level.constructor.name, await level, await level]; },
  async ({ env }) => { const l = env.SELF.root().value(); const { n, f } = l; return [await n, await f(1)]; },
  async ({ env }) => await env.SELF.func()()(),
  async ({ env }) => await env.SELF.plain().a.b.c,
  async ({ env }) => await env.SELF.plain().a.b,
  async ({ env }) => await env.SELF.plain().f().g(),
  async ({ env }) => [await env.SELF.plain().length, await env.SELF.plain().name, await env.SELF.plain().map],
  async ({ env }) => await env.SELF.plain().dup(),
  async ({ env }) => (await env.SELF.plain()).then,
  async ({ env }) => typeof env.SELF.plain().catch,
  async ({ env }) => await env.SELF.text().length,
  async ({ env }) => await env.SELF.text().toUpperCase(),
  async ({ env }) => await env.SELF.text()(),
  async ({ env }) => await env.SELF.number().toFixed(),
  async ({ env }) => await env.SELF.nothing().a,
  async ({ env }) => await env.SELF.nothing().a.b(),
  async ({ env }) => await env.SELF.nothing()(),
  async ({ env }) => await env.SELF.nil().a,
  async ({ env }) => await env.SELF.list().length,
  async ({ env }) => await env.SELF.list().map((x) => x),
  async ({ env }) => await env.SELF.list().at(0),
  async ({ env }) => await env.SELF.list()["0"],
  async ({ env }) => await env.SELF.map().get("a"),
  async ({ env }) => await env.SELF.map().size,
  async ({ env }) => await env.SELF.error().message,
  async ({ env }) => await env.SELF.headers().get("a"),
  async ({ env }) => await env.SELF.request().url,
  async ({ env }) => await env.SELF.date().getTime(),
  async ({ env }) => await env.SELF.stream().getReader(),
  async ({ env }) => await env.SELF.service().text(),
  async ({ env }) => await (await env.SELF.service()).text(),
  async ({ env }) => await env.SELF.service().root().child().level,
  async ({ env }) => await env.SELF.nestedService().service.text(),
  async ({ env }) => await env.SELF.service().fetch("http://a/").catch((e) => e),
  async ({ env }) => await env.SELF.peerRoot().child().level,
  async ({ env }) => await env.SELF.peerRootAwaited().child().level,
  async ({ env }) => await env.SELF.peerProperty().child().level,
  async ({ env }) => await env.SELF.peerMethod()().child().level,
  async ({ env }) => await env.SELF.peerNested().child().level,
  async ({ env }) => { const r = await env.SELF.peerRoot(); return await r.child().level; },
  async ({ env }) => [await env.SELF.promise(), await env.SELF.promise().length.catch((e) => e)],
  async ({ env }) => await env.SELF.back(new Node(7)).child().level,
  async ({ env }) => await env.SELF.backNested(new Node(7)).again.stub.child().level,
  async ({ env }) => await env.SELF.back(await env.PEER.root()).child().level,
  async ({ env }) => await (await env.SELF.backNested(new Node(7))).again.stub.child().level,
  async ({ env }) => await env.SELF.callLater(new Node(1)),
  async ({ env }) => await env.SELF.callLater(await env.PEER.root()),
  async ({ env }) => await env.SELF.back(env.PEER.root()),
  async ({ env }) => await env.SELF.back(env.PEER.root).catch((e) => e.message),
  async ({ env }) => await env.SELF.root().fail().child().level,
  async ({ env }) => await env.SELF.root().child().fail().a.b.c(),
  async ({ env }) => { const r = env.SELF.root(); const results = await Promise.allSettled([r.fail(), r.child().level, r.absent(), r.child().fail()]); return results.map((x) => x.value ?? x.reason.message); },
  async ({ env }) => await env.SELF.absent().child().level,
  async ({ env }) => await env.SELF.root().absent.child(),
  async ({ env }) => await env.SELF.root().level.child(),
  async ({ env }) => { await env.SELF.takeLog(); await env.SELF.root().child().child().child(); return await env.SELF.takeLog(); },
  async ({ env }) => { await env.SELF.takeLog(); const r = env.SELF.root(); const c = r.child(); await Promise.all([c.child(), c.child(), c.level]); return await env.SELF.takeLog(); },
  async ({ env }) => await Promise.race([env.SELF.never(), scheduler.wait(20).then(() => "still waiting")]),
  async ({ env }) => await Promise.race([env.SELF.never().a.b(), scheduler.wait(20).then(() => "still waiting")]),
  async ({ env }) => typeof chain(env.SELF, 64),
  async ({ env }) => typeof chain(env.SELF, 65),
  async ({ env }) => typeof chain(env.SELF, 66),
  async ({ env }) => typeof chain(env.SELF.root(), 64),
  async ({ env }) => typeof chain(env.SELF.root(), 65),
  async ({ env }) => typeof chain(env.SELF.root(), 66),
  async ({ env }) => typeof chain(env.SELF.root(), 67),
  async ({ env }) => typeof chain(await env.SELF.root(), 66),
  async ({ env }) => typeof chain(await env.SELF.root(), 67),
  async ({ env }) => { let o = env.SELF; try { for (let i = 1; ; i++) { o = o.a; if (i > 200) return "no end"; } } catch (e) { return e instanceof TypeError; } },
  async ({ env }) => { const p = env.SELF.root(); return typeof chain(chain(p, 40).x(), 64); },
  async ({ env }) => typeof chain(await env.SELF.root(), 64),
  async ({ env }) => typeof chain(await env.SELF.root(), 65),
  async ({ env }) => await chain(env.SELF, 63).b(),
  async ({ env }) => await chain(env.SELF, 64)(),
  async () => { const s = new RpcStub({ f: () => ({ g: () => "local" }) }); return await s.f().g(); },
  async () => { const s = new RpcStub({ node: new Node(1) }); return await s.node.child().child().level; },
  async ({ env }) => { let p = env.SELF.root(); for (let i = 0; i < 100; i++) p = p.child(); return await p.level; },
]);
