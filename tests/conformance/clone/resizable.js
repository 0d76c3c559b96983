// structuredClone() of buffers that can be resized, and of views that follow their length.
import { checks } from "../checks.js";

const clone = structuredClone;
const make = (size = 8, max = 16) => {
  const buffer = new ArrayBuffer(size, { maxByteLength: max });
  new Uint8Array(buffer).forEach((_, i, all) => (all[i] = i + 1));
  return buffer;
};
const told = (buffer) => [buffer.byteLength, buffer.resizable, buffer.maxByteLength];
// What a view is before and after its buffer grew to 12 bytes and shrank to 6.
const follow = (view) => {
  const seen = [[view.byteOffset, view.byteLength, ...told(view.buffer)]];
  for (const size of [12, 6]) {
    view.buffer.resize(size);
    seen.push([view.byteOffset, view.byteLength]);
  }
  return seen;
};

export default checks([
  () => { const b = make(), c = clone(b); return [told(c), new Uint8Array(c), c === b]; },
  () => { const c = clone(make()); c.resize(16); return [c.byteLength, new Uint8Array(c)]; },
  () => { const c = clone(make()); try { c.resize(17); } catch (e) { return e.name; } },
  () => told(clone(make(0, 0))),
  () => told(clone(make(8, 8))),
  () => told(clone(make(1, 2 ** 30))),
  () => told(clone(new ArrayBuffer(8))),
  () => follow(clone(new Uint8Array(make()))),
  () => follow(clone(new Uint16Array(make(), 4))),
  () => follow(clone(new Uint8Array(make(), 4, 2))),
  () => follow(clone(new Uint8Array(make(), 4, 4))),
  () => follow(clone(new BigInt64Array(make()))),
  () => { const v = clone(new Float32Array(make(6))); return [v.length, v.byteLength, v.buffer.byteLength, (v.buffer.resize(9), v.length)]; },
  () => { const v = clone(new DataView(make(), 4)); return [v.byteOffset, v.byteLength, (v.buffer.resize(12), v.byteLength), v.getUint8(0)]; },
  () => { const v = clone(new DataView(make(), 4, 2)); return [v.byteOffset, v.byteLength, (v.buffer.resize(12), v.byteLength)]; },
  () => { const b = make(), v = new Uint8Array(b, 4, 4); b.resize(6); return clone(v); },
  () => { const b = make(), v = new Uint8Array(b, 4); b.resize(2); return clone(v); },
  () => { const b = make(), v = new DataView(b, 4); b.resize(2); return clone(v); },
  () => { const b = make(), v = new Uint8Array(b); b.resize(3); return follow(clone(v)); },
  () => { const b = make(), [u, h, c] = clone([new Uint8Array(b), new Uint16Array(b, 2, 1), b]); return [u.buffer === c, h.buffer === c, told(c)]; },
  () => { const b = make(), c = clone(b, { transfer: [b] }); return [b.detached, told(b), told(c)]; },
  () => { const b = make(), v = new Uint16Array(b, 4), c = clone(v, { transfer: [b] }); return [v.length, follow(c)]; },
  () => { const e = clone(new Error("m", { cause: make() })); return told(e.cause); },
  () => told(clone(new Map([[1, make()]])).get(1)),
  () => { const { port1, port2 } = new MessageChannel(); return new Promise((resolve) => { port2.onmessage = (e) => resolve(follow(e.data)); port1.postMessage(new Uint8Array(make())); }); },
]);
