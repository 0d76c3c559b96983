// Every argument and field of the loader with every kind of value: what is taken, what is refused, in which words.
import { checks } from "../checks.js";

const MAIN = "export default { fetch(r, env, ctx) { return new Response('ran ' + JSON.stringify(ctx.props)); } };";
const base = () => ({ compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": MAIN } });
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable(function () {}, {});
  revoke();
  return proxy;
};
const throwing = (what) => { throw new RangeError(`mine: ${what}`); };
const values = {
  "undefined": () => undefined,
  "null": () => null,
  "false": () => false,
  "true": () => true,
  "0": () => 0,
  "-1": () => -1,
  "1.5": () => 1.5,
  "NaN": () => NaN,
  "Infinity": () => Infinity,
  "a bigint": () => 5n,
  "an empty text": () => "",
  "a text": () => "text",
  "a number's text": () => " 7 ",
  "a lone surrogate": () => "\ud800",
  "a zero byte": () => "a\0b",
  "a symbol": () => Symbol("s"),
  "Symbol.iterator": () => Symbol.iterator,
  "an object": () => ({}),
  "a null prototype": () => Object.create(null),
  "an empty array": () => [],
  "an array": () => [1],
  "an array of an array": () => [[]],
  "an arrow": () => () => 1,
  "a class": () => class Named {},
  "an async function": () => async () => 1,
  "a String": () => new String("boxed"),
  "a Number": () => new Number(5),
  "a Boolean": () => new Boolean(false),
  "a boxed symbol": () => Object(Symbol("s")),
  "a Date": () => new Date(0),
  "a RegExp": () => /x/,
  "an Error": () => new TypeError("e"),
  "a Map": () => new Map([["a", 1]]),
  "a Set": () => new Set(["a"]),
  "a Promise": () => Promise.resolve({}),
  "a thenable": () => ({ then(f) { f({}); } }),
  "a Proxy": () => new Proxy({}, {}),
  "a Proxy of an array": () => new Proxy([], {}),
  "a Proxy of a function": () => new Proxy(() => 1, {}),
  "a revoked Proxy": revoked,
  "a Proxy that throws": () => new Proxy({}, { get: (o, k) => throwing("get") }),
  "toString throws": () => ({ toString: () => throwing("toString"), valueOf: () => throwing("valueOf") }),
  "toString gives an object": () => ({ toString: () => ({}), valueOf: () => ({}) }),
  "toString gives a symbol": () => ({ toString: () => Symbol("s"), valueOf: () => Symbol("s") }),
  "toPrimitive": () => ({ [Symbol.toPrimitive]: (hint) => (hint === "number" ? 3 : `as ${hint}`) }),
  "toPrimitive throws": () => ({ [Symbol.toPrimitive]: (hint) => throwing(hint) }),
  "toPrimitive is none": () => ({ [Symbol.toPrimitive]: 5 }),
  "an ArrayBuffer": () => new ArrayBuffer(2),
  "a Uint8Array": () => new Uint8Array([1]),
  "a Request": () => new Request("http://a/"),
  "a Response": () => new Response("x"),
  "Headers": () => new Headers(),
  "an AbortSignal": () => AbortSignal.abort(),
  "a stream": () => new ReadableStream(),
  "a URL": () => new URL("http://a/"),
  "the loader": ({ env }) => env.LOADER,
  "a stub of a Worker": ({ env }) => env.LOADER.load(base()),
  "an entrypoint": ({ env }) => env.LOADER.load(base()).getEntrypoint(),
  "a service": ({ env }) => env.SELF,
  "the arguments": (function () { const a = arguments; return () => a; })(1),
  "globalThis": () => globalThis,
  "import.meta": () => import.meta,
};
const run = async (worker, ...of) => (await (await worker.getEntrypoint(...of).fetch("http://x/")).text());
const load = ({ env }, more) => run(env.LOADER.load({ ...base(), ...more }));
let unique = 0;
const fields = {
  "load()": ({ env }, v) => run(env.LOADER.load(v)),
  "get()": async ({ env }, v) => await run(env.LOADER.get(v, base)),
  "get(, callback)": ({ env }, v) => run(env.LOADER.get(`matrix ${++unique}`, v)),
  "what a callback gives": ({ env }, v) => run(env.LOADER.get(`matrix ${++unique}`, () => v)),
  "what a callback gives later": ({ env }, v) => run(env.LOADER.get(null, async () => v)),
  "compatibilityDate": (t, v) => load(t, { compatibilityDate: v }),
  "compatibilityFlags": (t, v) => load(t, { compatibilityFlags: v }),
  "a flag": (t, v) => load(t, { compatibilityFlags: ["nodejs_als", v] }),
  "allowExperimental": (t, v) => load(t, { allowExperimental: v }),
  "limits": (t, v) => load(t, { limits: v }),
  "limits.subRequests": (t, v) => load(t, { limits: { subRequests: v } }),
  "limits.cpuMs": (t, v) => load(t, { limits: { subRequests: 1, cpuMs: v === 0 || v === 1.5 || typeof v === "boolean" ? 9 : v } }),
  "mainModule": (t, v) => load(t, { mainModule: v }),
  "modules": (t, v) => load(t, { modules: v }),
  "a module": (t, v) => load(t, { modules: { "main.js": MAIN, "m.js": v } }),
  "a module without extension": (t, v) => load(t, { modules: { "main.js": MAIN, m: v } }),
  "env": (t, v) => load(t, { env: v }),
  "globalOutbound": (t, v) => load(t, { globalOutbound: v }),
  "tails": (t, v) => load(t, { tails: v }),
  "a tail": (t, v) => load(t, { tails: [v] }),
  "streamingTails": (t, v) => load(t, { streamingTails: v }),
  "getEntrypoint()": ({ env }, v) => run(env.LOADER.load(base()), v),
  "getEntrypoint(, options)": ({ env }, v) => run(env.LOADER.load(base()), undefined, v),
  "options.props": ({ env }, v) => run(env.LOADER.load(base()), undefined, { props: v }),
  "options.limits": ({ env }, v) => run(env.LOADER.load(base()), undefined, { limits: v }),
  "options.limits.subRequests": ({ env }, v) => run(env.LOADER.load(base()), undefined, { limits: { subRequests: v } }),
};
// What is not compared here: where workerd says "internal error", what a global has, stacks, and a module that nobody imports.
const SKIPPED = ["get(): a lone surrogate", "getEntrypoint(): a lone surrogate", "modules: globalThis", "options.props: an Error", "a module: a lone surrogate", "a module: a zero byte"];
const ENGINES = /revoked|rimitive|not a function$/; // its own words
const list = {};
for (const [field, use] of Object.entries(fields))
  for (const [name, make] of Object.entries(values))
    if (!SKIPPED.includes(`${field}: ${name}`))
      list[`${field}: ${name}`] = async (t) => {
        try {
          return await use(t, make(t));
        } catch (e) {
          return `${e.name}: ${ENGINES.test(e.message) ? "(the engine's)" : e.message.split("\n")[0]}`;
        }
      };

export default checks(list);
