// services: SELF=self#Main
// Workers RPC: what is thrown or rejected with reaches the caller: class, name, message, own properties, cause, stack.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

class Mine extends RangeError {
  name = "Mine";
  code = 42;
}
class Unnamed extends TypeError {
  extra = { deep: [1, 2] };
}
class Local extends RpcTarget {
  m() {
    return "m";
  }
}
const make = {
  error: () => new Error("plain"),
  typeError: () => new TypeError("type"),
  rangeError: () => new RangeError("range"),
  syntaxError: () => new SyntaxError("syntax"),
  referenceError: () => new ReferenceError("reference"),
  evalError: () => new EvalError("eval"),
  uriError: () => new URIError("uri"),
  mine: () => new Mine("of my own"),
  unnamed: () => new Unnamed("unnamed"),
  renamed: () => Object.assign(new Error("renamed"), { name: "Renamed" }),
  renamedWithColon: () => Object.assign(new Error("m"), { name: "A: B" }),
  noName: () => Object.assign(new Error("m"), { name: "" }),
  nameNotText: () => Object.assign(new Error("m"), { name: 5 }),
  noMessage: () => new Error(),
  emptyMessage: () => new TypeError(""),
  longMessage: () => new Error("x".repeat(10000)),
  colonMessage: () => new Error("TypeError: not really"),
  linesMessage: () => new Error("one\ntwo"),
  unicode: () => new Error("é€😀"),
  messageNotText: () => Object.assign(new Error("m"), { message: { a: 1 } }),
  properties: () => Object.assign(new Error("m"), { code: "E", list: [1], when: new Date(0), nothing: undefined, nil: null }),
  hidden: () => Object.defineProperty(new Error("m"), "hidden", { value: 1 }),
  symbolKey: () => Object.assign(new Error("m"), { [Symbol("s")]: 1 }),
  getter: () => Object.defineProperty(new Error("m"), "got", { enumerable: true, get: () => "got" }),
  throwingGetter: () => Object.defineProperty(new Error("m"), "got", { enumerable: true, get() { throw new Error("inner"); } }),
  cause: () => new Error("outer", { cause: new TypeError("inner") }),
  causeValue: () => new Error("outer", { cause: { a: 1 } }),
  causeUndefined: () => new Error("outer", { cause: undefined }),
  causeChain: () => new Error("1", { cause: new Error("2", { cause: new Mine("3") }) }),
  aggregate: () => new AggregateError([new TypeError("a"), 2, new Mine("c")], "several"),
  aggregateNested: () => new AggregateError([new AggregateError([new Error("deep")], "in")], "out"),
  suppressed: () => new SuppressedError(new Error("a"), new Error("b"), "c"),
  domException: () => new DOMException("aborted", "AbortError"),
  domExceptionOwn: () => new DOMException("m", "OwnName"),
  domExceptionExtra: () => Object.assign(new DOMException("m", "AbortError"), { extra: 1 }),
  retryable: () => Object.assign(new Error("m"), { retryable: true, overloaded: true }),
  remote: () => Object.assign(new Error("m"), { remote: "mine" }),
  durable: () => Object.assign(new Error("m"), { durableObjectReset: true }),
  withFunction: () => Object.assign(new Error("m"), { f: () => "called" }),
  withTarget: () => Object.assign(new Error("m"), { target: new Local() }),
  withInstance: () => Object.assign(new Error("m"), { instance: new (class Foreign {})() }),
  withSymbol: () => Object.assign(new Error("m"), { symbol: Symbol("s") }),
  withHost: () => Object.assign(new Error("m"), { headers: new Headers({ a: "b" }) }),
  mineWithFunction: () => Object.assign(new Mine("m"), { f: () => 1, more: 2 }),
  mineWithSymbol: () => Object.assign(new Mine("m"), { more: 2, symbol: Symbol("s") }),
  domExceptionWithFunction: () => Object.assign(new DOMException("m", "AbortError"), { f: () => 1 }),
  causeWithFunction: () => new TypeError("m", { cause: Object.assign(new Error("c"), { f: () => 1 }) }),
  retryableWithFunction: () => Object.assign(new Error("m"), { retryable: true, f: () => 1 }),
  objectWithFunction: () => ({ message: "m", f: () => 1 }),
  map: () => new Map([[1, 2]]),
  date: () => new Date(0),
  withStream: () => Object.assign(new Error("m"), { body: new ReadableStream() }),
  string: () => "text",
  emptyString: () => "",
  number: () => 5,
  undefined: () => undefined,
  null: () => null,
  bigint: () => 5n,
  symbol: () => Symbol("s"),
  object: () => ({ name: "Fake", message: "fake" }),
  array: () => [1, 2],
  instance: () => new (class Foreign { message = "foreign"; })(),
  function: () => () => 1,
  target: () => new Local(),
  nullPrototype: () => Object.create(null),
  headers: () => new Headers(),
  ownStack: () => Object.assign(new Error("m"), { stack: "my own stack" }),
  noStack: () => { const e = new Error("m"); delete e.stack; return e; },
  frozen: () => Object.freeze(new Error("frozen")),
  proxied: () => new Proxy(new Error("m"), {}),
};

