// crypto.subtle.digest: every hash, lengths around block borders, inputs of every kind, names and errors.
import { checks } from "../checks.js";

const { subtle } = crypto;
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const digest = async (name, data) => hex(await subtle.digest(name, data));
const counting = (size) => Uint8Array.from({ length: size }, (_, i) => i);
const sizes = [1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000];

export default checks([
  () => digest("SHA-1", bytes("abc")),
  () => digest("SHA-256", bytes("abc")),
  () => digest("SHA-384", bytes("abc")),
  () => digest("SHA-512", bytes("abc")),
  () => digest("MD5", bytes("abc")),
  () => digest("SHA-256", bytes("")),
  () => digest("SHA-512", new ArrayBuffer(0)),
  async () => (await Promise.all(sizes.map((size) => digest("SHA-1", counting(size))))).join(),
  async () => (await Promise.all(sizes.map((size) => digest("SHA-256", counting(size))))).join(),
  async () => (await Promise.all(sizes.map((size) => digest("SHA-512", counting(size))))).join(),
  async () => (await Promise.all(sizes.map((size) => digest("MD5", counting(size))))).join(),
  () => digest("SHA-256", new Uint8Array(3_000_001).fill(7)),
  () => digest("sha-256", bytes("abc")),
  () => digest("mD5", bytes("abc")),
  () => digest({ name: "Sha-384" }, bytes("abc")),
  () => digest({ name: "SHA-1", extra: 1 }, bytes("abc")),
  () => digest({ toString: () => "SHA-1" }, bytes("abc")),
  () => digest({ name: { toString: () => "SHA-1" } }, bytes("abc")),
  () => digest(["SHA-1"], bytes("abc")),
  () => digest(Object.assign(() => 1, {}), bytes("abc")),
  () => digest("SHA-1", counting(10).subarray(2, 5)),
  () => digest("SHA-1", counting(10).buffer),
  () => digest("SHA-1", new Uint16Array([1, 2, 3])),
  () => digest("SHA-1", new DataView(counting(10).buffer, 2, 3)),
  () => digest("SHA-1", new Float64Array([1.5])),
  () => digest("SHA-1", new BigInt64Array([1n])),
  () => digest("SHA-224", bytes("abc")),
  () => digest("SHA256", bytes("abc")),
  () => digest("SHA-512/256", bytes("abc")),
  () => digest("SHA3-256", bytes("abc")),
  () => digest("", bytes("abc")),
  () => digest(" SHA-1", bytes("abc")),
  () => digest({}, bytes("abc")),
  () => digest(1, bytes("abc")),
  () => digest(true, bytes("abc")),
  () => digest(null, bytes("abc")),
  () => digest(undefined, bytes("abc")),
  () => digest(Symbol("x"), bytes("abc")),
  () => digest({ name: Symbol("x") }, bytes("abc")),
  () => digest({ get name() { throw new RangeError("mine"); } }, bytes("abc")),
  () => digest("SHA-1"),
  () => digest("SHA-1", undefined),
  () => digest("SHA-1", null),
  () => digest("SHA-1", "abc"),
  () => digest("SHA-1", [1, 2]),
  () => digest("SHA-1", { byteLength: 1 }),
  () => digest("unknown", "abc"),
  () => subtle.digest(),
  () => subtle.digest("SHA-1", bytes("x")) instanceof Promise,
  async () => Object.prototype.toString.call(await subtle.digest("SHA-1", bytes("x"))),
  async () => {
    const data = bytes("abc");
    const promise = digest("SHA-1", data);
    data.fill(0);
    return promise;
  },
  async () => {
    const data = new ArrayBuffer(3);
    structuredClone(data, { transfer: [data] });
    return digest("SHA-1", data);
  },
  () => subtle.digest("SHA-1").catch((error) => error instanceof TypeError),
  () => subtle.digest("x", bytes("")).catch((error) => [error instanceof DOMException, error.name, error.code]),
]);
