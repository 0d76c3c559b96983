// services: SELF=self#Main, SUB=self#Sub, BAD=self#Throwing, ODD=self#Returning, STATIC=self#Static, PEER=peer#Main
// Workers RPC: entrypoint classes: their instances, constructors, inheritance, what their methods find and may return.
import { RpcTarget, WorkerEntrypoint, env as importedEnv } from "cloudflare:workers";
import { checks } from "../checks.js";

let made = 0;
let lastInstance;
export class Main extends WorkerEntrypoint {
  constructor(ctx, env) {
    super(ctx, env);
    made++;
    this.found = [typeof this.env.SELF, typeof this.ctx.waitUntil, this.ctx === ctx, this.env === env, arguments.length];
    this.calls = 0;
  }
  foundInConstructor() {
    return this.found;
  }
  made() {
    return made;
  }
  count() {
    return ++this.calls;
  }
  same() {
    const last = lastInstance;
    lastInstance = this;
    return [last === this, last?.ctx === this.ctx, last?.env === this.env, this.env === importedEnv];
  }
  chain() {
    return this.count() + this.count();
  }
  get a() {
    return { this: this instanceof Main, calls: ++this.calls };
  }
  async *asyncGenerator() {
    yield 1;
  }
  *generator() {
    yield 1;
  }
  promiseOfPromise() {
    return Promise.resolve(Promise.resolve(5));
  }
  thenable() {
    return { then: (f) => f("from a thenable") };
  }
  thenableRejects() {
    return { then: (f, r) => r(new RangeError("from a thenable")) };
  }
  thenGetter() {
    return { get then() { throw new RangeError("then is a getter"); } };
  }
  customPromise() {
    class Mine extends Promise {}
    return Mine.resolve("mine");
  }
  rpcPromise() {
    return this.env.PEER.count();
  }
  rpcProperty() {
    return this.env.PEER.a;
  }
  rpcPromiseInside() {
    return { p: this.env.PEER.count() };
  }
  defaults(a = "default", ...rest) {
    return [a, rest.length];
  }
  destructured({ a, b: [c] }) {
    return [a, c];
  }
  argumentsObject() {
    return [...arguments];
  }
  newTarget() {
    return new.target === undefined;
  }
  deep(n) {
    return n ? this.env.SELF.deep(n - 1) : "bottom";
  }
  async deepAwaited(n) {
    return n ? `${await this.env.SELF.deepAwaited(n - 1)}.` : "bottom";
  }
  async pingPong(n, f) {
    return n ? await f(n - 1, (m, g) => this.pingPong(m, g)) : "done";
  }
  viaExports() {
    return this.ctx.exports.Main.count();
  }
  async many(stub, n) {
    return (await Promise.all(Array.from({ length: n }, () => stub.next()))).at(-1);
  }
}
class Middle extends WorkerEntrypoint {
  inherited() {
    return `inherited, ${this.constructor.name}`;
  }
  overridden() {
    return "middle";
  }
  get property() {
    return "middle's property";
  }
}
export class Sub extends Middle {
  overridden() {
    return `sub over ${super.overridden()}`;
  }
  get ["computed" + 1]() {
    return "computed";
  }
  arrow = () => "arrow";
}
Sub.prototype.added = function () {
  return `added ${this instanceof Sub}`;
};
Sub.prototype.addedArrow = (x) => `arrow ${x}`;
Sub.prototype.value = 7;
Sub.prototype.plain = { deep: { f: (x) => x } };
Object.defineProperty(Sub.prototype, "hidden", { value: () => "hidden", enumerable: false });
Object.defineProperty(Sub.prototype, Symbol.for("s"), { value: () => "symbol" });
export class Throwing extends WorkerEntrypoint {
  constructor(...args) {
    super(...args);
    throw new RangeError("in the constructor");
  }
  method() {}
}
export class Returning extends WorkerEntrypoint {
  constructor(...args) {
    super(...args);
    return { own: () => "own", __proto__: { inherited: () => "inherited" } };
  }
  method() {
    return "method";
  }
}
export class Static extends WorkerEntrypoint {
  static method() {
    return "static";
  }
  static {
    this.prototype.viaBlock = () => "block";
  }
}
class Counter extends RpcTarget {
  n = 0;
  next() {
    return ++this.n;
  }
}

