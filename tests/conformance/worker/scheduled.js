// scheduled(): handlers of exported objects and of classes, what they get, and what a service stub's scheduled() says of
// them.
// flags: service_binding_extra_handlers
// services: SELF=self, CLASS=self#Class, OBJECT=self#Plain, NONE=self#None, EMPTY=self#Empty, LATE=self#Late
import { checks } from "../checks.js";
import { WorkerEntrypoint } from "cloudflare:workers";

let got = [];
let todo = () => {};
const shape = (value) => `${typeof value} ${value?.constructor?.name}`;
async function handle(controller, ...rest) {
  got.push({ controller, rest, self: this });
  return await todo(controller, ...rest);
}
export class Class extends WorkerEntrypoint {
  scheduled(...args) { return handle.apply(this, args); }
}
export const Plain = { scheduled(...args) { return handle.apply(this, args); } };
export class None extends WorkerEntrypoint {}
export const Empty = { fetch() {} };
export class Late extends WorkerEntrypoint {
  get scheduled() { return undefined; }
}
async function run(stub, how, options = { scheduledTime: new Date(1e12), cron: "* * * * *" }) {
  got = [];
  todo = how ?? (() => {});
  return await stub.scheduled(options);
}
const of = (stub) => run(stub, () => {});
const members = (o) => { const all = []; for (let p = o; p && p !== Object.prototype; p = Object.getPrototypeOf(p)) all.push(Object.getOwnPropertyNames(p).sort()); return all; };
const LOADER = (env, body, date = "2026-01-01", more = {}) => env.LOADER.load({ compatibilityDate: date, mainModule: "m.js", modules: { "m.js": body }, ...more });

