// wrapKey and unwrapKey: every wrapping algorithm and format, AES-KW's vectors, what cannot be wrapped.
import { checks } from "../checks.js";

const { subtle } = crypto;
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const counting = (size) => Uint8Array.from({ length: size }, (_, i) => i);
const both = ["wrapKey", "unwrapKey"];
const kw = await subtle.importKey("raw", counting(16), "AES-KW", false, both);
const gcm = await subtle.importKey("raw", counting(32), "AES-GCM", false, both);
const cbc = await subtle.importKey("raw", counting(16), "AES-CBC", false, both);
const ctr = await subtle.importKey("raw", counting(16), "AES-CTR", false, both);
const iv = new Uint8Array(16);
const hmac = (size, extractable = true) =>
  subtle.importKey("raw", counting(size), { name: "HMAC", hash: "SHA-256" }, extractable, ["sign"]);
const open = (format, wrapped, key, algorithm, wanted = { name: "HMAC", hash: "SHA-256" }, usages = ["sign"]) =>
  subtle.unwrapKey(format, wrapped, key, algorithm, wanted, true, usages);
const round = async (format, key, algorithm, size = 32) => {
  const wrapped = await subtle.wrapKey(format, await hmac(size), key, algorithm);
  return [wrapped.byteLength, hex(await subtle.exportKey("raw", await open(format, wrapped, key, algorithm)))];
};

export default checks([
  async () => hex(await subtle.wrapKey("raw", await hmac(16), kw, "AES-KW")),
  async () => hex(await subtle.wrapKey("raw", await hmac(24), kw, { name: "aes-kw" })),
  () => round("raw", kw, "AES-KW"),
  () => round("raw", gcm, { name: "AES-GCM", iv }),
  () => round("jwk", gcm, { name: "AES-GCM", iv, tagLength: 96 }),
  () => round("raw", cbc, { name: "AES-CBC", iv }, 5),
  () => round("jwk", cbc, { name: "AES-CBC", iv }),
  () => round("jwk", ctr, { name: "AES-CTR", counter: iv, length: 64 }),
  async () => new TextDecoder().decode(await subtle.decrypt({ name: "AES-CTR", counter: iv, length: 64 }, await subtle.importKey("raw", counting(16), "AES-CTR", false, ["decrypt"]), await subtle.wrapKey("jwk", await hmac(3), ctr, { name: "AES-CTR", counter: iv, length: 64 }))),
  () => round("raw", kw, "AES-KW", 8),
  () => round("raw", kw, "AES-KW", 17),
  () => round("jwk", kw, "AES-KW", 32),
  () => round("jwk", kw, "AES-KW", 30),
  () => open("raw", new Uint8Array(24), kw, "AES-KW"),
  () => open("raw", new Uint8Array(16), kw, "AES-KW"),
  () => open("raw", new Uint8Array(25), kw, "AES-KW"),
  () => open("raw", new Uint8Array(0), kw, "AES-KW"),
  () => open("raw", new Uint8Array(40), gcm, { name: "AES-GCM", iv }),
  () => open("raw", new Uint8Array(40), gcm, "AES-GCM"),
  async () => open("jwk", await subtle.wrapKey("raw", await hmac(16), gcm, { name: "AES-GCM", iv }), gcm, { name: "AES-GCM", iv }).catch((error) => error.name),
  async () => open("raw", await subtle.wrapKey("raw", await hmac(16), gcm, { name: "AES-GCM", iv }), gcm, { name: "AES-GCM", iv }, "AES-GCM", ["encrypt"]).then((key) => key.algorithm),
  async () => open("raw", await subtle.wrapKey("raw", await hmac(17), gcm, { name: "AES-GCM", iv }), gcm, { name: "AES-GCM", iv }, "AES-GCM", ["encrypt"]),
  async () => open("raw", await subtle.wrapKey("raw", await hmac(16), gcm, { name: "AES-GCM", iv }), gcm, { name: "AES-GCM", iv }, "AES-GCM", []),
  async () => open("raw", await subtle.wrapKey("raw", await hmac(16), gcm, { name: "AES-GCM", iv }), gcm, { name: "AES-GCM", iv }, "XYZ", ["encrypt"]),
  async () => subtle.wrapKey("raw", await hmac(16, false), kw, "AES-KW"),
  async () => subtle.wrapKey("spki", await hmac(16), kw, "AES-KW"),
  async () => subtle.wrapKey("raw", await hmac(16), kw, "AES-GCM"),
  async () => subtle.wrapKey("raw", await hmac(16), await hmac(16), "HMAC"),
  async () => subtle.wrapKey("raw", await hmac(16), await subtle.importKey("raw", counting(16), "AES-KW", true, ["unwrapKey"]), "AES-KW"),
  async () => subtle.wrapKey("raw", await hmac(16), gcm, "AES-GCM"),
  async () => {
    const { publicKey, privateKey } = await subtle.generateKey({ name: "RSA-OAEP", hash: "SHA-256", modulusLength: 1024,
      publicExponent: new Uint8Array([1, 0, 1]) }, true, both);
    const wrapped = await subtle.wrapKey("raw", await hmac(16), publicKey, "RSA-OAEP");
    return [wrapped.byteLength, hex(await subtle.exportKey("raw", await open("raw", wrapped, privateKey, "RSA-OAEP")))];
  },
  async () => {
    const pair = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const wrapped = await subtle.wrapKey("pkcs8", pair.privateKey, gcm, { name: "AES-GCM", iv });
    const key = await open("pkcs8", wrapped, gcm, { name: "AES-GCM", iv }, { name: "ECDSA", namedCurve: "P-256" });
    return [wrapped.byteLength, key.type, key.usages, hex(await subtle.exportKey("pkcs8", key)) === hex(await subtle.exportKey("pkcs8", pair.privateKey))];
  },
]);
