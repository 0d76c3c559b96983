// describe.mjs: any value that Cap'n Web carries as a text, the same on Node.js, in Workers and in browsers; checks.

const viewOf = (v) => new Uint8Array(v.buffer ?? v, v.byteOffset ?? 0, v.byteLength);
const classOf = (v) => (v.constructor.name === "Buffer" ? "Uint8Array" : v.constructor.name); // on Node.js

// FNV-1a
function hash(length, at) {
  let h = 0x811c9dc5;
  for (let i = 0; i < length; i++) h = Math.imul(h ^ at(i), 0x01000193) >>> 0;
  return h.toString(16);
}

// Long ones as their length and a hash.
const short = (text) =>
  text.length <= 200 ? text : `${text.slice(0, 20)}…${text.length}:${hash(text.length, (i) => text.charCodeAt(i))}`;
function hex(bytes) {
  if (bytes.length > 100) return `${bytes.length}:${hash(bytes.length, (i) => bytes[i])}`;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
const hexOf = async (body) => hex(new Uint8Array(await body.arrayBuffer()));

async function error(e) {
  const own = Object.keys(e).filter((key) => !["name", "message", "stack", "cause", "errors"].includes(key));
  const parts = [e.constructor.name, e.name, JSON.stringify(e.message)];
  for (const key of own.sort()) parts.push(`${key}=${await describe(e[key])}`);
  if ("cause" in e) parts.push(`cause=${await describe(e.cause)}`);
  if ("errors" in e) parts.push(`errors=${await describe(e.errors)}`);
  return `error(${parts.join(" ")})`;
}

async function stream(s) {
  const parts = [];
  for (const reader = s.getReader(); ;) {
    const { value, done } = await reader.read();
    if (done) return `stream(${short(parts.join(" "))})`;
    parts.push(await describe(value));
  }
}

const headers = (h) => JSON.stringify([...h].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
const body = async (b) => (b.body ? hexOf(b) : "nothing");

async function list(values) {
  const parts = [];
  for (const value of values) parts.push(await describe(value));
  return parts.join(", ");
}

export async function describe(v) {
  if (typeof v === "string") return short(JSON.stringify(v));
  if (typeof v === "bigint") return short(`${v}n`);
  if (Object.is(v, -0)) return "-0";
  if (v === null || (typeof v !== "object" && typeof v !== "function")) return String(v);
  if (typeof v === "function") return "function";
  if (Array.isArray(v)) return `[${await list(v)}]`;
  if (v instanceof Date) return `date(${v.getTime()})`;
  if (v instanceof Error) return error(v);
  if (v instanceof URL) return `url(${v.href})`;
  if (v instanceof Headers) return `headers(${headers(v)})`;
  if (v instanceof Blob) return `blob(${v.type} ${v.size} ${await hexOf(v)})`;
  if (v instanceof Request) return `request(${v.method} ${v.url} ${v.redirect} ${headers(v.headers)} ${await body(v)})`;
  if (v instanceof Response) return `response(${v.status} ${v.statusText} ${headers(v.headers)} ${await body(v)})`;
  if (v instanceof ReadableStream) return stream(v);
  if (v instanceof WritableStream) return "writable";
  if (v instanceof ArrayBuffer || ArrayBuffer.isView(v)) return `${classOf(v)}(${hex(viewOf(v))})`;
  const parts = [];
  for (const key of Object.keys(v).sort()) parts.push(`${JSON.stringify(key)}: ${await describe(v[key])}`);
  return `{${parts.join(", ")}}`;
}

export async function equal(actual, expected, what = "") {
  const [is, should] = [await describe(actual), await describe(expected)];
  if (is !== should) throw new Error(`${what}: is ${is}, should be ${should}`);
}

/** What it throws or rejects with. It is called at once. */
export async function thrown(run) {
  let result;
  try {
    result = await run();
  } catch (e) {
    return e;
  }
  throw new Error(`it gave ${await describe(result)}`);
}

/** Asks until the answer is as wanted; asking takes as long as it takes. */
export async function until(ask, wanted) {
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
  }
}
