// performance: marks, measures, the timeline; observers and Node's parts, which say nothing.
import { checks } from "../checks.js";

const P = performance;
const members = (e) => [e.constructor.name, e.name, e.entryType, e.startTime, e.duration, e.detail];
const measure = (...args) => { const m = P.measure(...args); return [m.startTime, m.duration > 1e12 ? "until now" : m.duration]; };
const clear = () => { P.clearMarks(); P.clearMeasures(); };

export default checks([
  () => members(P.mark("a", { startTime: 5 })),
  () => { const detail = { x: 1 }; const m = P.mark("a", { startTime: 5, detail }); return [m.detail === detail, m.toJSON(), JSON.stringify(m)]; },
  () => [P.mark("a").startTime > 1e12, P.mark("a", { startTime: undefined }).startTime > 1e12, P.mark("a").detail],
  () => ["7", -5, null, Infinity, {}, "x"].map((startTime) => P.mark("a", { startTime }).startTime),
  () => [P.mark("a", { detail: undefined }).detail, P.mark("a", null).detail, P.mark("a", []).detail, P.mark("a", { detail: [1] }).detail],
  ...[null, 5, "s", false].map((detail) => () => P.mark("a", { detail })),
  () => P.mark(),
  () => P.mark("a", 5),
  () => P.mark(5).name,
  () => { const log = []; P.mark({ toString() { log.push("name"); return "n"; } }, { get detail() { log.push("detail"); }, get startTime() { log.push("startTime"); return { valueOf() { log.push("valueOf"); return 1; } }; } }); return log; },
  () => { try { P.mark("thrown", { get startTime() { throw new Error("mine"); } }); } catch (e) { return [e.message, P.getEntriesByName("thrown").length]; } },
  () => Object.getOwnPropertyNames(P.mark("a")),
  () => { clear(); return [P.getEntries().length, P.mark("a"), P.mark("b"), P.mark("a"), P.getEntries().map((e) => e.name)]; },
  () => { clear(); const a = P.mark("a"); return [P.getEntries()[0] === a, P.getEntriesByName("a")[0] === a, P.getEntriesByType("mark")[0] === a, P.getEntries() === P.getEntries()]; },
  () => { P.getEntries().length = 0; return P.getEntries().length; },

  () => { clear(); return [members(new PerformanceMark("a", { startTime: 2, detail: [1] })), P.getEntries().length]; },
  () => new PerformanceMark(),
  () => new PerformanceMark("a", 5),
  () => new PerformanceMark("a", { detail: 5 }),
  () => { class Mine extends PerformanceMark {} const m = new Mine("a"); return [m instanceof Mine, m instanceof PerformanceEntry, m.name]; },
  () => PerformanceEntry.prototype.toJSON.call(P.mark("a", { startTime: 1, detail: {} })),

  () => { clear(); P.mark("s", { startTime: 10 }); P.mark("e", { startTime: 25 }); return members(P.measure("m", "s", "e")); },
  () => P.measure("m", { start: 1, end: 3, detail: { a: 1 } }).toJSON(),
  () => [measure("m"), measure("m", undefined), measure("m", null), measure("m", {}), measure("m", [])],
  () => [measure("m", "s"), measure("m", "s", undefined), measure("m", "e", "s"), measure("m", "s", "none")],
  () => [measure("m", "none"), measure("m", "none", "e"), measure("m", undefined, "e"), measure("m", null, "e"), measure("m", 5, "e")],
  () => [measure("m", { start: 5, end: 8 }), measure("m", { start: 5, duration: 8 }), measure("m", { duration: 8 }), measure("m", { end: 8 })],
  () => [measure("m", { start: 5, end: 10, duration: 8 }), measure("m", { end: 10, duration: 8 }), measure("m", { start: 5 })],
  () => [measure("m", { start: 1 }, "e"), measure("m", { start: 1, end: 2 }, "e"), measure("m", {}, "e")],
  () => [measure("m", { start: "s", end: "e" }), measure("m", { start: -1, end: 2 }), measure("m", { start: 10, end: 5 }), measure("m", { start: 10, duration: -5 })],
  () => [measure("m", { start: 2, end: Infinity }), measure("m", { start: 2, end: NaN }), measure("m", { start: null, end: null }), measure("m", { start: "3", end: "4" })],
  () => { P.mark("s", { startTime: 12 }); return measure("m", "s", "e"); },
  () => { P.measure("only measured", { start: 4, end: 5 }); return measure("m", "only measured", "e"); },
  () => P.measure(),
  () => P.measure("m", { detail: 5 }),
  () => { const log = []; P.measure({ toString() { log.push("name"); return "n"; } }, { get detail() { log.push("detail"); }, get start() { log.push("start"); return { valueOf() { log.push("valueOf"); return 1; } }; }, get end() { log.push("end"); }, get duration() { log.push("duration"); } }); return log; },

  () => { clear(); P.mark("a"); P.mark("b"); P.measure("a"); P.measure("c"); return [P.getEntriesByName("a"), P.getEntriesByName("a", "measure"), P.getEntriesByName("a", "none"), P.getEntriesByType("measure"), P.getEntriesByType("resource")].map((l) => l.map((e) => e.name + e.entryType)); },
  () => { P.clearMarks("a"); P.clearMeasures("b"); return P.getEntries().map((e) => e.name + e.entryType); },
  () => { P.clearMeasures(undefined); P.clearMarks(null); return P.getEntries().map((e) => e.name + e.entryType); },
  () => P.getEntriesByName(),
  () => P.getEntriesByType(),
  () => P.getEntriesByName("b", null).length,
  () => structuredClone(P.mark("a")),

  () => PerformanceObserver.supportedEntryTypes,
  () => { PerformanceObserver.supportedEntryTypes.push("x"); return PerformanceObserver.supportedEntryTypes; },
  () => new PerformanceObserver(),
  () => String(new PerformanceObserver(5)),
  () => new PerformanceObserver(() => {}).observe(),
  () => new PerformanceObserver(() => {}).observe(5),
  () => new PerformanceObserver(() => {}).observe({ entryTypes: 5 }),
  () => new PerformanceObserver(() => {}).observe({ type: "none", entryTypes: ["mark"], buffered: true }),
  async () => { let called = 0; const o = new PerformanceObserver(() => called++); o.observe({ entryTypes: ["mark"] }); P.mark("seen"); const records = o.takeRecords(); await scheduler.wait(2); o.disconnect(); return [called, records]; },

  () => P.toJSON(),
  () => [P.timeOrigin, typeof P.now(), Object.getOwnPropertyNames(P)],
  () => P.eventLoopUtilization({ idle: 5, active: 7, utilization: 1 }),
  () => { const n = P.nodeTiming; return [n instanceof PerformanceEntry, n.name, n.startTime, n.uvMetricsInfo, n.toJSON(), n === P.nodeTiming]; },
  () => { const f = () => 5; return [P.timerify(f) === f, P.timerify(f, {}) === f]; },
  () => P.timerify(5),
  () => [P.clearResourceTimings(), P.setResourceTimingBufferSize(5), P.markResourceTiming()],
  () => P.setResourceTimingBufferSize(),
  () => { const c = P.eventCounts; return [String(c), c.size, c.get("x"), c.has("x"), [...c], [...c.keys()], c.values().next().done, c.forEach(() => {})]; },
  () => P.eventCounts.get(),
  () => P.eventCounts.forEach(5),
  () => new P.eventCounts.constructor(),
]);
