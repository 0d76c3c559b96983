// AES in its four modes: vectors, every length and parameter, forged texts, keys.
import { checks } from "../checks.js";

const { subtle } = crypto;
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const unhex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const all = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
const load = (name, raw) => subtle.importKey("raw", raw, name, true, name === "AES-KW" ? ["wrapKey", "unwrapKey"] : all);
const iv = unhex("000102030405060708090a0b0c0d0e0f");
const keys = {};
for (const name of ["AES-CBC", "AES-CTR", "AES-GCM"]) {
  for (const size of [16, 24, 32]) keys[name + size] = await load(name, Uint8Array.from({ length: size }, (_, i) => i));
}
const seal = async (name, more, data, size = 16) => hex(await subtle.encrypt({ name, ...more }, keys[name + size], data));
const open = async (name, more, data, size = 16) => hex(await subtle.decrypt({ name, ...more }, keys[name + size], data));
const lengths = [0, 1, 15, 16, 17, 32, 33];
const counting = (size) => Uint8Array.from({ length: size }, (_, i) => i * 3);
const each = async (make) => (await Promise.all(lengths.map((n) => make(counting(n))))).join();
const ctr = (counter, length, data) => seal("AES-CTR", { counter: unhex(counter), length }, data);
const ones = "ffffffffffffffffffffffffffffffff";
const jwk = (more, name = "AES-GCM", usages = ["encrypt"], extractable = true) =>
  subtle.importKey("jwk", { kty: "oct", k: "AAECAwQFBgcICQoLDA0ODw", ...more }, name, extractable, usages);

