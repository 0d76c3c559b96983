// HMAC: codes of RFC 4231, key lengths in bits, import, export, generation.
import { checks } from "../checks.js";

const { subtle } = crypto;
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const load = (raw, hash, rest) => subtle.importKey("raw", raw, { name: "HMAC", hash, ...rest }, true, ["sign", "verify"]);
const code = async (raw, hash, text) => hex(await subtle.sign("HMAC", await load(raw, hash), bytes(text)));
const jwk = (more, hash = "SHA-256") =>
  subtle.importKey("jwk", { kty: "oct", k: "AQIDBA", ...more }, { name: "HMAC", hash }, true, ["sign"]);

export default checks([
  () => code(bytes("Jefe"), "SHA-256", "what do ya want for nothing?"),
  () => code(bytes("Jefe"), "SHA-1", "what do ya want for nothing?"),
  () => code(bytes("Jefe"), "SHA-384", "what do ya want for nothing?"),
  () => code(bytes("Jefe"), "SHA-512", "what do ya want for nothing?"),
  () => code(bytes("Jefe"), "MD5", "what do ya want for nothing?"),
  () => code(new Uint8Array(131).fill(0xaa), "SHA-256", "Test Using Larger Than Block-Size Key - Hash Key First"),
  () => code(new Uint8Array(131).fill(0xaa), "SHA-512", "Test Using Larger Than Block-Size Key - Hash Key First"),
  () => code(new Uint8Array(64).fill(1), "SHA-256", ""),
  () => code(new Uint8Array(65).fill(1), "SHA-256", ""),
  async () => subtle.verify("HMAC", await load(bytes("k"), "SHA-1"), await subtle.sign("HMAC", await load(bytes("k"), "SHA-1"), bytes("a")), bytes("a")),
  async () => subtle.verify("HMAC", await load(bytes("k"), "SHA-1"), new Uint8Array(20), bytes("a")),
  async () => subtle.verify("HMAC", await load(bytes("k"), "SHA-1"), new Uint8Array(0), bytes("a")),
  async () => (await load(new Uint8Array(4), "SHA-256")).algorithm,
  async () => hex(await subtle.exportKey("raw", await load(new Uint8Array([255, 255]), "SHA-256", { length: 9 }))),
  async () => hex(await subtle.exportKey("raw", await load(new Uint8Array([255, 255]), "SHA-256", { length: 15 }))),
  () => load(new Uint8Array(2), "SHA-256", { length: 8 }),
  () => load(new Uint8Array(2), "SHA-256", { length: 17 }),
  () => load(new Uint8Array(2), "SHA-256", { length: 0 }),
  () => load(new Uint8Array(0), "SHA-256"),
  () => load(new Uint8Array(2), "SHA-7"),
  async () => subtle.exportKey("jwk", await load(new Uint8Array([1, 2, 3, 250]), "SHA-256")),
  async () => subtle.exportKey("jwk", await load(new Uint8Array([1, 2, 3, 250]), "MD5")),
  async () => subtle.exportKey("spki", await load(new Uint8Array([1]), "SHA-1")),
  async () => subtle.exportKey("raw", await subtle.importKey("raw", new Uint8Array(1), { name: "HMAC", hash: "SHA-1" }, false, ["sign"])),
  async () => subtle.exportKey("jwk", await jwk({})),
  async () => subtle.exportKey("jwk", await jwk({ alg: "HS256" })),
  () => jwk({ alg: "HS1" }),
  () => jwk({ alg: "HS256" }, "MD5"),
  () => jwk({ kty: "RSA" }),
  () => jwk({ k: undefined }),
  () => jwk({ k: "AQ*D" }),
  async () => subtle.exportKey("jwk", await jwk({ k: "-_-_" })),
  async () => subtle.exportKey("jwk", await jwk({ k: "+/+/" })),
  async () => subtle.exportKey("jwk", await jwk({ k: "AQ==" })),
  async () => subtle.exportKey("jwk", await jwk({ k: "AQ" })),
  () => jwk({ k: "A" }),
  () => jwk({ k: "" }),
  () => jwk({ ext: false }),
  async () => (await jwk({ use: "enc" })).usages,
  async () => (await jwk({ key_ops: ["verify"] })).usages,
  () => subtle.importKey("pkcs8", new Uint8Array(1), { name: "HMAC", hash: "SHA-1" }, true, ["sign"]),
  () => subtle.importKey("raw", new Uint8Array(1), { name: "HMAC", hash: "SHA-1" }, true, ["encrypt"]),
  async () => (await subtle.importKey("raw-secret", new Uint8Array(1), { name: "HMAC", hash: "SHA-1" }, true, ["sign"])).type,
  async () => (await subtle.generateKey({ name: "HMAC", hash: "SHA-1" }, true, ["sign"])).algorithm,
  async () => (await subtle.generateKey({ name: "HMAC", hash: "SHA-512" }, true, ["verify"])).algorithm,
  async () => (await subtle.exportKey("raw", await subtle.generateKey({ name: "HMAC", hash: "SHA-1", length: 9 }, true, ["sign"]))).byteLength,
  () => subtle.generateKey({ name: "HMAC", hash: "SHA-1", length: 0 }, true, ["sign"]),
  () => subtle.generateKey({ name: "HMAC", hash: "SHA-1", length: -8 }, true, ["sign"]),
  () => subtle.generateKey({ name: "HMAC" }, true, ["sign"]),
  () => subtle.generateKey({ name: "HMAC", hash: "SHA-1" }, true, []),
  () => subtle.generateKey({ name: "HMAC", hash: "SHA-1" }, true, ["deriveKey"]),
]);
