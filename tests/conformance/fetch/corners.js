// Corners that calls made up at random found: status texts, empty bodies where there may be none, forms cut short, the
// order in which an init is read.
import { checks } from "../checks.js";

const told = (r) => [r.status, r.statusText, [...r.headers], r.body === null];
const form = (body) => new Response(body, { headers: { "content-type": "multipart/form-data; boundary=b" } }).formData()
  .then((f) => [...f].map(([k, v]) => [k, typeof v === "string" ? v : [v.name, v.type]]));
const list = {};
const TEXTS = ["a b", " a", "a ", "a\tb", "\t", "a\t", "  ", "a\r", "é", "\x7f", "\x00", "", "\x1f", "a\u0100"];
for (const t of TEXTS) list[`statusText ${JSON.stringify(t)}`] = () => told(new Response("x", { statusText: t }));
const BODIES = {
  "empty string": "", "string": "a", "null": null, "undefined": undefined, "empty bytes": new Uint8Array(), "empty buffer": new ArrayBuffer(0),
  "empty blob": new Blob([]), "typed blob": new Blob([], { type: "a/b" }), "params": new URLSearchParams(), "stream": new ReadableStream(),
};
for (const [n, b] of Object.entries(BODIES)) {
  for (const status of [204, 205, 304, 101, 200]) list[`${n} ${status}`] = () => told(new Response(b, { status }));
}
list["headers kept"] = () => told(new Response("", { status: 204, headers: { "content-type": "x/y" } }));
const cd = 'Content-Disposition: form-data; name="a"\r\n', ct = "content-type: text/plain\r\n";
const FORMS = [
  "--b\r\n" + ct + "\r\n",
  "--b\r\n" + ct + "\r\nx",
  "--b\r\n\r\n",
  "--b\r\n\r\nx",
  "--b\r\n\r\n--b--",
  "--b\r\n\r\n--b--\r\n",
  "--b\r\n\r\n\r\n--b--",
  "--b\r\n" + cd,
  "--b\r\n" + cd + "\r\n",
  "--b\r\n" + cd + "\r\nx",
  "--b\r\n" + cd + "--b--",
  "--b\r\n" + cd + "--b--\r\n\r\n",
  "--b\r\n" + cd + "--b--\r\n\r\nx\r\n--b--",
  "--b\r\n" + ct + "--b\r\n--b--\r\n\r\n",
  "--b\r\n" + ct,
  "--b\r\nfoo\r\n\r\n",
  "--b\r\nfoo\r\n\r\nx\r\n--b--",
  "--b\r\nfoo",
  "--b\r\n",
  "--b",
  "--b--",
  "--b--\r\n",
  "",
  "x",
  "--b\r\n--b--",
  "--b\r\n" + cd + "\r\nx\r\n--b",
  "--b\r\n" + cd + "\r\nx\r\n--b-",
  "--b\r\n" + cd + "\r\nx\r\n--b\r\n",
  "--b\r\n" + cd + "\r\nx\r\n--b\r\n\r\n",
  "--b\r\n" + cd + "\r\nx\r\n--b\r\n" + ct + "\r\n",
  "--b\r\n" + cd + "\r\nx\r\n--bz\r\n\r\n--b--",
  "--b\r\n" + cd + cd + "\r\nx\r\n--b--",
  "--b\r\n" + ": x\r\n" + cd + "\r\nx\r\n--b--",
  "--b\r\nContent-Disposition: form-data\r\n\r\n",
  "--b\r\nContent-Disposition: x; name=a\r\n\r\n",
  "--b\r\nContent-Disposition: x; name=a\r\n\r\nq\r\n--b--",
  "--b\r\n" + cd + "x y: z\r\n\r\nq\r\n--b--",
  "--b\r\n" + cd + "x y: z\r\n\r\nq",
  "--b\r\n" + cd + "\r\nq\n--b--",
  "--b\r\n" + cd + "\r\n--b--",
  "--b\n" + cd + "\r\nq\r\n--b--",
  "--bx\r\n" + cd + "\r\nq\r\n--b--",
  "--b--\r\n" + cd + "\r\n",
  "--b--x",
  "--b-",
  "--b \r\n" + cd + "\r\nq\r\n--b--",
];
for (const b of FORMS) list[`form ${JSON.stringify(b)}`] = () => form(b);
const INITS = {
  a: { cache: "x", body: Symbol() },
  b: { integrity: "x", body: Symbol() },
  c: { cf: 5, body: Symbol() },
  d: { signal: 5, body: Symbol() },
  e: { headers: 5, body: Symbol() },
  f: { method: Symbol(), body: Symbol("b") },
  g: { redirect: "x", body: Symbol() },
  h: { redirect: "x", cache: "y" },
  i: { redirect: "x", integrity: "y" },
  j: { cache: "x", integrity: "y" },
  k: { cf: 5, integrity: "y" },
  l: { cf: 5, cache: "y" },
  m: { signal: 5, cache: "x" },
  n: { method: "x y", cache: "x" },
  o: { headers: 5, cache: "x" },
  p: { method: "x y", headers: 5 },
  q: { method: "x y", redirect: "x" },
  r: { method: "GET", body: "x", redirect: "y" },
  s: { method: "GET", body: "x", cache: "y" },
  t: { method: "GET", body: "x", headers: [["a b", "c"]] },
  u: { headers: [["a b", "c"]], redirect: "x" },
  v: { headers: [["a b", "c"]], cache: "x" },
  w: { headers: [["a b", "c"]], method: "x y" },
  x: { signal: 5, cf: 5 },
  y: { signal: 5, headers: 5 },
  z: { method: Symbol(), headers: 5 },
};
for (const [n, i] of Object.entries(INITS)) list[`init ${n}`] = () => new Request("http://a/", i).method;
function readBy(make) {
  const log = [];
  make(new Proxy({}, { get: (_, key) => void log.push(String(key)) }));
  return log;
}
list["what Request reads"] = () => readBy((init) => new Request("http://a/", init));
list["what Response reads"] = () => readBy((init) => new Response("", init));
export default checks(list);
