// HKDF and PBKDF2: vectors, lengths, limits, keys derived of every kind.
import { checks } from "../checks.js";

const { subtle } = crypto;
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const uses = ["deriveBits", "deriveKey"];
const load = (name, text) => subtle.importKey("raw", typeof text === "string" ? bytes(text) : text, name, false, uses);
const pbkdf2Key = await load("PBKDF2", "password");
const hkdfKey = await load("HKDF", new Uint8Array(22).fill(11));
const salt = bytes("salt"), info = bytes("info");
const pbkdf2 = async (more, length) =>
  hex(await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: 2, ...more }, pbkdf2Key, length));
const hkdf = async (more, length) =>
  hex(await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info, ...more }, hkdfKey, length));
const derive = (wanted, usages = ["encrypt"], more = {}) =>
  subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt, info, ...more }, hkdfKey, wanted, true, usages);

export default checks([
  () => pbkdf2({ hash: "SHA-1", iterations: 1 }, 160),
  () => pbkdf2({ hash: "SHA-1", iterations: 4096 }, 160),
  () => pbkdf2({ iterations: 1000 }, 512),
  () => pbkdf2({ hash: "SHA-384" }, 384),
  () => pbkdf2({ hash: "SHA-512" }, 1024),
  () => pbkdf2({ hash: "MD5" }, 128),
  () => pbkdf2({ salt: new Uint8Array(0) }, 8),
  () => pbkdf2({ salt: new Uint8Array(200) }, 264),
  async () => hex(await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt, iterations: 1 }, await load("PBKDF2", ""), 160)),
  async () => hex(await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt, iterations: 1 }, await load("PBKDF2", "x".repeat(100)), 160)),
  () => pbkdf2({ iterations: 100000 }, 8),
  () => pbkdf2({ iterations: 100001 }, 8),
  () => pbkdf2({ iterations: 0 }, 8),
  () => pbkdf2({ iterations: -1 }, 8),
  () => pbkdf2({ iterations: undefined }, 8),
  () => pbkdf2({ salt: undefined }, 8),
  () => pbkdf2({ salt: "salt" }, 8),
  () => pbkdf2({ hash: undefined }, 8),
  () => pbkdf2({ hash: "SHA-2" }, 8),
  () => pbkdf2({}, 0),
  () => pbkdf2({}, 7),
  () => pbkdf2({}, null),
  () => pbkdf2({}),
  () => pbkdf2({}, "16"),
  () => hkdf({}, 336),
  () => hkdf({ salt: new Uint8Array(0), info: new Uint8Array(0) }, 336),
  () => hkdf({ hash: "SHA-1" }, 160),
  () => hkdf({ hash: "SHA-384" }, 1000),
  () => hkdf({ hash: "SHA-512" }, 1024),
  () => hkdf({ hash: "MD5" }, 8),
  () => hkdf({ salt: new Uint8Array(300), info: new Uint8Array(3000) }, 256),
  () => hkdf({}, 255 * 256).then((text) => text.slice(-16)),
  () => hkdf({}, 255 * 256 + 8),
  () => hkdf({}, 0),
  () => hkdf({}, 9),
  () => hkdf({}, null),
  () => hkdf({ salt: undefined }, 8),
  () => hkdf({ info: undefined }, 8),
  () => hkdf({ info: "info" }, 8),
  () => hkdf({ hash: undefined }, 8),
  async () => { const key = await derive({ name: "AES-GCM", length: 256 }); return [key.algorithm, hex(await subtle.exportKey("raw", key))]; },
  async () => { const key = await derive({ name: "aes-kw", length: 128 }, ["wrapKey"]); return [key.algorithm, hex(await subtle.exportKey("raw", key))]; },
  async () => { const key = await derive({ name: "HMAC", hash: "SHA-384" }, ["sign"]); return [key.algorithm, hex(await subtle.exportKey("raw", key))]; },
  async () => (await derive({ name: "HMAC", hash: "SHA-1", length: 24 }, ["sign"])).algorithm,
  () => derive({ name: "HMAC", hash: "SHA-1", length: 12 }, ["sign"]),
  () => derive({ name: "HMAC", hash: "SHA-1", length: 0 }, ["sign"]),
  () => derive({ name: "HMAC" }, ["sign"]),
  () => derive("AES-GCM"),
  () => derive({ name: "AES-GCM", length: 100 }),
  () => derive({ name: "AES-XYZ", length: 128 }),
  () => derive("HKDF", ["deriveBits"]),
  () => derive({ name: "ECDSA", namedCurve: "P-256" }, ["sign"]),
  () => derive({ name: "AES-GCM", length: 256 }, []),
  () => derive({ name: "AES-GCM", length: 256 }, ["sign"]),
  () => derive({ name: "AES-GCM", length: 256 }, ["encrypt"], { info: undefined }),
  () => [hkdfKey.algorithm, hkdfKey.type, hkdfKey.extractable, hkdfKey.usages],
  () => subtle.importKey("raw", bytes("x"), "PBKDF2", true, uses),
  () => subtle.importKey("raw", bytes("x"), "HKDF", true, uses),
  () => subtle.importKey("jwk", { kty: "oct", k: "AA" }, "PBKDF2", false, uses),
  () => subtle.importKey("jwk", { kty: "oct", k: "AA" }, "HKDF", false, uses),
  () => subtle.importKey("raw", bytes("x"), "HKDF", false, ["sign"]),
  () => subtle.exportKey("raw", hkdfKey),
  async () => subtle.deriveBits({ name: "HKDF", hash: "SHA-1", salt, info }, await subtle.importKey("raw", bytes("x"), "HKDF", false, ["deriveKey"]), 8),
  async () => subtle.deriveKey({ name: "HKDF", hash: "SHA-1", salt, info }, await subtle.importKey("raw", bytes("x"), "HKDF", false, ["deriveBits"]), { name: "AES-GCM", length: 128 }, true, ["encrypt"]),
]);
