// How SubtleCrypto reads its arguments: order of dictionary fields, coercions, what is missing, which error comes first.
import { checks } from "../checks.js";

const { subtle } = crypto;
const u = (...list) => new Uint8Array(list);
const hmac = await subtle.importKey("raw", new Uint8Array(32), { name: "HMAC", hash: "SHA-256" }, true, ["verify", "sign"]);
const gcm = await subtle.importKey("raw", new Uint8Array(32), "AES-GCM", true, ["encrypt", "decrypt", "wrapKey", "unwrapKey"]);
const sha1 = { name: "HMAC", hash: "SHA-1" };
const load = (algorithm, extractable, usages) => subtle.importKey("raw", u(1, 2, 3, 4), algorithm, extractable, usages);
const withLength = async (length) => (await load({ ...sha1, length }, true, ["sign"])).algorithm.length;
const withFlag = async (flag) => (await load(sha1, flag, ["sign"])).extractable;

async function order(call) {
  const seen = [];
  const spy = (object) => new Proxy(object, { get: (target, name) => (seen.push(String(name)), target[name]) });
  try {
    await call(spy);
  } catch (error) {
    seen.push(error.message);
  }
  return seen.join();
}

export default checks([
  () => order((spy) => subtle.digest(spy({ name: "SHA-1" }), u())),
  () => order((spy) => subtle.encrypt(spy({ name: "AES-GCM", iv: u(1) }), gcm, u())),
  () => order((spy) => subtle.sign(spy({ name: "HMAC" }), hmac, u())),
  () => order((spy) => subtle.generateKey(spy({ name: "AES-GCM", length: 5 }), true, [])),
  () => order((spy) => subtle.deriveBits(spy({ name: "HKDF" }), hmac, 8)),
  () => order((spy) => subtle.importKey("raw", u(1), spy({ name: "HKDF" }), true, [])),
  () => order((spy) => subtle.importKey("jwk", spy({ kty: "oct", k: "AA" }), "HKDF", true, [])),
  () => order((spy) => subtle.deriveKey(spy({ name: "HKDF" }), hmac, spy({ name: "HMAC", hash: spy({ name: "x" }) }), true, [])),
  () => load(null, true, []),
  () => load(undefined, true, []),
  () => load({}, true, []),
  () => load([], true, []),
  () => load(7, true, []),
  () => load({ name: "HMAC", hash: null }, true, ["sign"]),
  () => load({ name: "HMAC", hash: 5 }, true, ["sign"]),
  () => load({ name: "HMAC", hash: {} }, true, ["sign"]),
  () => load("HMAC", true, ["sign"]),
  async () => (await load({ name: "hmac", hash: { name: "sha-256" } }, true, ["sign"])).algorithm,
  async () => (await load({ name: "hMAC", hash: "md5" }, true, ["sign"])).algorithm,
  () => subtle.encrypt(null, gcm, u()),
  () => subtle.sign(null, hmac, u()),
  () => subtle.generateKey(null, true, []),
  () => subtle.deriveBits(null, hmac, 8),
  () => subtle.importKey("jwk", null, "HKDF", false, ["deriveBits"]),
  () => subtle.importKey("jwk", undefined, "HKDF", false, ["deriveBits"]),
  () => subtle.importKey("jwk", 1, "HKDF", false, ["deriveBits"]),
  () => subtle.importKey("jwk", {}, "HKDF", false, ["deriveBits"]),
  () => subtle.importKey("jwk", { kty: "oct", key_ops: 1 }, "HMAC", false, ["sign"]),
  () => subtle.importKey("jwk", { kty: "oct", key_ops: "sign" }, "HMAC", false, ["sign"]),
  () => subtle.importKey("jwk", { kty: "oct", oth: 1 }, "HMAC", false, ["sign"]),
  () => subtle.importKey("jwk", { kty: "oct", oth: [1] }, "HMAC", false, ["sign"]),
  () => withLength("32"),
  () => withLength(32.9),
  () => withLength(undefined),
  () => withLength("1.5"),
  () => withLength(-1),
  () => withLength(2 ** 31),
  () => withLength(2 ** 32 + 32),
  () => withLength(Infinity),
  () => withLength(NaN),
  () => withLength(null),
  () => withLength(32n),
  () => withLength(Symbol("x")),
  () => withLength({ valueOf: () => 32 }),
  () => withFlag(undefined),
  () => withFlag(0),
  () => withFlag("no"),
  () => load(sha1, true, [1]),
  () => load(sha1, true, ["Sign"]),
  () => load(sha1, true, [""]),
  () => load(sha1, true, new Set(["sign"])),
  () => load(sha1, true, "sign"),
  () => load(sha1, true, null),
  () => load(sha1, true, [Symbol("x")]),
  () => load(sha1, true, []),
  async () => (await load(sha1, true, ["verify", "sign", "verify"])).usages,
  () => subtle.importKey(),
  () => subtle.importKey("raw"),
  () => subtle.importKey("raw", 1, "HKDF", true, ["deriveBits"]),
  () => subtle.importKey("raw", u(1)),
  () => subtle.importKey("raw", u(1), "HKDF"),
  () => subtle.importKey("raw", u(1), "HKDF", false),
  () => subtle.importKey("rav", u(1), "HKDF", true, ["deriveBits"]),
  () => subtle.importKey("rav", {}, "XYZ", true, ["deriveBits"]),
  () => subtle.importKey("raw", {}, "XYZ", true, ["deriveBits"]),
  () => subtle.importKey("jwk", u(1), "XYZ", true, ["deriveBits"]),
  () => subtle.importKey("raw", u(1), "XYZ", true, ["deriveBits"]),
  () => subtle.sign(),
  () => subtle.sign("HMAC"),
  () => subtle.sign("HMAC", {}),
  () => subtle.sign("HMAC", hmac),
  () => subtle.sign("HMAC", hmac, "x"),
  () => subtle.sign("HKDF", hmac, u()),
  () => subtle.sign("AES-GCM", gcm, u()),
  () => subtle.verify("HMAC", hmac, u()),
  () => subtle.encrypt("HMAC", hmac, u()),
  () => subtle.encrypt("AES-GCM", gcm),
  () => subtle.encrypt("AES-CBC", gcm, u()),
  () => subtle.deriveBits("HKDF", hmac, -1),
  () => subtle.deriveBits("HKDF", hmac, 2 ** 40),
  () => subtle.deriveBits("HKDF", hmac),
  () => subtle.deriveKey("HKDF", hmac),
  () => subtle.deriveKey("HKDF", hmac, "HMAC", true),
  () => subtle.generateKey("HMAC", true),
  () => subtle.generateKey("XYZ", true, ["sign"]),
  () => subtle.generateKey("HKDF", true, ["deriveBits"]),
  () => subtle.exportKey("raw", {}),
  () => subtle.exportKey("x", hmac),
  () => subtle.exportKey(null, gcm),
  () => subtle.wrapKey("raw", hmac),
  () => subtle.wrapKey("raw", hmac, gcm),
  () => subtle.unwrapKey("raw", "x"),
  () => subtle.unwrapKey("raw", u(), gcm, "AES-GCM"),
  () => subtle.unwrapKey("raw", u(), gcm, "AES-GCM", "HMAC", true),
]);
