// node:crypto: createHash, createHmac, hash, getHashes: encodings, copies, streams, names, errors.
import { checks } from "../checks.js";
import crypto, { createHash, createHmac, getHashes, hash, Hash, Hmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { Transform } from "node:stream";

const hex = (name, ...parts) => parts.reduce((h, part) => h.update(part), createHash(name)).digest("hex");
const names = ["md4", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "md5-sha1", "RSA-MD5", "RSA-SHA1", "RSA-SHA224",
  "RSA-SHA256", "RSA-SHA384", "RSA-SHA512", "DSA-SHA", "DSA-SHA1", "ecdsa-with-SHA1"];
const outcome = (call) => {
  try {
    return call();
  } catch (error) {
    return `${error.name} ${error.code}: ${error.message}`;
  }
};

export default checks([
  () => getHashes(),
  () => names.map((name) => outcome(() => hex(name, "abc"))),
  () => ["SHA256", "Sha256", "sha-256", "SHA-256", "MD5", "SHA1", "ripemd160", "sha3-256", "", "rsa-sha256"].map((name) => outcome(() => hex(name, "abc"))),
  () => names.map((name) => outcome(() => createHmac(name, "key").update("abc").digest("hex"))),
  () => hex("sha256", "a", Buffer.from("b"), new Uint8Array([99])),
  () => hex("sha256", new Uint16Array([1, 2]), new DataView(new ArrayBuffer(3))),
  () => hex("sha512", Buffer.alloc(1000, 7), Buffer.alloc(127), Buffer.alloc(1), "x".repeat(300)),
  () => createHash("sha1").update("616263", "hex").digest("hex"),
  () => createHash("sha1").update("YWJj", "base64").digest("base64"),
  () => createHash("sha1").update("h\u00e9", "latin1").digest("base64url"),
  () => createHash("sha1").update("h\u00e9", "utf16le").digest("latin1"),
  () => createHash("sha1").update("h\u00e9", "UTF-8").digest("binary"),
  () => createHash("sha1").update("abc", "nonsense").digest("hex"),
  () => createHash("sha1").update("abc", "buffer").digest("hex"),
  () => createHash("sha1").update("abc").digest() instanceof Buffer,
  () => createHash("sha1").update("abc").digest("buffer") instanceof Buffer,
  () => outcome(() => createHash("sha1").update("abc").digest("nonsense")),
  () => outcome(() => createHash("sha1").update("abc", "hex").digest("hex")),
  () => { const h = createHash("sha1"); return h.update("x") === h; },
  () => { const h = createHash("sha256").update("a"); const copy = h.copy(); h.update("b"); copy.update("c"); return [h.digest("hex"), copy.digest("hex")]; },
  () => { const h = createHash("sha256").update("a"); h.digest(); return [outcome(() => h.digest()), outcome(() => h.update("x")), outcome(() => h.copy())]; },
  () => { const h = createHash("md5-sha1").update("a"); const copy = h.copy().update("b"); return [h.digest("hex"), copy.digest("hex")]; },
  () => outcome(() => createHash()),
  () => outcome(() => createHash(1)),
  () => outcome(() => createHash("nope")),
  () => outcome(() => createHash("sha1").update()),
  () => outcome(() => createHash("sha1").update(1)),
  () => outcome(() => createHash("sha1").update(null)),
  () => outcome(() => createHash("sha1").update({})),
  () => outcome(() => createHash("sha1").update(new ArrayBuffer(1)).digest("hex")),
  () => outcome(() => createHash("sha1", { outputLength: 20 }).update("").digest("hex")),
  () => outcome(() => createHash("sha1", { outputLength: 10 })),
  () => outcome(() => createHash("sha1", { outputLength: -1 })),
  () => outcome(() => createHash("sha1", { outputLength: "x" })),
  () => [createHash("md5") instanceof Hash, createHash("md5") instanceof Transform, createHmac("md5", "") instanceof Hmac],
  () => Hash("md5").update("x").digest("hex"),
  () => new Hash("md5").update("x").digest("hex"),
  () => Hmac("md5", "k").update("x").digest("hex"),
  async () => { const h = createHash("sha256"); h.write("ab"); h.end("c"); const chunks = []; for await (const chunk of h) chunks.push(chunk); return Buffer.concat(chunks).toString("hex"); },
  async () => { const h = createHmac("sha256", "k"); h.setEncoding("hex"); h.end("616263", "hex"); let text = ""; for await (const chunk of h) text += chunk; return text; },
  () => createHmac("sha256", "Jefe").update("what do ya want for nothing?").digest("hex"),
  () => createHmac("sha512", Buffer.alloc(131, 0xaa)).update("Test Using Larger Than Block-Size Key").update(" - Hash Key First").digest("hex"),
  () => createHmac("sha1", new Uint8Array(0)).update("").digest("base64"),
  () => createHmac("sha1", new ArrayBuffer(64)).update("").digest("hex"),
  () => createHmac("sha1", "6b6579", { encoding: "hex" }).update("").digest("hex"),
  () => { const h = createHmac("sha1", "k").update("x"); return [h.digest("hex"), h.digest("hex"), outcome(() => h.digest().length), outcome(() => h.update("x"))]; },
  () => outcome(() => createHmac("nope", "k")),
  () => outcome(() => createHmac("sha1")),
  () => outcome(() => createHmac("sha1", null)),
  () => outcome(() => createHmac("sha1", 1)),
  () => outcome(() => createHmac(1, "k")),
  () => outcome(() => createHmac("sha1", "k").update(1)),
  async () => { const key = await crypto.subtle.importKey("raw", new Uint8Array(3), { name: "HMAC", hash: "SHA-1" }, true, ["sign"]); return createHmac("sha256", key).update("x").digest("hex"); },
  () => hash("sha1", "abc"),
  () => hash("sha1", Buffer.from("abc"), "base64"),
  () => outcome(() => hash("sha1", "abc", "buffer").toString("hex")),
  () => outcome(() => hash("sha1", "abc", { outputEncoding: "hex" })),
  () => outcome(() => hash("sha1")),
  () => outcome(() => hash("sha1", 1)),
  () => outcome(() => hash(1, "abc")),
  () => outcome(() => hash("nope", "abc")),
  () => outcome(() => hash("sha1", "abc", "nonsense")),
  () => crypto.createHash === createHash,
]);
