// ECDSA and ECDH on the three curves: signatures, shared secrets, points of every form, JWK, PKCS #8 and SPKI, bad keys.
import { checks } from "../checks.js";

const { subtle } = crypto;
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const unbase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const jwks = {
  "P-256": {
    kty: "EC",
    x: "oJ2TP3dNVMJWHx5rCaJZrpBvmOlT7I8EzKWjoTauz9A",
    y: "dAm7YxrDVgzSsDNE9Of2wtS1oaL4ujQTcZobO9nMjOU",
    crv: "P-256",
    d: "34GAQDpgvIHckYP7Pf0QRpRw52PjgLoj_DPhQdEX_sk",
  },
  "P-384": {
    kty: "EC",
    x: "J_E2gRpIjQpUE6yqfV-UA-m8yGS0H1vXPFDj_i-os8MZ8Bg8RFFlZOz5q7fhP05g",
    y: "KBEMY4NUfPMVPd8ANH85Q0Pj0qk0LWg87tAqUB28T1ChfylubW0XYjPHMIED-_ZM",
    crv: "P-384",
    d: "5gh6A60VWmEXNXpgu0XHu6P3z7kokuZZLlWpe5KmpUdldHhlbriYgOzwZoBk1B9u",
  },
  "P-521": {
    kty: "EC",
    x: "AFH1Yaw8CImLuTObnCoCai7g96fVlZeiKYqLI50RUx8Iobv3UrCcoB_vyZiFORPPtBlOJhWcq56VRgYtu6ohO_uD",
    y: "AOUCTO_Gzbo94ApTMuZS7oXWNy_oTIvwmfuY1pNnzSmOKTAbXdynM0zRMehZ-uam9PPBGGJj6PAjNlJzuVuck3W-",
    crv: "P-521",
    d: "AM6gQnWpC_wl9mRLs1kHqrFUTlItdNijCkQ3bab_SiQU0P3QN5eTmQlmRtvT3XQfHSHDrbqBWQtq8UyKAWhLnEwM",
  },
};
const pkcs8 = {
  "P-256": "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg34GAQDpgvIHckYP7Pf0QRpRw52PjgLoj/DPhQdEX/smhRANCAASg" +
    "nZM/d01UwlYfHmsJolmukG+Y6VPsjwTMpaOhNq7P0HQJu2Maw1YM0rAzRPTn9sLUtaGi+Lo0E3GaGzvZzIzl",
  "P-384": "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDmCHoDrRVaYRc1emC7Rce7o/fPuSiS5lkuVal7kqalR2V0eGVuuJiA" +
    "7PBmgGTUH26hZANiAAQn8TaBGkiNClQTrKp9X5QD6bzIZLQfW9c8UOP+L6izwxnwGDxEUWVk7Pmrt+E/TmAoEQxjg1R88xU93wA0" +
    "fzlDQ+PSqTQtaDzu0CpQHbxPUKF/KW5tbRdiM8cwgQP79kw=",
  "P-521": "MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIAzqBCdakL/CX2ZEuzWQeqsVROUi102KMKRDdtpv9KJBTQ/dA3l5OZ" +
    "CWZG29PddB8dIcOtuoFZC2rxTIoBaEucTAyhgYkDgYYABABR9WGsPAiJi7kzm5wqAmou4Pen1ZWXoimKiyOdEVMfCKG791KwnKAf" +
    "78mYhTkTz7QZTiYVnKuelUYGLbuqITv7gwDlAkzvxs26PeAKUzLmUu6F1jcv6EyL8Jn7mNaTZ80pjikwG13cpzNM0THoWfrmpvTz" +
    "wRhiY+jwIzZSc7lbnJN1vg==",
};
const peers = {
  "P-256": {
    kty: "EC",
    crv: "P-256",
    x: "Q6Vnl-T9SMwU1f6_TakC5hTzrAhuEvK7xvpSr7q-Kd4",
    y: "5lwriaz7ghHWpZ44Q5ecof2N6IiSfQWqlzCqU5U-vQs",
  },
  "P-384": {
    kty: "EC",
    crv: "P-384",
    x: "XkUrgPVEnL4qwAX6teBwOCQ-wZ_8K-RAFZyyQQK4oejCRVQgzu_hNrUy5ti-hEDJ",
    y: "sdGFZDOR2dxHQedvbFoRgBBmeMr_VeZLCrzUcbVMPvQfcrrSFK9lvFbN0_cNF3Bd",
  },
  "P-521": {
    kty: "EC",
    crv: "P-521",
    x: "AUCvl0FtcWcSdSd9kL7IdVBs0ODS03HsUH9hlPs7M3QgI8_bXbMBCNX9ybtViILih22ejFbki3MjAbW3nQPFE1zS",
    y: "AboFFSaao3TyQbGr6Bbd0KdcQeJL9Zk3kUFahrcCHoY_3Zdg3wDR4xrCiJT3yzr96VBaeZXMyquikD6XAbJm7qyL",
  },
};
const sec1 = "MHcCAQEEIN+BgEA6YLyB3JGD+z39EEaUcOdj44C6I/wz4UHRF/7JoAoGCCqGSM49AwEHoUQDQgAEoJ2TP3dNVMJWHx5rCaJZrpBv" +
    "mOlT7I8EzKWjoTauz9B0CbtjGsNWDNKwM0T05/bC1LWhovi6NBNxmhs72cyM5Q==";
