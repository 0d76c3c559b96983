// Ed25519 and X25519 (and the older NODE-ED25519): signatures, secrets, every format, bad keys.
import { checks } from "../checks.js";

const { subtle } = crypto;
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const unbase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const ed = {
    crv: "Ed25519",
    d: "zGW33hv1TcGdP4yQpzR15keYPDyl6FJ1QiSWUAgJCXE",
    x: "uwe9fmHsaLCWwVxUckvVSa_QOUIeZSZNSFQWS_yGRus",
    kty: "OKP",
  };
const x = {
    crv: "X25519",
    d: "2GbmUp3XXfYurywHMRhstbwNtuhuXI086pzKqsKiN2k",
    x: "K7up_ckgOE-fKymvJ1FNQqr3qTzn3NeqRUsecrBdFB4",
    kty: "OKP",
  };
const peer = {
    kty: "OKP",
    crv: "X25519",
    x: "OgrPweQcHossTpWsMUWLmFpwSmmUbZyGmG-RUqssxU0",
  };
const der = {
  edPrivate: "MC4CAQAwBQYDK2VwBCIEIMxlt94b9U3BnT+MkKc0deZHmDw8pehSdUIkllAICQlx",
  edPublic: "MCowBQYDK2VwAyEAuwe9fmHsaLCWwVxUckvVSa/QOUIeZSZNSFQWS/yGRus=",
  xPrivate: "MC4CAQAwBQYDK2VuBCIEINhm5lKd1132Lq8sBzEYbLW8DbboblyNPOqcyqrCojdp",
  xPublic: "MCowBQYDK2VuAyEAK7up/ckgOE+fKymvJ1FNQqr3qTzn3NeqRUsecrBdFB4=",
};
const publicOf = ({ d, ...rest }) => rest;
const signer = (more) => subtle.importKey("jwk", { ...ed, ...more }, "Ed25519", true, ["sign"]);
const verifier = (more) => subtle.importKey("jwk", { ...publicOf(ed), ...more }, "Ed25519", true, ["verify"]);
const old = { name: "NODE-ED25519", namedCurve: "NODE-ED25519" };
const own = (more) => subtle.importKey("jwk", { ...x, ...more }, "X25519", true, ["deriveBits", "deriveKey"]);
const theirs = (more) => subtle.importKey("jwk", { ...peer, ...more }, "X25519", true, []);
const secret = async (length, more) => hex(await subtle.deriveBits({ name: "X25519", public: await theirs(), ...more }, await own(), length));

