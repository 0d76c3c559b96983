// What depends on a locale: toLocaleString and its relatives in the locale of a Worker, en-US, with the usual options.
import { checks } from "../checks.js";

const d = new Date(Date.UTC(2026, 10, 5, 15, 4, 5, 678));
const names = ["Collator", "DateTimeFormat", "NumberFormat", "PluralRules", "ListFormat", "RelativeTimeFormat", "Segmenter", "DisplayNames"];

export default checks([
  () => [typeof Intl, names.map((n) => typeof globalThis.Intl?.[n])],
  () => [(1234567.891).toLocaleString(), (0).toLocaleString(), (-1234.5).toLocaleString(), (1e21).toLocaleString(), NaN.toLocaleString(), (-Infinity).toLocaleString(), (0.00005).toLocaleString(), (999).toLocaleString(), (-0).toLocaleString()],
  () => [12345678901234567890n.toLocaleString(), (-5n).toLocaleString(), (1000n).toLocaleString("en-US")],
  () => [[1234.5, new Date(0), null, undefined, "x"].toLocaleString(), new Uint16Array([1000, 2]).toLocaleString(), ({}).toLocaleString()],
  () => [(1234.5).toLocaleString("en-US", { minimumFractionDigits: 2 }), (1234.5678).toLocaleString("en-US", { maximumFractionDigits: 2 }), (1234.5).toLocaleString(undefined, { maximumFractionDigits: 0 }), (5).toLocaleString("en", { minimumIntegerDigits: 3 }), (1e6).toLocaleString("en-US", { useGrouping: false })],
  () => [(0.256).toLocaleString("en-US", { style: "percent" }), (0.256).toLocaleString("en-US", { style: "percent", minimumFractionDigits: 1 }), (12).toLocaleString("en-US", { style: "percent" })],
  () => [(1234.5).toLocaleString("en-US", { style: "currency", currency: "USD" }), (-1234.5).toLocaleString("en-US", { style: "currency", currency: "EUR" }), (1234.5).toLocaleString("en-US", { style: "currency", currency: "JPY" }), (0).toLocaleString("en-US", { style: "currency", currency: "usd", minimumFractionDigits: 0 }), (5).toLocaleString("en-US", { style: "currency", currency: "CHF" })],
  () => [(2.5).toLocaleString("en-US", { maximumFractionDigits: 0 }), (3.5).toLocaleString("en-US", { maximumFractionDigits: 0 }), (1.005).toLocaleString("en-US", { maximumFractionDigits: 2 }), (123456).toLocaleString("en-US", { maximumSignificantDigits: 3 })],
  () => (1).toLocaleString("en-US", { style: "currency" }),
  () => (1).toLocaleString("en-US", { maximumFractionDigits: 500 }),
  () => (1).toLocaleString("not a locale"),
  () => (1).toLocaleString("en-US", { style: "nonsense" }),
  () => [d.toLocaleString(), d.toLocaleDateString(), d.toLocaleTimeString(), new Date(NaN).toLocaleString(), new Date(0).toLocaleString(), new Date(Date.UTC(2026, 0, 1, 12)).toLocaleTimeString()],
  () => [d.toLocaleDateString("en-US", { dateStyle: "full" }), d.toLocaleDateString("en-US", { dateStyle: "long" }), d.toLocaleDateString("en-US", { dateStyle: "medium" }), d.toLocaleDateString("en-US", { dateStyle: "short" })],
  () => [d.toLocaleTimeString("en-US", { timeStyle: "short" }), d.toLocaleTimeString("en-US", { timeStyle: "medium" }), d.toLocaleString("en-US", { dateStyle: "medium", timeStyle: "short" }), d.toLocaleString("en-US", { dateStyle: "long", timeStyle: "short" })],
  () => [d.toLocaleDateString("en-US", { year: "numeric", month: "long", day: "numeric" }), d.toLocaleDateString("en-US", { weekday: "long", year: "numeric", month: "short", day: "numeric" }), d.toLocaleDateString("en-US", { month: "2-digit", day: "2-digit", year: "numeric" }), d.toLocaleDateString("en-US", { month: "short", day: "numeric" }), d.toLocaleDateString("en-US", { year: "numeric", month: "long" }), d.toLocaleDateString("en-US", { weekday: "short" }), d.toLocaleDateString("en-US", { month: "long" })],
  () => [d.toLocaleTimeString("en-US", { hour: "2-digit", minute: "2-digit" }), d.toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit", hour12: false }), d.toLocaleTimeString("en-US", { hour12: false }), d.toLocaleTimeString("en-US", { hour: "numeric" }), d.toLocaleString("en-US", { hour12: false })],
  () => [d.toLocaleString("en-US", { timeZone: "UTC" }), d.toLocaleTimeString("en-US", { timeZone: "UTC", timeZoneName: "short" })],
  () => d.toLocaleString("en-US", { timeZone: "Nowhere/Else" }),
  () => [(1234.5).toLocaleString("de-DE"), d.toLocaleDateString("de-DE"), d.toLocaleDateString("en-GB")],
  () => ["_", "-", ",", ";", ":", "!", "?", ".", "'", '"', "(", ")", "[", "]", "{", "}", "@", "*", "/", "\\", "&", "#", "%", "`", "^", "+", "<", "=", ">", "|", "~", "$", " ", "0", "9", "a", "A", "z", "Z"].reverse().sort((a, b) => a.localeCompare(b)).join(""),
  () => ["cote", "coté", "côte", "côté", "Cote", "cot", "co te", "co-te", "zebra", "Äpfel", "apfel", "Apfel", "öl", "ol", "Ölz", "éa", "eb", "straße", "strasse", "strast"].sort((a, b) => a.localeCompare(b)),
  () => ["a10", "a9", "a09", "a1b", "a1", "a", "b1"].sort((a, b) => a.localeCompare(b, undefined, { numeric: true })),
  () => [["a", "A"], ["a", "á"], ["a", "b"], ["A", "á"]].map(([x, y]) => ["base", "accent", "case", "variant"].map((sensitivity) => x.localeCompare(y, "en", { sensitivity }))),
  () => [["", "a"], ["a", ""], ["a", "aa"], ["ab", "aB"], ["aB", "Ab"], ["a b", "ab"], ["\0a", "a"], ["1", "a"], ["Z", "ä"], ["α", "z"], ["я", "ω"]].map(([x, y]) => x.localeCompare(y)),
], { messages: false });
