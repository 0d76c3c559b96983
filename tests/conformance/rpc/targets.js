// services: SELF=self#Main, OBJECT=self#object, WHOLE=self, NONE=self#Empty
// Workers RPC: which members of entrypoints, RpcTargets, plain objects and functions can be reached.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

class Base extends RpcTarget {
  inherited() {
    return `inherited by ${this.constructor.name}`;
  }
}
class Thenable extends RpcTarget {
  then(f) {
    f("resolved by then");
  }
}
class Target extends Base {
  own = "own";
  ownFunction = () => "own function";
  #secret = "secret";
  static fixed() {
    return "static";
  }
  method() {
    return `method, ${this.own}`;
  }
  viaPrivate() {
    return this.#secret;
  }
  #hidden() {}
  get getter() {
    return `getter, ${this.own}`;
  }
  get later() {
    return Promise.resolve("later");
  }
  get fails() {
    throw new RangeError("getter failed");
  }
  get failsLater() {
    return Promise.reject(new TypeError("rejected"));
  }
  get fn() {
    return (x) => x * 2;
  }
  get nested() {
    return { a: { b: (x) => `b ${x}` } };
  }
  get target() {
    return new Base();
  }
  set only(v) {}
  async slow() {
    await null;
    return "slow";
  }
  async fetch(...args) {
    return `fetch with ${args.join()}`;
  }
  connect() {
    return "connect";
  }
  alarm() {
    return "alarm";
  }
  webSocketMessage() {
    return "message";
  }
  get() {
    return "get";
  }
  put() {
    return "put";
  }
  delete() {
    return "delete";
  }
  dup() {
    return this;
  }
  catch() {
    return "catch";
  }
  call(x) {
    return `call ${x}`;
  }
  apply() {
    return "apply";
  }
  toString() {
    return "toString";
  }
  valueOf() {
    return "valueOf";
  }
  "with space and 'quote'"() {
    return "quoted";
  }
  ""() {
    return "empty";
  }
  ["é€😀"]() {
    return "unicode";
  }
  0() {
    return "zero";
  }
  [Symbol.iterator]() {}
}
Target.prototype.added = 5;
Target.prototype.addedObject = { f: () => "f" };
Target.prototype.instance = new (class Foreign {
  m() {}
  p = 1;
})();

export class Main extends WorkerEntrypoint {
  own = "own";
  #private = 1;
  method() {
    return "method";
  }
  get getter() {
    return "getter";
  }
  target() {
    return new Target();
  }
  thenable() {
    return new Thenable();
  }
  thenables() {
    return [new Thenable()];
  }
  plain() {
    const object = Object.defineProperty({
      value: 1,
      f() {
        return this === object ? "this" : typeof this;
      },
      arrow: (x) => x,
      get got() {
        return "got";
      },
      nested: { deep: { er: () => "deep" } },
      text: "abc",
      list: [1, 2, () => 3],
      map: new Map([["a", 1]]),
      date: new Date(0),
      nothing: undefined,
      nil: null,
      toString: () => "mine",
      klass: class K {
        static s() {
          return 1;
        }
      },
    }, "hidden", { value: () => "hidden" });
    return () => object;
  }
  holder() {
    return { get: this.plain() };
  }
  func() {
    return Object.assign((x) => `called ${x}`, { prop: 1, method: () => "method", nested: { a: () => "a" } });
  }
  env() {}
  alarm() {}
  webSocketMessage() {}
  webSocketClose() {}
  webSocketError() {}
  dup() {}
  get() {
    return "get";
  }
  put() {
    return "put";
  }
  delete() {
    return "delete";
  }
  scheduled() {
    return "scheduled";
  }
  queue() {
    return "queue";
  }
  tail() {
    return "tail";
  }
  test() {
    return "test";
  }
  trace() {
    return "trace";
  }
  then() {
    return "then";
  }
  toString() {
    return "toString";
  }
  thisIs() {
    return [this instanceof Main, this.own, typeof this.ctx, typeof this.env];
  }
  arity(a, b, c) {
    return arguments.length;
  }
}
export class Empty extends WorkerEntrypoint {}
export const object = {
  one(arg) {
    return "one";
  },
  three(arg, env, ctx) {
    return [arg, typeof env?.SELF, typeof ctx?.waitUntil, arguments.length];
  },
  async slowThree(arg, env, ctx) {
    return arg;
  },
  none() {
    return "none";
  },
  two(a, b) {
    return "two";
  },
  four(a, b, c, d) {
    return "four";
  },
  rest(...args) {
    return "rest";
  },
  withDefault(arg, env, ctx = 1) {
    return "default";
  },
  arrow: (arg, env, ctx) => `arrow ${arg}`,
  thisIs(arg, env, ctx) {
    return this === object;
  },
  value: 5,
  nested: { f: (arg, env, ctx) => "nested", v: 6 },
  get getter() {
    return "getter";
  },
  fetch(request, env, ctx) {
    return new Response("fetched");
  },
  lying: Object.defineProperty((arg, env, ctx) => "lying", "length", { value: 1000 }),
  negative: Object.defineProperty((arg, env, ctx) => "negative", "length", { value: -1 }),
  textual: Object.defineProperty((arg, env, ctx) => "textual", "length", { value: "3" }),
  then: (arg, env, ctx) => "then",
};