export default checks([
  async () => hex(await subtle.sign("Ed25519", await signer(), bytes("text"))),
  async () => hex(await subtle.sign({ name: "ed25519" }, await signer(), bytes(""))),
  async () => subtle.verify("Ed25519", await verifier(), await subtle.sign("Ed25519", await signer(), bytes("a")), bytes("a")),
  async () => subtle.verify("Ed25519", await verifier(), await subtle.sign("Ed25519", await signer(), bytes("a")), bytes("b")),
  async () => subtle.verify("Ed25519", await verifier(), new Uint8Array(64), bytes("b")),
  async () => subtle.verify("Ed25519", await verifier(), new Uint8Array(63), bytes("b")),
  async () => subtle.verify("Ed25519", await signer(), new Uint8Array(64), bytes("b")),
  async () => subtle.sign("Ed25519", await verifier(), bytes("b")),
  async () => { const key = await signer(); return [key.type, key.algorithm, key.usages]; },
  async () => { const key = await verifier(); return [key.type, key.algorithm, key.usages]; },
  async () => subtle.exportKey("jwk", await signer()),
  async () => subtle.exportKey("jwk", await verifier()),
  async () => hex(await subtle.exportKey("raw", await verifier())),
  async () => subtle.exportKey("raw", await signer()),
  async () => hex(await subtle.exportKey("pkcs8", await signer())),
  async () => hex(await subtle.exportKey("spki", await verifier())),
  async () => JSON.stringify(await subtle.exportKey("jwk", await subtle.importKey("pkcs8", unbase64(der.edPrivate), "Ed25519", true, ["sign"]))),
  async () => JSON.stringify(await subtle.exportKey("jwk", await subtle.importKey("spki", unbase64(der.edPublic), "Ed25519", true, ["verify"]))),
  async () => JSON.stringify(await subtle.exportKey("jwk", await subtle.importKey("raw", new Uint8Array(32).fill(5), "Ed25519", true, ["verify"]))),
  () => subtle.importKey("raw", new Uint8Array(31), "Ed25519", true, ["verify"]),
  () => subtle.importKey("raw", new Uint8Array(32), "Ed25519", true, ["sign"]),
  () => subtle.importKey("raw", new Uint8Array(32).fill(255), "Ed25519", true, ["verify"]).then((key) => key.type),
  () => subtle.importKey("pkcs8", unbase64(der.edPublic), "Ed25519", true, ["sign"]),
  () => subtle.importKey("spki", unbase64(der.edPrivate), "Ed25519", true, ["verify"]),
  () => subtle.importKey("spki", unbase64(der.edPublic), "Ed25519", true, ["sign"]),
  () => signer({ kty: "EC" }),
  () => signer({ crv: "X25519" }),
  () => signer({ crv: undefined }),
  () => signer({ alg: "EdDSA" }).then((key) => key.type),
  () => signer({ alg: "Ed25519" }).then((key) => key.type),
  () => signer({ alg: "ES256" }),
  () => signer({ x: undefined }),
  () => signer({ x: "AA" }),
  () => signer({ d: "AA" }),
  () => signer({ d: "??" }),
  () => signer({ use: "enc" }),
  () => signer({ ext: false }),
  async () => JSON.stringify(await subtle.exportKey("jwk", await signer({ x: peer.x }))),
  () => subtle.importKey("jwk", ed, "Ed25519", true, ["verify"]),
  () => subtle.importKey("jwk", publicOf(ed), "Ed25519", true, ["sign"]),
  async () => { const key = await subtle.importKey("jwk", ed, old, true, ["sign"]); return [key.algorithm, hex(await subtle.sign("NODE-ED25519", key, bytes("text")))]; },
  async () => JSON.stringify(await subtle.exportKey("jwk", await subtle.importKey("jwk", ed, old, true, ["sign"]))),
  () => subtle.importKey("jwk", ed, "NODE-ED25519", true, ["sign"]),
  () => subtle.importKey("jwk", ed, { name: "NODE-ED25519", namedCurve: "Ed25519" }, true, ["sign"]),
  async () => subtle.sign("Ed25519", await subtle.importKey("jwk", ed, old, true, ["sign"]), bytes("")),
  () => secret(null),
  () => secret(256),
  () => secret(0),
  () => secret(13),
  () => secret(257),
  () => secret(8, { public: undefined }),
  async () => secret(8, { public: await own() }),
  async () => secret(8, { public: await verifier() }),
  async () => secret(8, { public: await subtle.importKey("raw", new Uint8Array(32), "X25519", true, []) }),
  async () => secret(8, { public: (await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"])).publicKey }),
  async () => { const key = await subtle.deriveKey({ name: "X25519", public: await theirs() }, await own(), { name: "AES-CBC", length: 256 }, true, ["encrypt"]); return hex(await subtle.exportKey("raw", key)); },
  async () => subtle.exportKey("jwk", await own()),
  async () => hex(await subtle.exportKey("raw", await theirs())),
  async () => hex(await subtle.exportKey("pkcs8", await own())),
  async () => hex(await subtle.exportKey("spki", await theirs())),
  async () => JSON.stringify(await subtle.exportKey("jwk", await subtle.importKey("pkcs8", unbase64(der.xPrivate), "X25519", true, ["deriveBits"]))),
  async () => JSON.stringify(await subtle.exportKey("jwk", await subtle.importKey("spki", unbase64(der.xPublic), "X25519", true, []))),
  () => subtle.importKey("raw", new Uint8Array(33), "X25519", true, []),
  () => subtle.importKey("raw", new Uint8Array(32), "X25519", true, ["deriveBits"]),
  () => theirs({ crv: "Ed25519" }),
  () => own({ alg: "anything" }).then((key) => key.type),
  () => subtle.importKey("jwk", peer, "X25519", true, ["deriveBits"]),
  () => subtle.importKey("jwk", x, "X25519", true, []),
  async () => { const pair = await subtle.generateKey("X25519", false, ["deriveKey"]); return [pair.publicKey.algorithm, pair.publicKey.usages, pair.privateKey.usages, pair.privateKey.extractable]; },
  async () => { const pair = await subtle.generateKey("Ed25519", true, ["sign", "verify"]); return [pair.publicKey.usages, pair.privateKey.usages, await subtle.verify("Ed25519", pair.publicKey, await subtle.sign("Ed25519", pair.privateKey, bytes("a")), bytes("a"))]; },
  async () => (await subtle.generateKey(old, true, ["sign"])).privateKey.algorithm,
  () => subtle.generateKey("Ed25519", true, ["verify"]),
  () => subtle.generateKey("Ed25519", true, ["deriveBits"]),
  () => subtle.generateKey("X25519", true, []),
  () => subtle.generateKey("Ed448", true, ["sign"]),
]);