export default checks([
  async ({ env }) => await env.SELF.foundInConstructor(),
  async ({ env }) => { const before = await env.SELF.made(); await env.SELF.count(); await env.SELF.a; return (await env.SELF.made()) - before; },
  async ({ env }) => [await env.SELF.count(), await env.SELF.count(), await env.SELF.chain()],
  async ({ env }) => { await env.SELF.same(); return await env.SELF.same(); },
  async ({ env }) => [await env.SELF.a, await env.SELF.a.calls, await env.SELF.a.this],
  async ({ env }) => await env.SELF.asyncGenerator(),
  async ({ env }) => await env.SELF.generator(),
  async ({ env }) => [await env.SELF.promiseOfPromise(), await env.SELF.thenable(), await env.SELF.customPromise()],
  async ({ env }) => await env.SELF.thenableRejects(),
  async ({ env }) => await env.SELF.thenGetter(),
  async ({ env }) => [await env.SELF.rpcPromise(), await env.SELF.rpcProperty()],
  async ({ env }) => await env.SELF.rpcPromiseInside(),
  async ({ env }) => [await env.SELF.defaults(), await env.SELF.defaults(undefined, 1), await env.SELF.defaults(null)],
  async ({ env }) => await env.SELF.destructured({ a: 1, b: [2] }),
  async ({ env }) => await env.SELF.destructured().catch((e) => e.name),
  async ({ env }) => await env.SELF.argumentsObject(1, [2], { a: 3 }),
  async ({ env }) => await env.SELF.newTarget(),
  async ({ env }) => [await env.SELF.deep(10), await env.SELF.deepAwaited(10)],
  async ({ env }) => await env.SELF.pingPong(10, (n, f) => f(n, () => "never")),
  async ({ env }) => await env.SELF.viaExports(),
  async ({ env }) => { const c = new Counter(); return [await env.SELF.many(c, 500), c.n]; },
  async ({ env }) => (await Promise.all(Array.from({ length: 200 }, () => env.SELF.count()))).every((n) => n === 1),
  async ({ env }) => { const o = await env.SELF.argumentsObject(...Array.from({ length: 500 }, (_, i) => () => i)); return [o.length, await o[499]()]; },
  async ({ env }) => [await env.SUB.inherited(), await env.SUB.overridden(), await env.SUB.property, await env.SUB.computed1],
  async ({ env }) => await env.SUB.arrow(),
  async ({ env }) => [await env.SUB.added(), await env.SUB.addedArrow(1), await env.SUB.value, await env.SUB.hidden()],
  async ({ env }) => [await env.SUB.plain.deep.f(3), await env.SUB.plain.deep.f.length],
  async ({ env }) => await env.BAD.method(),
  async ({ env }) => await env.BAD.absent.b(),
  async ({ env }) => await env.BAD.fetch("http://a/"),
  async ({ env }) => await env.ODD.method(),
  async ({ env }) => await env.ODD.own(),
  async ({ env }) => await env.ODD.inherited(),
  async ({ env }) => await env.STATIC.method(),
  async ({ env }) => await env.STATIC.viaBlock(),
  async ({ ctx }) => [await ctx.exports.Main.count(), await ctx.exports.Sub.inherited()],
  () => new Main(),
  () => new WorkerEntrypoint(),
  () => new WorkerEntrypoint({}, {}),
  ({ env, ctx }) => { const m = new Main(ctx, env); return [m.ctx === ctx, m.env === env, Object.keys(m)]; },
  () => Object.getPrototypeOf(Main) === WorkerEntrypoint,
]);
