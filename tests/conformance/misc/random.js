// Calls made up at random, the same on every run: arguments that nobody writes on purpose.
import { checks } from "../checks.js";

let state = 20261101;
const random = (n) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
};
const pick = (list) => list[random(list.length)];
const some = (list, most) => Array.from({ length: random(most + 1) }, () => pick(list));
const text = (letters, most) => some([...letters], most).join("");
const value = () => pick([undefined, null, true, 0, -1, 1.5, NaN, "", "a", "GET", "é", "\u0000", "x\ny", [], [["a", "b"]], {}, { a: "b" },
  { a: 1, b: [2] }, Symbol.iterator, 5n, "text/plain", "  spaced\t", "a".repeat(20)]);
const shown = (v) => (typeof v === "symbol" ? "Symbol()" : typeof v === "bigint" ? `${v}n` : v === undefined ? "undefined" : Number.isNaN(v) ? "NaN" : JSON.stringify(v));

const makers = {
  headers() {
    const steps = Array.from({ length: 1 + random(4) }, () => [pick(["append", "set", "delete", "get", "has", "getSetCookie"]),
      pick(["a", "A", "b", "Set-Cookie", "x y", "", "content-type"]), value()]);
    return [`Headers ${steps.map(([m, n, v]) => `${m}(${shown(n)},${shown(v)})`).join(".")}`, () => {
      const h = new Headers({ a: "1", "set-cookie": "q=1" });
      const out = steps.map(([m, n, v]) => h[m](n, v));
      return [out, [...h]];
    }];
  },
  headersInit() {
    const v = value();
    return [`new Headers(${shown(v)})`, () => [...new Headers(v)]];
  },
  request() {
    const init = Object.fromEntries(some(["method", "body", "headers", "redirect", "cache", "signal", "integrity", "keepalive", "mode", "credentials", "cf", "duplex"], 3).map((k) => [k, value()]));
    return [`new Request(url, {${Object.entries(init).map(([k, v]) => `${k}: ${shown(v)}`)}})`, async () => {
      const r = new Request("http://a.example/p", init);
      return [r.method, [...r.headers], r.redirect, r.cache, r.integrity, r.keepalive, r.signal !== null, await r.text()];
    }];
  },
  response() {
    const body = value();
    const init = Object.fromEntries(some(["status", "statusText", "headers", "cf", "encodeBody", "webSocket"], 2).map((k) => [k, pick([value(), 200, 204, 101, 404, "201", 600])]));
    return [`new Response(${shown(body)}, {${Object.entries(init).map(([k, v]) => `${k}: ${shown(v)}`)}})`, async () => {
      const r = new Response(body, init);
      return [r.status, r.statusText, [...r.headers], r.ok, await r.text()];
    }];
  },
  search() {
    const query = text("ab=&+% %zé?#;[]\u{1F600}", 14);
    return [`new URLSearchParams(${shown(query)})`, () => { const p = new URLSearchParams(query); return [[...p], p.toString(), p.size]; }];
  },
  url() {
    const url = pick(["http://", "https:", "file:///", "", "//", "a:", "data:", "http://user:p@"]) + text("ab/.:?#@%[]\\ é1-_~|<>^`\t", 12);
    return [`new URL(${shown(url)}, base)`, () => { const u = new URL(url, "http://base.example/dir/file?q#h"); return [u.href, u.host, u.pathname, u.search, u.hash, u.origin]; }];
  },
  urlSet() {
    const key = pick(["protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash", "href"]), v = text("ab/.:?#@%[]\\ é19", 8);
    return [`url.${key} = ${shown(v)}`, () => { const u = new URL("https://u:p@h.example:81/p?q#f"); u[key] = v; return u.href; }];
  },
  base64() {
    const data = text("QUJDRA==-_+/ \n\té*", 10);
    return [`atob(${shown(data)})`, () => atob(data)];
  },
  utf8() {
    const bytes = Uint8Array.from(some([0x41, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xe2, 0xed, 0xa0, 0xef, 0xbb, 0xf0, 0x9f, 0xf4, 0x90, 0xff], 9));
    const split = random(bytes.length + 1), fatal = random(3) === 0, ignoreBOM = random(2) === 0, label = pick(["utf-8", "utf-8", "utf-16le", "utf-16be", "latin1"]);
    return [`${label} [${bytes}] split ${split}${fatal ? " fatal" : ""}${ignoreBOM ? " ignoreBOM" : ""}`, () => {
      const d = new TextDecoder(label, { fatal, ignoreBOM });
      return [d.decode(bytes.subarray(0, split), { stream: true }), d.decode(bytes.subarray(split))].map((s) => JSON.stringify(s));
    }];
  },
  blob() {
    const parts = some(["ab", "é", new Uint8Array([1, 2, 3]), new Blob(["zz"]), 5, null], 4), from = random(12) - 5, to = random(12) - 5, type = pick(["", "Text/Plain", "é", "a\nb", undefined]);
    return [`new Blob(${parts.length} parts, ${shown(type)}).slice(${from}, ${to})`, async () => { const b = new Blob(parts, { type }).slice(from, to, type); return [b.size, b.type, [...(await b.bytes())]]; }];
  },
  form() {
    const body = some(["--b\r\n", "--b--\r\n", "--b--", "content-disposition: form-data; name=\"a\"\r\n", "Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n",
      "content-type: text/plain\r\n", "\r\n", "v", "--b"], 9).join("");
    return [`formData(${shown(body)})`, async () => {
      const f = await new Response(body, { headers: { "content-type": "multipart/form-data; boundary=b" } }).formData();
      return Promise.all([...f].map(async ([k, v]) => [k, typeof v === "string" ? v : [v.name, v.type, await v.text()]]));
    }];
  },
  formUrl() {
    const body = text("ab=&+20zé", 12);
    return [`urlencoded(${shown(body)})`, async () => [...(await new Response(body, { headers: { "content-type": "application/x-www-form-urlencoded;charset=utf-8" } }).formData())]];
  },
  event() {
    const init = Object.fromEntries(some(["bubbles", "cancelable", "composed"], 3).map((k) => [k, value()])), type = value();
    return [`new Event(${shown(type)}, {${Object.entries(init).map(([k, v]) => `${k}: ${shown(v)}`)}})`, () => { const e = new Event(type, init); e.preventDefault(); return [e.type, e.bubbles, e.cancelable, e.composed, e.defaultPrevented]; }];
  },
  clone() {
    const make = (depth) => depth === 0 || random(3) === 0 ? value() : random(2) ? Array.from({ length: random(3) }, () => make(depth - 1)) : new Map([[make(0), make(depth - 1)]]);
    const v = make(3);
    const print = (x) => (x instanceof Map ? `Map(${[...x].map(print)})` : Array.isArray(x) ? `[${x.map(print)}]` : shown(x));
    return [`structuredClone(${print(v)})`, () => print(structuredClone(v))];
  },
  redirect() {
    const url = pick(["/x", "http://a/é", "nope://x", "", "http://a b/"]), status = pick([undefined, 301, 302, 200, "303", NaN, 308.9]);
    return [`Response.redirect(${shown(url)}, ${shown(status)})`, () => { const r = Response.redirect(url, status); return [r.status, r.headers.get("location")]; }];
  },
};

const list = {};
for (const [name, make] of Object.entries(makers)) {
  for (let i = 0; i < 25; i++) {
    const [title, check] = make();
    list[`${name} ${i}: ${title}`] = check;
  }
}
export default checks(list);