const publicOf = ({ d, ...rest }) => rest;
const ecdsa = (namedCurve) => ({ name: "ECDSA", namedCurve });
const ecdh = (namedCurve) => ({ name: "ECDH", namedCurve });
const signer = (curve, more) => subtle.importKey("jwk", { ...jwks[curve], ...more }, ecdsa(curve), true, ["sign"]);
const verifier = (curve, more) => subtle.importKey("jwk", { ...publicOf(jwks[curve]), ...more }, ecdsa(curve), true, ["verify"]);
const curves = ["P-256", "P-384", "P-521"];
const each = async (make) => (await Promise.all(curves.map(make))).map(String).join();
const hashes = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
const raw = async (curve) => new Uint8Array(await subtle.exportKey("raw", await verifier(curve)));
const compressed = async (curve) => { const point = await raw(curve); const size = point.length >> 1; const short = point.slice(0, 1 + size); short[0] = 2 + (point[2 * size] & 1); return short; };
const point = (data, curve = "P-256") => subtle.importKey("raw", data, ecdsa(curve), true, ["verify"]);
const secret = async (curve, length, peer = peers[curve]) => hex(await subtle.deriveBits(
  { name: "ECDH", public: await subtle.importKey("jwk", peer, ecdh(peer.crv), true, []) },
  await subtle.importKey("jwk", jwks[curve], ecdh(curve), true, ["deriveBits", "deriveKey"]), length));
const agree = async (changes) => subtle.deriveBits({ name: "ECDH",
  public: await subtle.importKey("jwk", peers["P-256"], ecdh("P-256"), true, []), ...changes },
  await subtle.importKey("jwk", jwks["P-256"], ecdh("P-256"), true, ["deriveBits"]), 8);

