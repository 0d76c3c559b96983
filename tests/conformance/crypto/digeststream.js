// crypto.DigestStream: digests of what is written, counts, errors, abort, pipes, and its hash names.
import { checks } from "../checks.js";

const { DigestStream } = crypto;
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const told = (promise) => promise.then(hex, (error) => `${error?.name}: ${error?.message ?? error}`);
const soon = (promise) => Promise.race([promise, new Promise((done) => setTimeout(done, 10, "pending"))]);

async function digest(name, ...chunks) {
  const stream = new DigestStream(name), writer = stream.getWriter();
  for (const chunk of chunks) await writer.write(chunk);
  await writer.close();
  return [hex(await stream.digest), String(stream.bytesWritten)];
}

async function outcome(use, name = "SHA-256") {
  const stream = new DigestStream(name), writer = stream.getWriter();
  const digested = soon(told(stream.digest));
  const did = await told(Promise.resolve(use(writer, stream)).then(() => new ArrayBuffer(0)));
  return [did, await digested, String(stream.bytesWritten)];
}

export default checks([
  () => digest("SHA-256", bytes("abc")),
  () => digest("SHA-1", bytes("a"), bytes("b"), bytes("c")),
  () => digest("SHA-512", "ab", bytes("c")),
  () => digest("MD5", "h\u00e9\ud83d\ude00"),
  () => digest("sha-384"),
  () => digest({ name: "SHA-1" }, "", new ArrayBuffer(0), bytes("x")),
  () => digest("SHA-256", ...Array.from({ length: 40 }, (_, i) => new Uint8Array(i * 7).fill(i))),
  () => digest("SHA-512", new Uint8Array(127), new Uint8Array(1), new Uint8Array(256), new Uint8Array(130)),
  () => digest("SHA-1", new Uint8Array(64), new Uint8Array(63), new Uint8Array(1), new Uint8Array(65)),
  () => digest("SHA-256", new Uint16Array([1, 2]), new DataView(new ArrayBuffer(3)), new ArrayBuffer(2)),
  () => outcome((writer) => writer.write(1)),
  () => outcome((writer) => writer.write({})),
  () => outcome((writer) => writer.write(null)),
  () => outcome((writer) => writer.write([1])),
  () => outcome((writer) => writer.abort(new RangeError("mine"))),
  () => outcome((writer) => writer.abort("text")),
  () => outcome(async (writer) => { await writer.write("x"); await writer.close(); return writer.write("y"); }),
  () => outcome(async (writer) => { await writer.write("x"); await writer.close(); return writer.abort("late"); }),
  async () => { const stream = new DigestStream("SHA-1"); await new Response("piped").body.pipeTo(stream); return [hex(await stream.digest), stream.bytesWritten]; },
  async () => { const stream = new DigestStream("SHA-1"); await new Blob(["piped"]).stream().pipeTo(stream); return hex(await stream.digest); },
  async () => { const stream = new DigestStream("SHA-1"); const writer = stream.getWriter(); const data = bytes("abc"); const written = writer.write(data); await written; data.fill(0); writer.close(); return hex(await stream.digest); },
  () => { const stream = new DigestStream("SHA-1"); return stream.digest === stream.digest; },
  () => { const stream = new DigestStream("SHA-1"); return [stream instanceof WritableStream, stream.locked, Object.prototype.toString.call(stream)]; },
  () => { class Mine extends DigestStream {} return [new Mine("MD5") instanceof Mine, new Mine("MD5").bytesWritten]; },
  () => [DigestStream.name, globalThis.DigestStream, Object.getOwnPropertyNames(DigestStream.prototype).sort()],
  () => new DigestStream(),
  () => new DigestStream("SHA-3"),
  () => new DigestStream(null),
  () => new DigestStream({}),
  () => new DigestStream(1),
]);
