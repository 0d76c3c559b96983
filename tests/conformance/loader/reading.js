// How WorkerCode is read: which properties in which order and how often, getters that throw or change it, proxies.
import { checks } from "../checks.js";

const MAIN = `export default { fetch(r, env) { return new Response(JSON.stringify(env)); } };`;
const base = { compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": MAIN } };
const OURS = ["fresh", "logs"]; // Mayfly's own fields are read too
function traced(target, log, prefix = "") {
  return new Proxy(target, {
    get(object, key) {
      if (!OURS.includes(key)) log.push(`get ${prefix}${String(key)}`);
      return object[key];
    },
    has: (object, key) => (log.push(`has ${prefix}${String(key)}`), key in object),
    ownKeys: (object) => (log.push(`keys ${prefix}`), Reflect.ownKeys(object)),
    getOwnPropertyDescriptor: (object, key) => (log.push(`own ${prefix}${String(key)}`), Reflect.getOwnPropertyDescriptor(object, key)),
    getPrototypeOf: (object) => (log.push(`proto ${prefix}`), Reflect.getPrototypeOf(object)),
  });
}
const run = async (worker) => await (await worker.getEntrypoint().fetch("http://x/")).text();
const failing = (name) => ({ ...base, get [name]() { throw new RangeError(`reading ${name}`); } });

export default checks({
  "the fields, in order": ({ env }) => {
    const log = [];
    env.LOADER.load(traced({ ...base }, log));
    return log;
  },
  "the fields of a module": ({ env }) => {
    const log = [];
    env.LOADER.load({ ...base, modules: { ...base.modules, m: traced({ text: "x" }, log) } });
    return log;
  },
  "the modules": ({ env }) => {
    const log = [];
    env.LOADER.load({ ...base, modules: traced({ ...base.modules, b: { text: "x" }, a: { json: 1 }, 1: { text: "" } }, log) });
    return log;
  },
  "limits": ({ env }) => {
    const log = [];
    env.LOADER.load({ ...base, limits: traced({ cpuMs: 5 }, log) });
    return log.filter((line) => !/wallMs|memoryMb/.test(line));
  },
  "tails": ({ env }) => env.LOADER.load({ ...base, tails: traced([], []) }),
  "conversions, in order": ({ env }) => {
    const log = [];
    const text = (name, value) => ({ toString: () => (log.push(name), value) });
    env.LOADER.load({
      limits: { subRequests: { valueOf: () => (log.push("subRequests"), 5) }, cpuMs: { valueOf: () => (log.push("cpuMs"), 5) } },
      modules: { "main.js": text("main.js", MAIN), a: { text: text("a", "x") } },
      mainModule: text("mainModule", "main.js"),
      compatibilityFlags: [text("flag", "nodejs_als")],
      compatibilityDate: text("compatibilityDate", "2026-11-01"),
      env: { get a() { return log.push("env"); } },
    });
    return log;
  },
  "a getter throws: compatibilityDate": ({ env }) => env.LOADER.load(failing("compatibilityDate")),
  "a getter throws: compatibilityFlags": ({ env }) => env.LOADER.load(failing("compatibilityFlags")),
  "a getter throws: allowExperimental": ({ env }) => env.LOADER.load(failing("allowExperimental")),
  "a getter throws: mainModule": ({ env }) => env.LOADER.load(failing("mainModule")),
  "a getter throws: modules": ({ env }) => env.LOADER.load(failing("modules")),
  "a getter throws: env": ({ env }) => env.LOADER.load(failing("env")),
  "a getter throws: globalOutbound": ({ env }) => env.LOADER.load(failing("globalOutbound")),
  "a getter throws: tails": ({ env }) => env.LOADER.load(failing("tails")),
  "a getter throws: streamingTails": ({ env }) => env.LOADER.load(failing("streamingTails")),
  "a getter throws: limits": ({ env }) => env.LOADER.load(failing("limits")),
  "a getter throws: a module": ({ env }) => env.LOADER.load({ ...base, modules: { get "main.js"() { throw new RangeError("reading main.js"); } } }),
  "a getter throws: a module's kind": ({ env }) => env.LOADER.load({ ...base, modules: { a: { get text() { throw new RangeError("reading text"); } } } }),
  "a getter throws: in env": ({ env }) => env.LOADER.load({ ...base, env: { get A() { throw new RangeError("reading A"); } } }),
  "a getter throws what is no error": ({ env }) => {
    try {
      env.LOADER.load({ ...base, get modules() { throw "text"; } });
    } catch (e) {
      return e;
    }
  },
  "a getter gives another value each time": async ({ env }) => {
    let n = 0;
    return [await run(env.LOADER.load({ ...base, get env() { return { n: ++n }; } })), n];
  },
  "a getter of env adds a key": async ({ env }) => {
    const values = { get a() { this.c = 1; return 1; }, b: 2 };
    return await run(env.LOADER.load({ ...base, env: values }));
  },
  "a getter of env removes a key": async ({ env }) => {
    const values = { get a() { delete this.b; return 1; }, b: 2, c: 3 };
    return await run(env.LOADER.load({ ...base, env: values }));
  },
  "a module's conversion adds a module": async ({ env }) => {
    const modules = { a: { text: { toString() { modules["b.js"] = 5; return "x"; } } }, "main.js": MAIN };
    return await run(env.LOADER.load({ ...base, modules, env: {} }));
  },
  "a module's conversion removes another": async ({ env }) => {
    const modules = { a: { text: { toString() { delete modules.b; return "x"; } } }, b: { text: "y" }, "main.js": MAIN };
    return await run(env.LOADER.load({ ...base, modules, env: {} }));
  },
  "a getter loads another Worker": async ({ env }) => await run(env.LOADER.load({ ...base, get env() {
    env.LOADER.load(base);
    return { inner: true };
  } })),
  "the code is changed after load()": async ({ env }) => {
    const code = { ...base, modules: { ...base.modules }, env: { a: 1, deep: { b: 2 } } };
    const worker = env.LOADER.load(code);
    code.env.a = 9;
    code.env.deep.b = 9;
    code.modules["main.js"] = "changed";
    code.mainModule = "changed";
    return await run(worker);
  },
  "the code is changed by the callback after it returned": async ({ env }) => {
    const code = { ...base, modules: { ...base.modules }, env: { a: 1 } };
    return await run(env.LOADER.get("reading", () => {
      queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => (code.env = { a: 2 })))));
      return code;
    }));
  },
  "one code, two Workers": async ({ env }) => {
    const code = { ...base, env: { list: [1] } };
    return [await run(env.LOADER.load(code)), await run(env.LOADER.load(code))];
  },
  "frozen": async ({ env }) => await run(env.LOADER.load(Object.freeze({ ...base, modules: Object.freeze({ ...base.modules }), env: Object.freeze({ a: 1 }) }))),
  "a proxy of everything": async ({ env }) => await run(env.LOADER.load(new Proxy({ ...base, modules: new Proxy({ "main.js": MAIN, t: new Proxy({ text: "x" }, {}) }, {}), env: {} }, {}))),
  "a revoked proxy": ({ env }) => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    try {
      env.LOADER.load(proxy);
    } catch (e) {
      return e.name;
    }
  },
});
