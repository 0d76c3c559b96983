// services: SELF=self#Main, PLAIN=self
// What the platform calls of a Worker's own built-ins inside, while that Worker is called, calls, and loads Workers:
// nothing. After the result, each line has what was called.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";
import { call, get, spied } from "../spies.js";

class Target extends RpcTarget {
  method() {
    return "method";
  }
  get value() {
    return 7;
  }
}
export class Main extends WorkerEntrypoint {
  echo(v) {
    return v;
  }
  target() {
    return new Target();
  }
  func() {
    return () => "func";
  }
  object() {
    return { f: () => "f", n: 1 };
  }
  fail() {
    throw new RangeError("failed");
  }
  async call(f, v) {
    return await f(v);
  }
  async keep(stub) {
    const kept = stub.dup();
    return await kept.method();
  }
  stream(readable) {
    return readable;
  }
}

const CODE = `import { WorkerEntrypoint } from "cloudflare:workers";
export default { fetch: async (request, env) => new Response(env.TEXT) };
export class Named extends WorkerEntrypoint {
  async run(f, v) { return [await f(v), this.ctx.props.p, await this.env.F.echo("x")]; }
  fail() { throw new TypeError("of the sandbox"); }
}`;
const BYTES = new Uint8Array([1]);
const code = (env) => ({ mainModule: "m.js", modules: { "m.js": CODE, "a.txt": { text: "t" }, "b.json": { json: { a: [1] } },
  "c.bin": { data: BYTES } }, compatibilityDate: "2026-11-01", compatibilityFlags: ["nodejs_compat"],
  env: { F: env.SELF, TEXT: "text" }, globalOutbound: null });
const tried = async (run) => {
  try {
    return await run();
  } catch (e) {
    const own = e instanceof DOMException ? "DOMException" : null;
    return own ? { name: get(e, own, "name"), message: get(e, own, "message") } : { name: e.name, message: e.message };
  }
};
const stream = (parts) => {
  let at = 0;
  return new ReadableStream({ pull(c) { at < parts.length ? call(c, "ReadableStreamDefaultController", "enqueue", parts[at++]) : call(c, "ReadableStreamDefaultController", "close"); } });
};
const VALUE = () => ({ a: [1, 2, , 4], o: { x: 1 }, m: new Map([[1, new Set([2])]]), d: new Date(5), b: new Uint8Array([7]),
  v: new DataView(new ArrayBuffer(2)), r: /x/g, n: 12n, e: new TypeError("t", { cause: 1 }), h: new Headers({ a: "b" }) });

const whole = checks({
  "a method": ({ env }) => spied(async () => await env.SELF.echo(5)),
  "values": ({ env }) => {
    const value = VALUE();
    return spied(async () => (await env.SELF.echo(value)).a.length);
  },
  "callbacks": ({ env }) => spied(async () => await env.SELF.call((x) => x, 5)),
  "a function": ({ env }) => spied(async () => await (await env.SELF.func())()),
  "a plain object": ({ env }) => spied(async () => await (await env.SELF.object()).f()),
  "a target": ({ env }) => spied(async () => await env.SELF.target().method()),
  "a property": ({ env }) => spied(async () => await env.SELF.target().value),
  "a stub that is kept": ({ env }) => spied(async () => await env.SELF.keep(new Target())),
  "an error": ({ env }) => spied(async () => (await tried(() => env.SELF.fail())).message),
  "no such method": ({ env }) => spied(async () => (await tried(() => env.SELF.nothing())).message),
  "a value that cannot be sent": ({ env }) => spied(async () => (await tried(() => env.SELF.echo(new WeakMap()))).name),
  "a stream": ({ env }) => spied(async () => {
    const back = await env.SELF.stream(stream([BYTES]));
    const reader = call(back, "ReadableStream", "getReader");
    const first = await call(reader, "ReadableStreamDefaultReader", "read");
    return [first.value, (await call(reader, "ReadableStreamDefaultReader", "read")).done];
  }),
  "a request and a response": ({ env }) => spied(async () => {
    const request = await env.SELF.echo(new Request("http://a/b", { method: "POST", body: "text", headers: { a: "b" } }));
    const response = await env.SELF.echo(new Response("body", { status: 201 }));
    return [get(request, "Request", "url"), get(response, "Response", "status")];
  }),
  "ctx.exports": ({ ctx }) => spied(async () => await ctx.exports.Main({ props: { a: 1 } }).echo(1)),
  "fetch() of a Worker": ({ env }) => spied(async () => get(await env.PLAIN.fetch("http://a/fetch"), "Response", "status")),
  "fetch() with a body": ({ env }) => spied(async () => {
    const init = { method: "POST", body: stream([BYTES, BYTES]), headers: { "x-a": "1" } };
    return get(await env.PLAIN.fetch("http://a/fetch", init), "Response", "status");
  }),
  "load() and fetch()": ({ env }) => spied(async () => {
    const stub = call(env.LOADER, "WorkerLoader", "load", { ...code(env), env: { F: "f", TEXT: "text" } });
    return get(await stub.getEntrypoint().fetch("http://a/"), "Response", "status");
  }),
  "load() and a method": ({ env }) => spied(async () => {
    const given = code(env);
    given.env.F = env.SELF;
    const named = env.LOADER.load(given).getEntrypoint("Named", { props: { p: 3 } });
    return await named.run((x) => x, 5);
  }),
  "get() and an error": ({ env }) => spied(async () => {
    const named = env.LOADER.get("hostile", async () => code(env)).getEntrypoint("Named");
    return (await tried(() => named.fail())).message;
  }),
  "code that cannot start": ({ env }) => spied(async () => {
    const stub = env.LOADER.load({ ...code(env), modules: { "m.js": "throw new Error('no')" } });
    return (await tried(() => stub.getEntrypoint().fetch("http://a/"))).name;
  }),
});

export default {
  async fetch(request, env, ctx) {
    if (get(request, "Request", "url") !== "http://a/fetch") return await whole.fetch(request, env, ctx);
    const text = await call(request, "Body", "text");
    return new Response(text, { status: 202, headers: { "x-a": "b" } });
  },
};