export class Main extends WorkerEntrypoint {
  fail(name) {
    throw make[name]();
  }
  async reject(name) {
    await null;
    throw make[name]();
  }
  get failing() {
    throw new Mine("in a getter");
  }
  give(name) {
    return make[name]();
  }
  async call(f, ...args) {
    return await f(...args);
  }
  async caught(f) {
    try {
      await f();
    } catch (e) {
      return [e.name, e.message, e instanceof Mine, e.constructor.name, e.remote, Object.keys(e)];
    }
  }
  describe(e) {
    return [e.name, e.message, e.constructor.name, Object.keys(e), typeof e.stack];
  }
  through(name) {
    return this.env.SELF.fail(name);
  }
  async throughAsync(name) {
    return await this.env.SELF.fail(name);
  }
  unhandled() {
    Promise.reject(new Error("unhandled"));
    return "answered";
  }
  notAwaited() {
    this.env.SELF.fail("error").catch(() => {});
    return "answered";
  }
}

function tell(e) {
  if (e === null || typeof e !== "object") return [typeof e, e];
  const members = e instanceof DOMException ? ["stack", "code", "message", "name"] : ["stack"];
  const own = Object.keys(e).filter((key) => !members.includes(key)).sort();
  const values = own.map((key) => `${key}: ${e[key] instanceof Error ? `${e[key].name} ${e[key].message}` : typeof e[key]} ${["string", "number", "boolean"].includes(typeof e[key]) ? e[key] : ""}`);
  return [e.constructor?.name, e instanceof Error, e.name, typeof e.message === "string" ? e.message.slice(0, 60) : typeof e.message, ...values];
}

const list = {};
for (const name of Object.keys(make)) {
  list[`thrown: ${name}`] = async ({ env }) => await env.SELF.fail(name).then(() => "no error", tell);
}

