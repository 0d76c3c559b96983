// fresh: true of load() and get(): each event runs in a new copy of the Worker as its modules left it.
import assert from "node:assert";
import { WorkerEntrypoint } from "cloudflare:workers";
import UNREAD from "./fresh/worker.txt";

const added = [];
export class Sink extends WorkerEntrypoint {
  add(line) {
    return added.push(line);
  }
}

const FRESH = { fresh: true };
const AS_NEW = [1, 3, 2, 1, 7, [5], "/"]; // of worker.txt
const code = (ctx, more) => ({ compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": UNREAD },
  env: { SINK: ctx.exports.Sink({}) }, limits: { cpuMs: 500, memoryMb: 64 }, ...more });

// A Worker of this name; its calls are made with ask(path).
function worker(env, ctx, name, options = FRESH) {
  const made = { callbacks: 0 };
  made.stub = () => env.LOADER.get(name, () => (made.callbacks++, code(ctx)), options);
  made.fetch = (path, init) => made.stub().getEntrypoint().fetch("http://x" + path, init);
  made.ask = async (path) => (await made.fetch(path)).json();
  return made;
}

const is = (got, expected, message) => assert.deepStrictEqual(got, expected, message);

export const requests_are_apart = {
  async test(controller, env, ctx) {
    const kept = worker(env, ctx, "apart");
    for (let i = 0; i < 20; i++) is(await kept.ask("/"), AS_NEW);
    is(kept.callbacks, 1, "the modules are evaluated once");
  },
};

export const load = {
  async test(controller, env, ctx) {
    const loaded = env.LOADER.load(code(ctx, FRESH)).getEntrypoint();
    for (let i = 0; i < 2; i++) is(await (await loaded.fetch("http://x/")).json(), AS_NEW);
  },
};

export const without_fresh_is_another = {
  async test(controller, env, ctx) {
    const plain = worker(env, ctx, "both", {}), kept = worker(env, ctx, "both");
    is(await plain.ask("/"), AS_NEW);
    is((await plain.ask("/"))[0], 2);
    is(await kept.ask("/"), AS_NEW);
    is([plain.callbacks, kept.callbacks], [1, 1]);
  },
};

export const two_hundred_at_once = {
  async test(controller, env, ctx) {
    const kept = worker(env, ctx, "many");
    const all = await Promise.all(Array.from({ length: 200 }, async () => (await kept.ask("/"))[0]));
    is(all, Array(200).fill(1));
  },
};

export const random_numbers_differ = {
  async test(controller, env, ctx) {
    const kept = worker(env, ctx, "random"), all = [];
    for (let i = 0; i < 50; i++) all.push(await kept.ask("/random"));
    const different = [0, 1, 2].map((which) => new Set(all.map((drawn) => drawn[which])).size);
    is(different, [50, 50, 1], "what the modules drew is the same in all");
  },
};

export const one_harms_no_other = {
  async test(controller, env, ctx) {
    const kept = worker(env, ctx, "harm");
    await assert.rejects(kept.ask("/loop"), { name: "ExceededCpuError" });
    for (let i = 0; i < 2; i++) await assert.rejects(kept.ask("/throw"), { name: "RangeError", message: "no 1" });
    for (let i = 0; i < 5; i++) is(await kept.ask("/grow"), 1);
    is(await kept.ask("/"), AS_NEW);
    is(kept.callbacks, 1);
  },
};

export const lives_as_long_as_its_event = {
  async test(controller, env, ctx) {
    const kept = worker(env, ctx, "long");
    is(await (await kept.fetch("/stream")).text(), "12345");
    is(await (await kept.fetch("/wait")).text(), "soon");
    while (!added.includes("waited 1")) await scheduler.wait(1);
    is(await (await kept.fetch("/body", { method: "POST", body: "x".repeat(300000) })).text(), "300000");
  },
};

export const bindings_and_exports = {
  async test(controller, env, ctx) {
    const kept = worker(env, ctx, "bindings");
    for (let i = 0; i < 3; i++) {
      const [n, ...others] = await kept.ask("/caps");
      is(typeof n, "number");
      is(others, [[1, 1], [1, 2], 1]);
    }
  },
};

// A call on the entrypoint has its own copy, an object stays in the copy that made it.
export const sessions_are_events = {
  async test(controller, env, ctx) {
    const other = worker(env, ctx, "rpc").stub().getEntrypoint("Other", { props: { p: 9 } });
    const object = await other.object();
    is([await other.bump(), await other.bump(), await other.twice()], [[1, 9], [1, 9], [1, 1]]);
    is([await object.next(), await object.next(), await object.env], [1, 2, "object"]);
    is(await other.bump(), [1, 9]);
  },
};

export const modules_that_throw = {
  async test(controller, env, ctx) {
    const broken = code(ctx, { modules: { "m.js": "let a = 1;\nthrow new TypeError('at top');" } });
    const stub = env.LOADER.get("broken", () => broken, FRESH);
    const told = (e) => `${e.name}: ${e.message} ${/m\.js:2/.test(e.stack)}`;
    const all = await Promise.all([1, 2, 3].map(() => stub.getEntrypoint().fetch("http://x/").catch(told)));
    is(all, Array(3).fill("Error: Failed to start Worker:\nUncaught TypeError: at top\n  at m.js:2:7 true"));
  },
};

export const misplaced = {
  async test(controller, env, ctx) {
    const stub = env.LOADER.get("misplaced", () => code(ctx, FRESH));
    await assert.rejects(stub.getEntrypoint().fetch("http://x/"), { name: "TypeError", message: /option of get\(\)/ });
  },
};
