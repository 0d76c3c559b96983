// Dates: parsing of what programs write, fields, arithmetic and overflow, printing; the zone of a Worker is UTC.
import { checks } from "../checks.js";

const iso = (...a) => { const d = new Date(...a); return isNaN(d) ? "invalid" : d.toISOString(); };
const d = new Date(Date.UTC(2026, 10, 25, 15, 4, 5, 678));

export default checks([
  () => [iso(0), iso(8.64e15), iso(8.64e15 + 1), iso(NaN), iso(-1), iso(1.9), iso(-62198755200000)],
  () => ["2026-11-25", "2026-11", "2026", "2026-11-25T15:04", "2026-11-25T15:04:05.678Z", "2026-11-25T15:04:05+02:30", "+002026-01-01", "-000001-01-01T00:00:00Z", "2026-11-25T24:00:00Z"].map((s) => iso(s)),
  () => ["2026-13-01", "2026-02-30", "2026-11-25T25:00", "2026-11-25T15:04:60Z", "2026-1-5x", "", "nonsense", "2026-11-25T15:04:05.6789012Z"].map((s) => iso(s)),
  () => ["-000000-01-01", "2026-11-25t15:04:05z"].map((s) => iso(s)),
  () => ["Wed, 25 Nov 2026 15:04:05 GMT", "25 November 2026", "Nov 25, 2026", "November 25, 2026 15:04", "11/25/2026", "11/25/26", "Wed Nov 25 2026 15:04:05 GMT+0100 (CET)", "2026/11/25", "2026-11-25 15:04:05", "2026-11-25 15:04"].map((s) => iso(s)),
  () => ["Nov 25 2026 3:04 PM", "11/25/2026, 3:04:05 PM", "25-Nov-2026", "Wed, 25 Nov 2026 15:04:05 EST", "Wed, 25 Nov 2026 15:04:05 +0530", "2026-11-25 15:04:05 UTC", "2026-11-25T15:04:05-0800", "1 Jan 49", "1 Jan 50", "12:30 Jan 1 2026"].map((s) => iso(s)),
  () => [iso(2026, 0), iso(2026, 12), iso(2026, 0, 0), iso(99, 0), iso(100, 0), iso(2026, 0, 31, 25, 61, 61, 1001), iso(2026, -1), iso(2026, NaN), iso(275760, 8, 13, 0, 0, 0, 1)],
  () => [Date.UTC(2026), Date.UTC(2026, 1, 29), Date.UTC(), Date.UTC(99, 11), Date.parse("1970-01-01T00:00:00.5"), Date.length, Date.UTC.length],
  () => [d.getFullYear(), d.getMonth(), d.getDate(), d.getDay(), d.getHours(), d.getMinutes(), d.getSeconds(), d.getMilliseconds(), d.getTimezoneOffset(), d.getYear(), d.getUTCDay(), d.valueOf()],
  () => { const x = new Date(d); return [x.setMonth(12, 31), x.setDate(0), x.setHours(25, 61), x.setFullYear(2024, 1, 29), x.setMilliseconds(-1), x.setUTCSeconds(3600), x.setTime(5), x.setYear(99)]; },
  () => { const x = new Date(NaN); return [x.getTime(), x.setDate(1), x.setFullYear(2026), String(new Date(NaN)), new Date(NaN).toJSON(), new Date(NaN).toUTCString()]; },
  () => new Date(NaN).toISOString(),
  () => [d.toISOString(), d.toString(), d.toDateString(), d.toTimeString(), d.toUTCString(), d.toGMTString === d.toUTCString, JSON.stringify(d)],
  () => [new Date(-1e14).toISOString(), new Date(8.64e15).toUTCString(), new Date(-62198755200000).toString(), new Date(-1).toDateString()],
  () => [d + 1, d - 1, `${d}`, +d, d > d - 1, d[Symbol.toPrimitive]("number"), d[Symbol.toPrimitive]("default")],
  () => d[Symbol.toPrimitive]("other"),
  () => Date.prototype.getTime.call({}),
  () => typeof Date() + typeof Date.now() + (Date() === String(new Date())),
  () => [new Date(d).getTime() === d.getTime(), new Date(new Date(5)).getTime(), new Date("5").getTime() === new Date(5).getTime(), new Date(null).getTime(), new Date(undefined).getTime(), new Date(true).getTime()],
  () => [new Date({ valueOf: () => 5 }).getTime(), iso({ toString: () => "2026-01-01" }), new Date(Symbol.iterator.description).getTime()],
  () => new Date(1n),
  () => new Date(2024, 1, 29, 12).toISOString() + new Date(2100, 1, 29).getMonth() + new Date(2000, 1, 29).getMonth(),
  () => Object.getOwnPropertyNames(Date.prototype).sort(),
  () => { class D extends Date { get day() { return this.getUTCDate(); } } return [new D(d).day, new D(d) instanceof Date, Object.prototype.toString.call(new D())]; },
], { messages: false });
