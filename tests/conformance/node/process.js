// node:process and the global process, node:timers, node:timers/promises, setImmediate, node:os, node:module,
// node:console, node:diagnostics_channel.
import process from "node:process";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import os from "node:os";
import { createRequire, isBuiltin } from "node:module";
import dc from "node:diagnostics_channel";
import path from "node:path";
import { AsyncLocalStorage } from "node:async_hooks";
import { inspect, promisify } from "node:util";
import { checks } from "../checks.js";

const code = (run) => { try { return run(); } catch (e) { return `${e.name} ${e.code}: ${e.message}`; } };
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ID = (value) => typeof value;

export default checks([
  () => [process === globalThis.process, global === globalThis, Object.prototype.toString.call(process)],
  () => [process.version, Object.keys(process.versions), process.versions.node, process.platform, process.arch, process.title, process.argv, process.argv0, process.execArgv, process.execPath, process.pid, process.ppid, process.exitCode],
  () => [process.release, process.features],
  () => [typeof process.env.UPSTREAM, "UPSTREAM" in process.env, process.env.nothing],
  () => { process.env.Q = 5; const r = [process.env.Q, Object.keys(process.env).includes("Q"), delete process.env.Q, process.env.Q]; return r; },
  () => { process.env.U = undefined; const r = process.env.U; delete process.env.U; return r; },
  () => [process.cwd(), process.umask(), process.uptime(), process.getuid(), process.getgroups()],
  () => code(() => process.chdir("/x")),
  () => code(() => process.setuid(1)),
  () => ["binding", "dlopen", "cpuUsage", "threadCpuUsage", "getActiveResourcesInfo"].map((n) => code(() => process[n]())),
  () => [process.memoryUsage(), process.resourceUsage(), process.constrainedMemory()],
  () => [process.hrtime().length, ID(process.hrtime.bigint()), process.hrtime(process.hrtime()).length],
  () => code(() => process.hrtime(5)),
  async () => new Promise((resolve) => process.nextTick((...a) => resolve(a), 1, 2)),
  async () => { const als = new AsyncLocalStorage(); return new Promise((resolve) => als.run(3, () => process.nextTick(() => resolve(als.getStore())))); },
  async () => { const o = []; Promise.resolve().then(() => o.push("p")); process.nextTick(() => o.push("t")); queueMicrotask(() => o.push("m")); setImmediate(() => o.push("i")); setTimeout(() => o.push("to"), 0); await wait(5); return o; },
  () => [process.getBuiltinModule("path") === path, process.getBuiltinModule("node:path") === path, process.getBuiltinModule("nope")],
  () => { const seen = []; const f = (x) => seen.push(x); process.on("mine", f); process.emit("mine", 4); process.off("mine", f); return seen; },
  async () => new Promise((resolve) => { process.once("warning", (w) => resolve([w.name, w.message, w.code])); process.emitWarning("careful", "Mine", "C1"); }),
  () => [typeof process.stdout.write, typeof process.stderr.write, process.stdout.fd],
  () => code(() => process.loadEnvFile()),
  () => code(() => process.assert(false)),
  () => { const t = setTimeout(() => {}, 10); const r = [ID(t), t.constructor.name, t.hasRef(), t.unref().hasRef(), t.ref() === t, ID(+t), t.close() === t, inspect(t)]; clearTimeout(t); return r; },
  () => { const t = setTimeout(() => {}, 10); return [Object.getOwnPropertyNames(Object.getPrototypeOf(t)), Object.keys(t), typeof t[Symbol.dispose], JSON.stringify(t)]; },
  async () => { let ran = false; clearTimeout(+setTimeout(() => { ran = true; }, 1)); await wait(4); return ran; },
  async () => { let ran = false; clearTimeout(String(+setTimeout(() => { ran = true; }, 1))); await wait(4); return ran; },
  async () => { let n = 0; await new Promise((resolve) => { const t = setTimeout(() => { if (++n === 2) resolve(); else t.refresh(); }, 1); }); return n; },
  async () => { let ran = false; { using _ = setTimeout(() => { ran = true; }, 1); } await wait(4); return ran; },
  () => { clearTimeout(undefined); clearTimeout(null); clearTimeout({}); clearTimeout("x"); clearInterval(5); clearImmediate(undefined); return "fine"; },
  () => code(() => setTimeout(5)),
  () => code(() => setInterval()),
  () => code(() => setImmediate(5)),
  async () => new Promise((resolve) => setTimeout((...a) => resolve(a), 1, 2, 3)),
  async () => new Promise((resolve) => setImmediate((...a) => resolve(a), 1, 2)),
  async () => { let ran = false; clearImmediate(setImmediate(() => { ran = true; })); await wait(3); return ran; },
  () => { const i = setImmediate(() => {}); clearImmediate(i); return [ID(i), i.constructor.name, inspect(i)]; },
  () => [Object.keys(timers).sort(), timers.promises === timersPromises, timers.setTimeout === setTimeout],
  () => code(() => timers.clearImmediate()),
  () => code(() => timers.enroll()),
  async () => [await timersPromises.setTimeout(1, "v"), await timersPromises.setImmediate("w"), await timersPromises.scheduler.wait(1)],
  async () => timersPromises.setTimeout(1, "v", { signal: AbortSignal.abort() }),
  async () => timersPromises.setTimeout("x"),
  async () => { let n = 0; for await (const v of timersPromises.setInterval(1, "q")) if (++n === 2) return [n, v]; },
  () => code(() => promisify(setTimeout)(1, "z")),
  () => Object.keys(os).sort(),
  () => [os.EOL, os.devNull, os.arch(), os.platform(), os.type(), os.hostname(), os.homedir(), os.tmpdir(), os.endianness(), os.cpus(), os.totalmem(), os.loadavg(), os.machine(), os.availableParallelism()],
  () => { const require = createRequire("/x.js"); return [require("path") === path, require("node:path") === path]; },
  () => createRequire("/x.js")("nope"),
  () => code(() => createRequire("x")),
  () => [isBuiltin("path"), isBuiltin("node:path"), isBuiltin("nope")],
  async () => [typeof console.createTask, typeof (await import("node:console")).Console, typeof console.Console],
  () => Object.keys(dc).sort(),
  () => { const c = dc.channel("a"), seen = []; const f = (m, n) => seen.push([m, n]); c.subscribe(f); c.publish(1); c.unsubscribe(f); c.publish(2); return [seen, c.hasSubscribers, dc.channel("a") === c, c.name]; },
  () => { const seen = []; const f = (m) => seen.push(m); dc.subscribe("b", f); dc.channel("b").publish(5); return [seen, dc.hasSubscribers("b"), dc.unsubscribe("b", f), dc.unsubscribe("b", f), dc.hasSubscribers("b")]; },
  () => { const als = new AsyncLocalStorage(); const c = dc.channel("c"); c.bindStore(als, (m) => m + 1); return c.runStores(4, (x) => [als.getStore(), x], null, 9); },
  () => { const t = dc.tracingChannel("t"), seen = []; t.subscribe({ start: () => seen.push("start"), end: () => seen.push("end"), error: () => seen.push("error") }); return [t.traceSync((x) => x, {}, null, 3), seen]; },
  async () => { const t = dc.tracingChannel("u"), seen = []; t.subscribe({ start: () => seen.push("start"), end: () => seen.push("end"), asyncStart: () => seen.push("asyncStart"), asyncEnd: () => seen.push("asyncEnd") }); return [await t.tracePromise(async () => 3), seen]; },
  () => code(() => dc.channel(5)),
]);