export default checks({
  ...list,
  "rejected with": async ({ env }) => await env.SELF.reject("mine").catch(tell),
  "rejected with no error": async ({ env }) => await env.SELF.reject("string").catch(tell),
  "a getter": async ({ env }) => await env.SELF.failing.catch(tell),
  "long message whole": async ({ env }) => (await env.SELF.fail("longMessage").catch((e) => e)).message.length,
  "cause": async ({ env }) => {
    const e = await env.SELF.fail("cause").catch((e) => e);
    return [tell(e.cause), Object.keys(e).includes("cause"), Object.hasOwn(e, "cause")];
  },
  "cause that is no error": async ({ env }) => (await env.SELF.fail("causeValue").catch((e) => e)).cause,
  "cause undefined": async ({ env }) => Object.hasOwn(await env.SELF.fail("causeUndefined").catch((e) => e), "cause"),
  "chain of causes": async ({ env }) => {
    const e = await env.SELF.fail("causeChain").catch((e) => e);
    return [e.message, e.cause?.message, e.cause?.cause?.message, e.cause?.cause?.name, e.cause?.cause?.code, e.cause?.remote];
  },
  "aggregate": async ({ env }) => {
    const e = await env.SELF.fail("aggregate").catch((e) => e);
    return [e.constructor.name, e.errors?.map((each) => each?.message ?? each), e.errors?.[2]?.code, e.errors?.[0] instanceof TypeError];
  },
  "aggregate in aggregate": async ({ env }) => (await env.SELF.fail("aggregateNested").catch((e) => e)).errors?.[0]?.errors?.[0]?.message,
  "suppressed": async ({ env }) => {
    const e = await env.SELF.fail("suppressed").catch((e) => e);
    return [e.error?.message, e.suppressed?.message];
  },
  "own property by value": async ({ env }) => {
    const e = await env.SELF.fail("properties").catch((e) => e);
    return [e.code, e.list, e.when?.getTime?.(), "nothing" in e, e.nil];
  },
  "own property is an object": async ({ env }) => (await env.SELF.fail("unnamed").catch((e) => e)).extra,
  "own property is a function": async ({ env }) => typeof (await env.SELF.fail("withFunction").catch((e) => e)).f,
  "own property is Headers": async ({ env }) => (await env.SELF.fail("withHost").catch((e) => e)).headers?.get?.("a"),
  "remote": async ({ env }) => {
    const e = await env.SELF.fail("error").catch((e) => e);
    return [e.remote, Object.getOwnPropertyDescriptor(e, "remote")?.enumerable, Object.keys(e)];
  },
  "remote twice removed": async ({ env }) => (await env.SELF.through("error").catch((e) => e)).remote,
  "through another call": async ({ env }) => await env.SELF.through("mine").catch(tell),
  "through another call, awaited": async ({ env }) => await env.SELF.throughAsync("mine").catch(tell),
  "retryable and overloaded": async ({ env }) => {
    const e = await env.SELF.fail("retryable").catch((e) => e);
    return [e.retryable, e.overloaded];
  },
  "remote of one's own": async ({ env }) => (await env.SELF.fail("remote").catch((e) => e)).remote,
  "stack begins with the message": async ({ env }) => {
    const e = await env.SELF.fail("typeError").catch((e) => e);
    return [typeof e.stack, e.stack.split("\n")[0]];
  },
  "stack does not name the callee": async ({ env }) => (await env.SELF.fail("typeError").catch((e) => e)).stack.includes("typeError"),
  "stack of its own": async ({ env }) => (await env.SELF.fail("ownStack").catch((e) => e)).stack.includes("my own stack"),
  "the same error twice": async ({ env }) => {
    const promise = env.SELF.fail("error");
    const [a, b] = [await promise.catch((e) => e), await promise.catch((e) => e)];
    return a === b;
  },
  "pipelined on a failure": async ({ env }) => await env.SELF.fail("mine").a.b.c().catch(tell),
  "pipelined on a property that fails": async ({ env }) => await env.SELF.failing.more.catch(tell),
  "thrown by the caller's function": async ({ env }) => await env.SELF.call(() => { throw new Mine("mine"); }).catch(tell),
  "caught by the callee": async ({ env }) => await env.SELF.caught(() => { throw new Mine("mine"); }),
  "caught by the callee: no error": async ({ env }) => await env.SELF.caught(() => { throw { name: "n", message: "m" }; }),
  "unhandled at the callee": async ({ env }) => [await env.SELF.unhandled(), await env.SELF.notAwaited()],
  "an error as argument": async ({ env }) => await env.SELF.describe(new Mine("m")),
  "an error as argument, with properties": async ({ env }) => await env.SELF.describe(Object.assign(new TypeError("m"), { a: 1, b: 2 })),
  "an error as result": async ({ env }) => tell(await env.SELF.give("mine")),
  "an error as result: remote": async ({ env }) => (await env.SELF.give("mine")).remote,
  "an error as result: stack": async ({ env }) => [(await env.SELF.give("ownStack")).stack, (await env.SELF.give("typeError")).stack.split("\n")[0]],
  "an error as result: stack names the callee": async ({ env }) => (await env.SELF.give("typeError")).stack.includes("typeError"),
  "an error as result: function in it": async ({ env }) => await (await env.SELF.give("withFunction")).f(),
  "an error as result: cause": async ({ env }) => tell((await env.SELF.give("cause")).cause),
  "an error as result: aggregate": async ({ env }) => (await env.SELF.give("aggregate")).errors?.length,
  "an error as result: DOMException": async ({ env }) => tell(await env.SELF.give("domException")),
  "an error as result: instance in it": async ({ env }) => tell(await env.SELF.give("withInstance")),
  "an error as result: proxied": async ({ env }) => tell(await env.SELF.give("proxied")),
  "Promise.allSettled": async ({ env }) => (await Promise.allSettled([env.SELF.fail("error"), env.SELF.give("number")])).map((r) => r.status),
  "catch and finally": async ({ env }) => {
    const order = [];
    await env.SELF.fail("error").finally(() => order.push("finally")).catch(() => order.push("catch"));
    return order;
  },
});
