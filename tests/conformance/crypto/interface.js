// The objects of Web Crypto as a Worker finds them: crypto, SubtleCrypto, CryptoKey; getRandomValues, randomUUID, timingSafeEqual.
import { checks } from "../checks.js";

const { subtle } = crypto;
const key = await subtle.importKey("raw", new Uint8Array(32), { name: "HMAC", hash: "SHA-256" }, true, ["verify", "sign"]);
const tag = (value) => Object.prototype.toString.call(value);
const shape = (object, name) => {
  const { value, get, enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(object, name);
  return [get ? "get" : typeof value, enumerable, configurable, writable];
};
const methods = ["encrypt", "decrypt", "sign", "verify", "digest", "generateKey", "deriveKey", "deriveBits", "importKey",
  "exportKey", "wrapKey", "unwrapKey", "timingSafeEqual"];

export default checks([
  () => [tag(crypto), tag(subtle), tag(key)],
  () => [crypto === globalThis.crypto, subtle === crypto.subtle],
  () => [crypto instanceof Crypto, subtle instanceof SubtleCrypto, key instanceof CryptoKey],
  () => Object.getOwnPropertyNames(crypto),
  () => shape(Crypto.prototype, "subtle"),
  () => shape(Crypto.prototype, "getRandomValues"),
  () => shape(Crypto.prototype, "DigestStream"),
  () => methods.filter((name) => shape(SubtleCrypto.prototype, name).join() !== "function,true,true,true"),
  () => methods.map((name) => SubtleCrypto.prototype[name].length).join(),
  () => Object.getOwnPropertyNames(SubtleCrypto.prototype).sort(),
  () => Object.getOwnPropertyNames(Crypto.prototype).sort(),
  () => new Crypto(),
  () => new SubtleCrypto(),
  () => new CryptoKey(),
  () => Object.keys(key),
  () => JSON.stringify(key),
  () => [key.type, key.extractable, key.algorithm, key.usages],
  () => [key.algorithm === key.algorithm, key.usages === key.usages],
  () => [shape(key, "type"), shape(key, "algorithm")],
  () => [Reflect.set(key, "type", "public"), key.type],
  () => { key.usages.push("encrypt"); key.algorithm.name = "X"; return subtle.sign("HMAC", key, new Uint8Array()).then((s) => s.byteLength); },
  () => subtle.sign("HMAC", { ...key }, new Uint8Array()),
  () => subtle.sign("HMAC", new Proxy(key, {}), new Uint8Array()),
  () => crypto.getRandomValues(new Uint8Array(4)).length,
  () => { const a = new Uint32Array(2); return crypto.getRandomValues(a) === a; },
  () => crypto.getRandomValues(new Uint8Array(65536)).length,
  () => crypto.getRandomValues(new Uint8Array(65537)),
  () => crypto.getRandomValues(new Float32Array(1)),
  () => crypto.getRandomValues(new DataView(new ArrayBuffer(1))),
  () => crypto.getRandomValues(new BigInt64Array(1)).length,
  () => crypto.getRandomValues(new Uint8Array(0)).length,
  () => crypto.getRandomValues(new ArrayBuffer(1)),
  () => crypto.getRandomValues([1]),
  () => crypto.getRandomValues(),
  () => crypto.getRandomValues(new Uint8Array(64)).some((byte) => byte !== 0),
  () => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()),
  () => crypto.randomUUID() === crypto.randomUUID(),
  () => subtle.timingSafeEqual(new Uint8Array([1, 2]), new Uint8Array([1, 2])),
  () => subtle.timingSafeEqual(new Uint8Array([1, 2]), new Uint8Array([1, 3])),
  () => subtle.timingSafeEqual(new Uint8Array([1, 2]).buffer, new DataView(new Uint8Array([1, 2]).buffer)),
  () => subtle.timingSafeEqual(new Uint16Array([1]), new Uint8Array([1, 0])),
  () => subtle.timingSafeEqual(new Uint8Array(0), new ArrayBuffer(0)),
  () => subtle.timingSafeEqual(new Uint8Array(1), new Uint8Array(2)),
  () => subtle.timingSafeEqual(new Uint8Array(1), "a"),
  () => subtle.timingSafeEqual("a", new Uint8Array(1)),
  () => subtle.timingSafeEqual(),
]);