export default checks([
  () => each((data) => seal("AES-CBC", { iv }, data)),
  () => each((data) => seal("AES-CBC", { iv }, data, 24)),
  () => each((data) => seal("AES-CBC", { iv }, data, 32)),
  () => each(async (data) => open("AES-CBC", { iv }, unhex(await seal("AES-CBC", { iv }, data)))),
  () => seal("AES-CBC", {}, bytes("x")),
  () => seal("AES-CBC", { iv: new Uint8Array(15) }, bytes("x")),
  () => seal("AES-CBC", { iv: new Uint8Array(17) }, bytes("x")),
  () => open("AES-CBC", { iv: new Uint8Array(15) }, bytes("x")),
  () => open("AES-CBC", { iv }, new Uint8Array(0)),
  () => open("AES-CBC", { iv }, new Uint8Array(15)),
  () => open("AES-CBC", { iv }, new Uint8Array(16)),
  () => open("AES-CBC", { iv }, new Uint8Array(33)),
  () => open("AES-CBC", { iv }, new Uint8Array(48)),
  () => each((data) => seal("AES-CTR", { counter: iv, length: 64 }, data)),
  () => each((data) => seal("AES-CTR", { counter: iv, length: 128 }, data, 24)),
  () => each((data) => seal("AES-CTR", { counter: iv, length: 1 }, data.subarray(0, 32), 32)),
  () => each(async (data) => open("AES-CTR", { counter: iv, length: 8 }, unhex(await seal("AES-CTR", { counter: iv, length: 8 }, data)))),
  () => ctr(ones, 128, counting(48)),
  () => ctr(ones, 64, counting(48)),
  () => ctr(ones, 8, counting(48)),
  () => ctr(ones, 5, counting(48)),
  () => ctr(ones, 2, counting(64)),
  () => ctr(ones, 2, counting(65)),
  () => ctr(ones, 1, counting(33)),
  () => ctr("000000000000000000000000000000fe", 8, counting(80)),
  () => ctr("00000000000000000000fffffffffffe", 47, counting(80)),
  () => ctr("000000000000000000000000000000f0", 8, counting(16 * 256)).then((text) => text.slice(-64)),
  () => ctr("000000000000000000000000000000f0", 8, counting(16 * 256 + 1)),
  () => seal("AES-CTR", { counter: iv, length: 0 }, bytes("x")),
  () => seal("AES-CTR", { counter: iv, length: 129 }, bytes("x")),
  () => seal("AES-CTR", { counter: iv, length: -1 }, bytes("x")),
  () => seal("AES-CTR", { counter: iv }, bytes("x")),
  () => seal("AES-CTR", { length: 64 }, bytes("x")),
  () => seal("AES-CTR", { counter: new Uint8Array(12), length: 64 }, bytes("x")),
  () => each((data) => seal("AES-GCM", { iv }, data)),
  () => each((data) => seal("AES-GCM", { iv: iv.subarray(0, 12) }, data, 24)),
  () => each((data) => seal("AES-GCM", { iv: iv.subarray(0, 12), additionalData: bytes("more") }, data, 32)),
  () => each(async (data) => open("AES-GCM", { iv }, unhex(await seal("AES-GCM", { iv }, data)))),
  async () => (await Promise.all([32, 64, 96, 104, 112, 120, 128].map((tagLength) => seal("AES-GCM", { iv, tagLength }, bytes("x"))))).join(),
  () => seal("AES-GCM", { iv: new Uint8Array(1) }, bytes("x")),
  () => seal("AES-GCM", { iv: new Uint8Array(128) }, bytes("x")),
  () => seal("AES-GCM", { iv: new Uint8Array(129) }, bytes("x")),
  () => seal("AES-GCM", { iv, additionalData: new Uint8Array(0) }, bytes("x")),
  () => seal("AES-GCM", { iv: new Uint8Array(0) }, bytes("x")),
  () => seal("AES-GCM", {}, bytes("x")),
  () => seal("AES-GCM", { iv: "text" }, bytes("x")),
  () => seal("AES-GCM", { iv: null }, bytes("x")),
  () => seal("AES-GCM", { iv, additionalData: "x" }, bytes("x")),
  () => seal("AES-GCM", { iv, tagLength: 33 }, bytes("x")),
  () => seal("AES-GCM", { iv, tagLength: 0 }, bytes("x")),
  () => open("AES-GCM", { iv }, new Uint8Array(15)),
  () => open("AES-GCM", { iv }, new Uint8Array(16)),
  () => open("AES-GCM", { iv }, new Uint8Array(20)),
  async () => open("AES-GCM", { iv, tagLength: 32 }, unhex(await seal("AES-GCM", { iv, tagLength: 32 }, bytes("x")))),
  async () => open("AES-GCM", { iv, tagLength: 64 }, unhex(await seal("AES-GCM", { iv }, bytes("x")))),
  async () => open("AES-GCM", { iv, additionalData: bytes("b") }, unhex(await seal("AES-GCM", { iv, additionalData: bytes("a") }, bytes("x")))),
  async () => hex((await subtle.encrypt({ name: "aes-gcm", iv }, keys["AES-GCM16"], new Uint8Array(2_500_000))).slice(-32)),
  () => load("AES-GCM", new Uint8Array(15)),
  () => load("AES-CBC", new Uint8Array(0)),
  () => load("AES-KW", new Uint8Array(33)),
  async () => (await load("aes-gcm", new Uint8Array(24))).algorithm,
  async () => (await load("AES-KW", new Uint8Array(32))).usages,
  () => subtle.importKey("raw", new Uint8Array(16), "AES-KW", true, ["encrypt"]),
  () => subtle.importKey("raw", new Uint8Array(16), "AES-GCM", true, ["sign"]),
  () => subtle.importKey("spki", new Uint8Array(16), "AES-GCM", true, ["encrypt"]),
  () => subtle.exportKey("jwk", keys["AES-GCM16"]),
  () => subtle.exportKey("jwk", keys["AES-CBC32"]),
  () => subtle.exportKey("pkcs8", keys["AES-CBC32"]),
  () => subtle.exportKey("raw", keys["AES-CTR24"]).then(hex),
  async () => subtle.exportKey("jwk", await jwk({ alg: "A128GCM", use: "enc", key_ops: ["encrypt", "decrypt"] })),
  () => jwk({ alg: "A256GCM" }),
  () => jwk({ alg: "A128CBC" }),
  () => jwk({ kty: "EC" }),
  () => jwk({ k: "AAEC" }),
  () => jwk({ k: undefined }),
  () => jwk({ k: "????" }),
  () => jwk({ use: "sig" }),
  () => jwk({ key_ops: ["decrypt"] }),
  () => jwk({ key_ops: ["encrypt", "encrypt"] }),
  () => jwk({ ext: false }),
  async () => (await jwk({ ext: false }, "AES-GCM", ["encrypt"], false)).extractable,
  async () => (await subtle.generateKey({ name: "AES-CBC", length: 192 }, false, ["encrypt"])).algorithm,
  () => subtle.generateKey({ name: "AES-CBC", length: 129 }, true, ["encrypt"]),
  () => subtle.generateKey("AES-CBC", true, ["encrypt"]),
  () => subtle.generateKey({ name: "AES-CBC", length: 128 }, true, []),
  () => subtle.generateKey({ name: "AES-KW", length: 128 }, true, ["decrypt"]),
  async () => (await subtle.exportKey("raw", await subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt"]))).byteLength,
]);