export default checks([
  () => each(async (curve) => { const data = bytes("text"); const results = []; for (const hash of hashes) { const s = await subtle.sign({ name: "ECDSA", hash }, await signer(curve), data); results.push(s.byteLength, await subtle.verify({ name: "ECDSA", hash }, await verifier(curve), s, data), await subtle.verify({ name: "ECDSA", hash }, await verifier(curve), s, bytes("other"))); } return results.join("/"); }),
  async () => subtle.verify({ name: "ECDSA", hash: "SHA-256" }, await verifier("P-256"), new Uint8Array(64), bytes("")),
  async () => subtle.verify({ name: "ECDSA", hash: "SHA-256" }, await verifier("P-256"), new Uint8Array(63), bytes("")),
  async () => subtle.verify({ name: "ECDSA", hash: "SHA-256" }, await verifier("P-256"), new Uint8Array(0), bytes("")),
  async () => subtle.verify({ name: "ECDSA", hash: "SHA-256" }, await verifier("P-521"), new Uint8Array(132).fill(255), bytes("")),
  async () => subtle.sign("ECDSA", await signer("P-256"), bytes("")),
  async () => subtle.sign({ name: "ECDSA", hash: "SHA-3" }, await signer("P-256"), bytes("")),
  async () => subtle.sign({ name: "ECDSA", hash: "SHA-256" }, await verifier("P-256"), bytes("")),
  async () => subtle.verify({ name: "ECDSA", hash: "SHA-256" }, await signer("P-256"), new Uint8Array(64), bytes("")),
  async () => { const key = await signer("P-384"); return [key.type, key.algorithm, key.usages, key.extractable]; },
  async () => { const key = await verifier("P-521"); return [key.type, key.algorithm, key.usages]; },
  async () => subtle.exportKey("jwk", await signer("P-256")),
  async () => subtle.exportKey("jwk", await verifier("P-384")),
  async () => JSON.stringify(await subtle.exportKey("jwk", await signer("P-521"))),
  () => each(async (curve) => hex(await raw(curve))),
  async () => subtle.exportKey("raw", await signer("P-256")),
  async () => subtle.exportKey("spki", await signer("P-256")),
  async () => subtle.exportKey("pkcs8", await verifier("P-256")),
  async () => subtle.exportKey("der", await verifier("P-256")),
  () => each(async (curve) => hex(await subtle.exportKey("pkcs8", await signer(curve)))),
  () => each(async (curve) => hex(await subtle.exportKey("spki", await verifier(curve)))),
  () => each(async (curve) => JSON.stringify(await subtle.exportKey("jwk", await subtle.importKey("pkcs8", unbase64(pkcs8[curve]), ecdsa(curve), true, ["sign"])))),
  () => each(async (curve) => JSON.stringify(await subtle.exportKey("jwk", await subtle.importKey("spki", await subtle.exportKey("spki", await verifier(curve)), ecdsa(curve), true, ["verify"])))),
  () => each(async (curve) => hex(await subtle.exportKey("raw", await point(await raw(curve), curve)))),
  () => each(async (curve) => hex(await subtle.exportKey("raw", await point(await compressed(curve), curve)))),
  async () => hex(await subtle.exportKey("pkcs8", await subtle.importKey("pkcs8", unbase64(sec1), ecdsa("P-256"), true, ["sign"]))),
  () => point(new Uint8Array(0)),
  () => point(new Uint8Array(1)),
  () => point(new Uint8Array(64)),
  () => point(new Uint8Array(65)),
  () => point(new Uint8Array(65).fill(4)),
  () => point(new Uint8Array(33).fill(2)),
  () => point(new Uint8Array(200).fill(4)),
  async () => point(await raw("P-384"), "P-256"),
  () => point(new Uint8Array(65), "P-257"),
  () => subtle.importKey("raw", new Uint8Array(65), "ECDSA", true, ["verify"]),
  () => subtle.importKey("raw", new Uint8Array(65), ecdsa("P-256"), true, ["sign"]),
  async () => (await subtle.importKey("raw", await raw("P-256"), ecdsa("p-256"), false, ["verify"])).algorithm,
  () => signer("P-256", { kty: "RSA" }),
  () => signer("P-256", { alg: "ES256" }).then((key) => key.type),
  () => signer("P-256", { alg: "ES384" }),
  () => signer("P-256", { alg: "HS256" }),
  () => signer("P-256", { use: "enc" }),
  () => signer("P-256", { use: "sig" }).then((key) => key.type),
  () => signer("P-256", { key_ops: ["verify"] }),
  () => signer("P-256", { key_ops: ["sign", "sign"] }),
  () => signer("P-256", { key_ops: ["sign", "derive"], use: "sig" }),
  () => signer("P-256", { ext: false }),
  () => signer("P-256", { oth: [] }),
  () => signer("P-256", { x: undefined }),
  () => signer("P-256", { y: "??" }),
  () => signer("P-256", { d: "" }),
  () => signer("P-256", { d: "AA" }),
  () => signer("P-256", { d: "AQ" }),
  () => signer("P-256", { d: "_".repeat(43) }),
  () => signer("P-256", { d: "_".repeat(86) }),
  () => signer("P-256", { x: jwks["P-256"].y }),
  () => signer("P-256", { x: "A" + jwks["P-256"].x }),
  () => signer("P-256", { x: jwks["P-384"].x }),
  () => signer("P-256", { crv: "P-384" }).then((key) => key.type),
  () => signer("P-256", { crv: undefined }).then((key) => key.type),
  () => verifier("P-256", { x: "AA", y: "AA" }),
  () => subtle.importKey("jwk", jwks["P-384"], ecdsa("P-256"), true, ["sign"]),
  () => subtle.importKey("jwk", jwks["P-256"], ecdsa("P-256"), true, ["verify"]),
  () => subtle.importKey("jwk", publicOf(jwks["P-256"]), ecdsa("P-256"), true, ["sign"]),
  () => subtle.importKey("jwk", publicOf(jwks["P-256"]), ecdsa("P-256"), true, []).then((key) => key.usages),
  () => subtle.importKey("jwk", jwks["P-256"], ecdsa("P-256"), true, []),
  () => subtle.importKey("jwk", jwks["P-256"], ecdh("P-256"), true, ["sign"]),
  () => each((curve) => secret(curve, null)),
  () => each((curve) => secret(curve, 256)),
  () => secret("P-256", 0),
  () => secret("P-256", 1),
  () => secret("P-256", 13),
  () => secret("P-256", 255),
  () => secret("P-256", 257),
  () => secret("P-521", 528),
  () => secret("P-521", 529),
  () => secret("P-256", undefined),
  () => secret("P-256", 8, peers["P-384"]),
  () => agree({ public: undefined }),
  () => agree({ public: "x" }),
  async () => agree({ public: await subtle.importKey("jwk", jwks["P-256"], ecdh("P-256"), true, ["deriveBits"]) }),
  async () => agree({ public: await verifier("P-256") }),
  async () => agree({ public: await subtle.importKey("raw", new Uint8Array(32), "AES-GCM", true, ["encrypt"]) }),
  async () => agree({ public: (await subtle.generateKey("X25519", true, ["deriveBits"])).publicKey }),
  async () => { const pub = await subtle.importKey("jwk", peers["P-256"], ecdh("P-256"), true, []); const key = await subtle.deriveKey({ name: "ECDH", public: pub }, await subtle.importKey("jwk", jwks["P-256"], ecdh("P-256"), true, ["deriveKey"]), { name: "AES-GCM", length: 128 }, true, ["encrypt"]); return [key.algorithm, hex(await subtle.exportKey("raw", key))]; },
  async () => { const pub = await subtle.importKey("jwk", peers["P-256"], ecdh("P-256"), true, []); return subtle.deriveKey({ name: "ECDH", public: pub }, await subtle.importKey("jwk", jwks["P-256"], ecdh("P-256"), true, ["deriveKey"]), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]); },
  async () => { const pub = await subtle.importKey("jwk", peers["P-256"], ecdh("P-256"), true, []); return (await subtle.deriveKey({ name: "ECDH", public: pub }, await subtle.importKey("jwk", jwks["P-256"], ecdh("P-256"), true, ["deriveKey"]), "HKDF", false, ["deriveBits"])).type; },
  () => subtle.importKey("jwk", peers["P-256"], ecdh("P-256"), true, ["deriveBits"]),
  async () => subtle.importKey("raw", await raw("P-256"), ecdh("P-256"), true, ["deriveBits"]),
  async () => subtle.sign("ECDH", await subtle.importKey("jwk", jwks["P-256"], ecdh("P-256"), true, ["deriveBits"]), bytes("")),
  async () => { const pair = await subtle.generateKey(ecdsa("P-256"), false, ["sign", "verify"]); return [Object.keys(pair), pair.publicKey.algorithm, pair.publicKey.usages, pair.privateKey.usages, pair.publicKey.extractable, pair.privateKey.extractable]; },
  async () => { const pair = await subtle.generateKey(ecdh("P-521"), true, ["deriveBits"]); return [pair.publicKey.usages, pair.privateKey.usages, (await subtle.exportKey("raw", pair.publicKey)).byteLength]; },
  () => each(async (curve) => { const { publicKey, privateKey } = await subtle.generateKey(ecdsa(curve), true, ["sign", "verify"]); return subtle.verify({ name: "ECDSA", hash: "SHA-256" }, publicKey, await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, bytes("a")), bytes("a")); }),
  () => subtle.generateKey(ecdsa("P-256"), true, ["verify"]),
  () => subtle.generateKey(ecdsa("P-256"), true, ["deriveBits"]),
  () => subtle.generateKey(ecdsa("secp256k1"), true, ["sign"]),
  () => subtle.generateKey("ECDH", true, ["deriveBits"]),
]);