export default { ...checks([
  async ({ env }) => of(env.SELF),
  async ({ env }) => of(env.CLASS),
  async ({ env }) => of(env.OBJECT),
  async ({ env }) => of(env.NONE),
  async ({ env }) => of(env.EMPTY),
  async ({ env }) => of(env.LATE),
  async ({ env }) => { await of(env.SELF); return [got.length, shape(got[0].controller), got[0].rest.length, ...got[0].rest.map(shape), got[0].controller.scheduledTime, got[0].controller.cron, typeof got[0].controller.noRetry]; },
  async ({ env }) => { await of(env.CLASS); return [got.length, shape(got[0].controller), got[0].rest.length, ...got[0].rest.map(shape), shape(got[0].self)]; },
  async ({ env }) => { await of(env.CLASS); return got[0].rest[0] === got[0].self.env; },
  async ({ env }) => { await of(env.OBJECT); return [got.length, shape(got[0].controller), got[0].rest.length, ...got[0].rest.map(shape), got[0].self === Plain]; },
  async ({ env }) => { await of(env.SELF); return [Object.keys(got[0].controller), members(got[0].controller), Object.prototype.toString.call(got[0].controller), JSON.stringify(got[0].controller)]; },
  async ({ env }) => { await of(env.SELF); const d = Object.getOwnPropertyDescriptor(got[0].controller, "cron") ?? Object.getOwnPropertyDescriptor(Object.getPrototypeOf(got[0].controller), "cron"); return [Object.keys(d), typeof d.get]; },
  async ({ env }) => { const r = await of(env.SELF); return [Object.keys(r), Object.getPrototypeOf(r) === Object.prototype, JSON.stringify(r)]; },
  async ({ env }) => run(env.SELF, (c) => c.noRetry()),
  async ({ env }) => run(env.SELF, (c) => { c.noRetry(); throw new Error("x"); }),
  async ({ env }) => run(env.SELF, () => { throw new Error("x"); }),
  async ({ env }) => run(env.SELF, async () => { await 0; throw new Error("x"); }),
  async ({ env }) => run(env.CLASS, () => { throw "text"; }),
  async ({ env }) => run(env.SELF, (c, e, ctx) => { ctx.waitUntil(Promise.reject(new Error("y"))); }),
  async ({ env }) => { let done = false; const r = await run(env.SELF, (c, e, ctx) => { ctx.waitUntil(scheduler.wait(20).then(() => { done = true; })); }); return [r, done]; },
  async ({ env }) => run(env.SELF, (c, e, ctx) => { ctx.waitUntil(scheduler.wait(10).then(() => c.noRetry())); }),
  async ({ env }) => { let done = false; await run(env.SELF, async () => { await scheduler.wait(20); done = true; }); return done; },
  async ({ env }) => run(env.SELF, () => 5),
  async ({ env }) => run(env.SELF, () => ({ then(f) { f(1); } })),
  async ({ env }) => run(env.SELF, (c, e, ctx) => ctx.abort(new Error("aborted"))),
  async ({ env }) => run(env.SELF, async (c, e, ctx) => { ctx.abort("aborted"); await scheduler.wait(5); }),
  async ({ env }) => { await run(env.SELF, () => {}, {}); return [typeof got[0].controller.scheduledTime, got[0].controller.cron, Math.abs(Date.now() - got[0].controller.scheduledTime) < 2000]; },
  async ({ env }) => { await run(env.SELF, () => {}, undefined); return [typeof got[0].controller.scheduledTime, got[0].controller.cron]; },
  async ({ env }) => { await run(env.SELF, () => {}, null); return [typeof got[0].controller.scheduledTime, got[0].controller.cron]; },
  async ({ env }) => { got = []; await env.SELF.scheduled(); return got[0].controller.cron; },
  async ({ env }) => run(env.SELF, null, 5),
  async ({ env }) => run(env.SELF, null, "x"),
  async ({ env }) => run(env.SELF, null, { scheduledTime: "x" }),
  async ({ env }) => run(env.SELF, null, { scheduledTime: 5 }),
  async ({ env }) => run(env.SELF, null, { scheduledTime: new Date(NaN) }),
  async ({ env }) => run(env.SELF, null, { scheduledTime: null }),
  async ({ env }) => { await run(env.SELF, null, { scheduledTime: undefined, cron: undefined }); return got[0].controller.cron; },
  async ({ env }) => { await run(env.SELF, null, { cron: 7, scheduledTime: new Date(5.5) }); return [got[0].controller.cron, got[0].controller.scheduledTime]; },
  async ({ env }) => { await run(env.SELF, null, { cron: null }); return got[0].controller.cron; },
  async ({ env }) => run(env.SELF, null, { cron: Symbol("s") }),
  async ({ env }) => { await run(env.SELF, null, { cron: "é\0\u{1F600}", scheduledTime: new Date(-1) }); return [got[0].controller.cron, got[0].controller.scheduledTime]; },
  async ({ env }) => { await run(env.SELF, null, { cron: "x".repeat(100000), scheduledTime: new Date(8.64e15) }); return [got[0].controller.cron.length, got[0].controller.scheduledTime]; },
  async ({ env }) => { await run(env.SELF, null, { scheduledTime: new Date(-8.64e15) }); return [got[0].controller.scheduledTime]; },
  async ({ env }) => { const read = []; await run(env.SELF, null, { get cron() { read.push("cron"); return "a"; }, get scheduledTime() { read.push("scheduledTime"); return new Date(1); } }); return read; },
  async ({ env }) => run(env.SELF, null, { get cron() { throw new RangeError("getter"); } }),
  ({ env }) => { try { return env.SELF.scheduled({ scheduledTime: "x" }) instanceof Promise; } catch (e) { return `thrown at once: ${e.message}`; } },
  ({ env }) => [typeof env.SELF.scheduled, typeof env.SELF.queue, env.SELF.scheduled.length, env.SELF.scheduled.name, "scheduled" in env.SELF, Object.hasOwn(Object.getPrototypeOf(env.SELF), "scheduled")],
  ({ env }) => env.SELF.scheduled.call({}),
  async ({ env, ctx }) => of(ctx.exports.Class),
  async ({ env, ctx }) => { await of(ctx.exports.Class({ props: { a: 1 } })); return got[0].self.ctx.props; },
  async ({ env, ctx }) => { await of(ctx.exports.Plain({ props: { a: 1 } })); return got[0].rest[1].props; },
  async ({ env }) => of(LOADER(env, "export default { scheduled(c) { if (c.cron !== '* * * * *' || c.scheduledTime !== 1e12) throw 1; } }").getEntrypoint()),
  async ({ env }) => of(LOADER(env, "export default { scheduled(c) { c.noRetry(); throw new Error('in it'); } }").getEntrypoint()),
  async ({ env }) => of(LOADER(env, "export default { }").getEntrypoint()),
  async ({ env }) => of(LOADER(env, "export default { scheduled: 5 }").getEntrypoint()),
  async ({ env }) => of(LOADER(env, "export default { fetch() {} }").getEntrypoint("Nothing")),
  async ({ env }) => of(LOADER(env, "throw new Error('start')").getEntrypoint()),
  async ({ env }) => of(LOADER(env, "export default class { scheduled() {} }").getEntrypoint()),
  async ({ env }) => of(LOADER(env, "import { WorkerEntrypoint } from 'cloudflare:workers'; export default class extends WorkerEntrypoint { constructor(c, e) { super(c, e); throw new Error('made'); } scheduled() {} }").getEntrypoint()),
  async ({ env }) => of(LOADER(env, "export default { async fetch(r, env) { return new Response(String(typeof env.X)); }, scheduled(c, env) { if (env.A !== 1) throw 2; } }", "2026-01-01", { env: { A: 1 } }).getEntrypoint()),
  async ({ env }) => { const [a, b] = await Promise.all([of(env.SELF), of(env.CLASS)]); return [a, b, got.length]; },
  async ({ env }) => { let kept; await run(env.SELF, (c) => { kept = c; }); return [kept.cron, kept.noRetry()]; },
  async ({ env }) => { const C = got[0].controller.constructor; return [C.name, typeof globalThis.ScheduledController, typeof globalThis.ScheduledEvent, new C()]; },
  async ({ env }) => run(env.SELF, (c) => c.noRetry.call({})),
  async ({ env }) => { await of(env.SELF); const c = got[0].controller; return [Object.entries(Object.getOwnPropertyDescriptors(c)).map(([name, d]) => [name, d.writable, d.enumerable, d.configurable]), Object.isFrozen(c), c.noRetry.length, Object.hasOwn(Object.getPrototypeOf(c), "noRetry")]; },
  async ({ env }) => run(env.SELF, (c) => { c.cron = "other"; }),
  async ({ env }) => { await run(env.SELF, null, { scheduledTime: 5.7 }); return got[0].controller.scheduledTime; },
  async ({ env }) => { await run(env.SELF, null, { scheduledTime: -5.7 }); return got[0].controller.scheduledTime; },
  async ({ env }) => run(env.SELF, null, { scheduledTime: NaN }),
  async ({ env }) => run(env.SELF, null, { scheduledTime: -Infinity }),
  async ({ env }) => run(env.SELF, null, { scheduledTime: 5n }),
  async ({ env }) => { const all = []; for (const t of [9223372036854, 9223372036855, -9223372036854, -9223372036855]) all.push(await run(env.SELF, null, { scheduledTime: t }).then(() => got[0].controller.scheduledTime, (e) => e.message)); return all; },
  async ({ env }) => run(env.SELF, null, () => {}),
  async ({ env }) => run(env.SELF, null, []),
  async ({ env, ctx }) => { const spoiled = Object.assign(ctx.exports.Class, { scheduled: 1 }); return typeof spoiled.scheduled; },
]), scheduled(...args) { return handle.apply(this, args); } };