const T = ({ env }) => env.SELF.target();
const P = ({ env }) => env.SELF.plain()();

export default checks([
  async (t) => [await T(t).method(), await T(t).inherited(), await T(t).slow(), await T(t).viaPrivate()],
  async (t) => await T(t).own,
  async (t) => await T(t).own(),
  async (t) => await T(t).ownFunction(),
  async (t) => await T(t)["#secret"],
  async (t) => await T(t)["#hidden"](),
  async (t) => await T(t).fixed(),
  async (t) => await T(t).getter,
  async (t) => await T(t).getter(),
  async (t) => await T(t).later,
  async (t) => await T(t).later.length,
  async (t) => await T(t).fails,
  async (t) => await T(t).fails(),
  async (t) => await T(t).fails.more,
  async (t) => await T(t).failsLater,
  async (t) => await T(t).fn(4),
  async (t) => { const f = await T(t).fn; return await f(5); },
  async (t) => await T(t).nested.a.b(1),
  async (t) => await (await T(t).nested).a.b(2),
  async (t) => await T(t).target.inherited(),
  async (t) => await T(t).only,
  async (t) => await T(t).added,
  async (t) => await T(t).added(),
  async (t) => await T(t).added.more,
  async (t) => await T(t).addedObject.f(),
  async (t) => await T(t).instance,
  async (t) => await T(t).instance.p,
  async (t) => await T(t).instance.m(),
  async (t) => await T(t).absent,
  async (t) => await T(t).absent(),
  async (t) => await T(t).absent.more,
  async (t) => await T(t).absent.more(),
  async (t) => await T(t).method.more,
  async (t) => await T(t).method.more(),
  async (t) => await T(t).getter.more,
  async (t) => await T(t).getter.length,
  async (t) => await T(t).prototype,
  async (t) => await T(t).fetch("a", "b"),
  async (t) => [await T(t).connect(), await T(t).alarm(), await T(t).webSocketMessage(), await T(t).get(), await T(t).put(), await T(t).delete()],
  async (t) => await (await T(t)).dup().method(),
  async (t) => await T(t).dup(),
  async (t) => T(t).constructor.name,
  async (t) => (await T(t)).constructor.name,
  async (t) => typeof (await T(t)).then,
  async ({ env }) => await env.SELF.thenable(),
  async ({ env }) => { const [s] = await env.SELF.thenables(); return [s.constructor.name, typeof s.then]; },
  async (t) => await (await T(t)).catch(),
  async (t) => [await (await T(t)).call("x"), await (await T(t)).apply()],
  async (t) => await T(t)["with space and 'quote'"](),
  async (t) => await T(t)[""](),
  async (t) => await T(t)["é€😀"](),
  async (t) => typeof T(t)[0],
  async (t) => await T(t).absent["with.dot"],
  async (t) => await T(t).added["with.dot"](),
  async (t) => await (await T(t)).toString(),
  async (t) => await (await T(t)).valueOf(),
  async (t) => await T(t).hasOwnProperty("x"),
  async (t) => await T(t).isPrototypeOf.length,
  async (t) => Object.getPrototypeOf(T(t)).constructor.name,
  async (t) => T(t).__proto__.constructor.name,
  async (t) => await T(t).toLocaleString(),
  async ({ env }) => [await env.SELF.method(), await env.SELF.getter, await env.SELF.thisIs()],
  async ({ env }) => await env.SELF.own,
  async ({ env }) => await env.SELF.private,
  async ({ env }) => await env.SELF.env,
  async ({ env }) => await env.SELF.env.SELF,
  async ({ env }) => await env.SELF.ctx,
  async ({ env }) => await env.SELF.ctx.props,
  async ({ env }) => await env.SELF.hasOwnProperty("own"),
  async ({ env }) => await env.SELF.toLocaleString(),
  async ({ env }) => await env.SELF.alarm(),
  async ({ env }) => await env.SELF.alarm,
  async ({ env }) => await env.SELF.webSocketMessage(),
  async ({ env }) => await env.SELF.webSocketClose(),
  async ({ env }) => await env.SELF.webSocketError(),
  async ({ env }) => await env.SELF.dup(),
  async ({ env }) => [await env.SELF.get(), await env.SELF.put(), await env.SELF.delete()],
  async ({ env }) => [await env.SELF.scheduled(), await env.SELF.queue(), await env.SELF.tail(), await env.SELF.test(), await env.SELF.trace()],
  async ({ env }) => typeof env.SELF.then,
  async ({ env }) => Object.prototype.toString.call(await env.SELF),
  async ({ env }) => [await env.SELF.arity(), await env.SELF.arity(1, 2, 3, 4, 5)],
  async (t) => [await P(t).value, await P(t).arrow(3), await P(t).got, await P(t).nested.deep.er(), await P(t).nothing, await P(t).nil, await P(t).text],
  async (t) => await P(t).f(),
  async (t) => await P(t).hidden(),
  async (t) => await P(t).text.length,
  async (t) => await P(t).text.at(0),
  async (t) => await P(t).nothing.x,
  async (t) => await P(t).nil.x,
  async (t) => await P(t).nil(),
  async (t) => await P(t).value(),
  async (t) => await P(t).value.toFixed(),
  async (t) => await P(t).list.length,
  async (t) => await P(t).list.push(4),
  async (t) => await P(t).list["2"],
  async (t) => await P(t).map.get("a"),
  async (t) => await P(t).map.size,
  async (t) => await P(t).date.getTime(),
  async (t) => await P(t).toString(),
  async (t) => await P(t).hasOwnProperty("value"),
  async (t) => await P(t).klass().catch((e) => e.name),
  async (t) => await P(t).klass.s(),
  async (t) => await P(t).nested.absent.more(),
  async (t) => await P(t).nested.deep(),
  async ({ env }) => [await env.SELF.func()(1), await (await env.SELF.func())(2)],
  async ({ env }) => await env.SELF.func().prop,
  async ({ env }) => await (await env.SELF.func()).prop,
  async ({ env }) => [await (await env.SELF.func()).method(), await (await env.SELF.func()).nested.a()],
  async ({ env }) => await (await env.SELF.func()).absent,
  async ({ env }) => await (await env.SELF.func()).toString(),
  async ({ env }) => await (await env.SELF.func()).prototype,
  async ({ env }) => await env.SELF.func.prop,
  async ({ env }) => await env.OBJECT.three("x"),
  async ({ env }) => await env.OBJECT.slowThree({ a: 1 }),
  async ({ env }) => await env.OBJECT.arrow("x"),
  async ({ env }) => await env.OBJECT.thisIs(1),
  async ({ env }) => await env.OBJECT.three(),
  async ({ env }) => await env.OBJECT.three(1, 2),
  async ({ env }) => await env.OBJECT.one(1),
  async ({ env }) => await env.OBJECT.one(),
  async ({ env }) => await env.OBJECT.none(),
  async ({ env }) => await env.OBJECT.two(1),
  async ({ env }) => await env.OBJECT.four(1),
  async ({ env }) => await env.OBJECT.rest(1),
  async ({ env }) => await env.OBJECT.withDefault(1),
  async ({ env }) => await env.OBJECT.value,
  async ({ env }) => await env.OBJECT.value(1),
  async ({ env }) => await env.OBJECT.nested.v,
  async ({ env }) => await env.OBJECT.nested.f(1),
  async ({ env }) => await env.OBJECT.getter,
  async ({ env }) => await env.OBJECT.lying(1),
  async ({ env }) => await env.OBJECT.negative(1),
  async ({ env }) => await env.OBJECT.textual(1),
  async ({ env }) => await env.OBJECT.absent(1),
  async ({ env }) => await env.OBJECT.toString(1),
  async ({ env }) => { const f = await env.OBJECT.three; return await f(1); },
  async ({ env }) => await (await env.OBJECT.fetch("http://a/")).text(),
  async ({ env }) => await env.NONE.anything(),
  async ({ env }) => await env.NONE.fetch("http://a/"),
  async ({ env }) => await env.WHOLE.absent(),
]);
