// services: SELF=self#Main, PEER=peer#Main
// memory: 512
// Workers RPC: large messages, up to 32 MiB and beyond.
import { WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const MiB = 1 << 20;
export class Main extends WorkerEntrypoint {
  length(v) {
    return v.byteLength ?? v.length;
  }
  lengths(...list) {
    return list.map((v) => v.byteLength ?? v.length);
  }
  bytes(n) {
    return new Uint8Array(n);
  }
  text(n) {
    return "x".repeat(n);
  }
  nested(n) {
    return { a: { b: new Uint8Array(n), f: () => "called" } };
  }
  async call(f) {
    return (await f()).byteLength;
  }
  big(n) {
    return { deep: new Uint8Array(n), small: 5 };
  }
  get property() {
    return new Uint8Array(33 * MiB);
  }
  fail(n) {
    throw new Error("e".repeat(n));
  }
}
const told = (e) => `${e.constructor.name} ${e.name}: ${e.message.replace(/\d{6,}/, (n) => `${Math.round(n / MiB)} MiB`)}`;
const sum = (b) => b.reduce((a, x) => (a * 31 + x) | 0, 0);

export default checks([
  async ({ env }) => await env.SELF.length(new Uint8Array(MiB)),
  async ({ env }) => await env.SELF.length(new Uint8Array(8 * MiB)),
  async ({ env }) => await env.SELF.length(new Uint8Array(31 * MiB)),
  async ({ env }) => await env.SELF.length(new Uint8Array(32 * MiB)).catch(told),
  async ({ env }) => await env.SELF.length(new Uint8Array(33 * MiB)).catch(told),
  async ({ env }) => await env.SELF.length("x".repeat(31 * MiB)),
  async ({ env }) => await env.SELF.length("x".repeat(33 * MiB)).catch(told),
  async ({ env }) => await env.SELF.lengths(new Uint8Array(20 * MiB), new Uint8Array(20 * MiB)).catch(told),
  async ({ env }) => await env.SELF.lengths("a", new Uint8Array(5 * MiB), "b"),
  async ({ env }) => (await env.SELF.bytes(31 * MiB)).byteLength,
  async ({ env }) => await env.SELF.bytes(33 * MiB).catch(told),
  async ({ env }) => (await env.PEER.text(31 * MiB)).length,
  async ({ env }) => await env.PEER.text(33 * MiB).catch(told),
  async ({ env }) => await env.SELF.property.catch(told),
  async ({ env }) => { using o = await env.SELF.nested(5 * MiB); return [o.a.b.byteLength, await o.a.f()]; },
  async ({ env }) => await env.SELF.call(() => new Uint8Array(33 * MiB)).catch(told),
  async ({ env }) => await env.SELF.call(() => new Uint8Array(10 * MiB)),
  async ({ env }) => await env.SELF.big(33 * MiB).small.catch(told),
  async ({ env }) => { const p = env.SELF.length(new Uint8Array(33 * MiB)); p.catch(() => {}); return p.constructor.name; },
  async ({ env }) => await env.SELF.length([1, 2, 3]),
  async ({ env }) => (await env.SELF.fail(MiB).catch((e) => e)).message.length,
  async ({ env }) => { const b = Uint8Array.from({ length: 200000 }, (_, i) => (i * 7) >> 3); return sum(await env.PEER.lengths(b).then(() => b)) === sum(b); },
]);
