// Streams of bodies and blobs: pieces, readAtLeast(), BYOB reads.
import { checks } from "../checks.js";

const all = async (stream) => {
  const sizes = [];
  for await (const chunk of stream) sizes.push(chunk.length);
  return sizes;
};

export default checks([
  async () => all(new Response(new Uint8Array(20000)).body),
  async () => all(new Response("x".repeat(20000)).body),
  async () => all(new Blob(["x".repeat(20000)]).stream()),
  async () => { const b = new Response("abcdef").body; const d = b.getReader({ mode: "byob" }); return [await d.readAtLeast(4, new Uint8Array(5)), await d.readAtLeast(4, new Uint8Array(5)), await d.read(new Uint8Array(2))]; },
  async () => { const b = new Response("abcdef").body; const d = b.getReader({ mode: "byob" }); return d.readAtLeast(2, new Uint32Array(5)); },
  async () => { const b = new Response("abcdef").body; const d = b.getReader({ mode: "byob" }); const v = new Uint8Array(4); const p = d.read(v); const n = v.byteLength; await p; return [n, v.byteLength]; },
]);
