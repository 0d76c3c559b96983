// PKCS #8 and SPKI as they should not be: cut, lengthened, changed byte by byte, of another algorithm; and forms that are allowed.
import { checks } from "../checks.js";

const { subtle } = crypto;
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const unhex = (digits) => Uint8Array.from(digits.replace(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
const unbase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const rsa = {
  spki: unbase64("MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDPGT9Q7yKeg6ldABZI5I80P1YgfWGacJsF0Ws6Su/gQmtK0/On7vPsRBc+U+Ry" +
    "K+T6vFyQye+Ut5wAxHOBebwocuwMVBcYcrwWz7TM5DShgd1XkrnTC/aGtfukjozvPp9sJ9i72r+4hO4gLi6V5gHYBz1gXgJL/o8B" +
    "BACI9YhtvwIDAQAB"),
  pkcs8: unbase64("MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAM8ZP1DvIp6DqV0AFkjkjzQ/ViB9YZpwmwXRazpK7+BCa0rT86fu" +
    "8+xEFz5T5HIr5Pq8XJDJ75S3nADEc4F5vChy7AxUFxhyvBbPtMzkNKGB3VeSudML9oa1+6SOjO8+n2wn2Lvav7iE7iAuLpXmAdgH" +
    "PWBeAkv+jwEEAIj1iG2/AgMBAAECgYBeT5wS6mP0lfbJwGFlnphMbc92CkMphsBCHQVczYWBth2QPQeH4Xy5iqSfIKs3ByBGwwLQ" +
    "ePWe3yKvAserHdn+KtO2V/i0fv1MUuT8vYKWkC6EVUPVT4u9DUmEOPzh86N7Scmgt9nQi+tGnPclKIS8tReOTWhUaUff1V9mSud/" +
    "kQJBAP7a6+E2E99APk8mT8JKpClvRrB8OBVLS56B52+58ihErtPTQtCXk48O/fQ88YfBtKY3zUxdg1FUqZlwJ+fa6PcCQQDQB2gk" +
    "ukKRxR80wwV+5sofJc/d9X8kmg2hQxYOyHbgfd2ct7quKl8EKduNkctZD9x6Q3ep5D4vbPULr0DBhvd5AkAEe9OEjdABsH6oI9Np" +
    "ZqjGtdd3iWfvL/jvm/d3Zr0U6khtH51gUBpffPMI1f2l1smX1wl8m3SQ/L1THr8E/Dv3AkEAr0o+eAw3Acu/Ut8uJ1NjZ0GeWWJ+" +
    "4yGocIUt9gD3Io0MivzKIe30KHb42N7MIVzbJG7rS03XFHFUPqdLAoeuyQJBAJYoj0q4HjO9Ee6OXLlaT3A0Nx5mbSAcKkjhDFFx" +
    "jFdsw7UiFZJAvbUakVVmYJtaUayjwM32YPP+oPq49VJpdFI="),
  algorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
};
const ec = {
  spki: unbase64("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEoJ2TP3dNVMJWHx5rCaJZrpBvmOlT7I8EzKWjoTauz9B0CbtjGsNWDNKwM0T05/bC" +
    "1LWhovi6NBNxmhs72cyM5Q=="),
  pkcs8: unbase64("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg34GAQDpgvIHckYP7Pf0QRpRw52PjgLoj/DPhQdEX/smhRANCAASg" +
    "nZM/d01UwlYfHmsJolmukG+Y6VPsjwTMpaOhNq7P0HQJu2Maw1YM0rAzRPTn9sLUtaGi+Lo0E3GaGzvZzIzl"),
  algorithm: { name: "ECDSA", namedCurve: "P-256" },
};
const ed = {
  spki: unbase64("MCowBQYDK2VwAyEAuwe9fmHsaLCWwVxUckvVSa/QOUIeZSZNSFQWS/yGRus="),
  pkcs8: unbase64("MC4CAQAwBQYDK2VwBCIEIMxlt94b9U3BnT+MkKc0deZHmDw8pehSdUIkllAICQlx"),
  algorithm: "Ed25519",
};
const x = { spki: unbase64("MCowBQYDK2VuAyEAK7up/ckgOE+fKymvJ1FNQqr3qTzn3NeqRUsecrBdFB4=") };
const usage = { spki: ["verify"], pkcs8: ["sign"] };
const load = (format, bytes, algorithm) => subtle.importKey(format, bytes, algorithm, true, usage[format]);

// Where a changed byte does not matter.
async function changed(kind, format, change) {
  const taken = [], bytes = kind[format];
  for (let at = 0; at < Math.min(bytes.length, 160); at++) {
    const copy = bytes.slice();
    copy[at] ^= change;
    await load(format, copy, kind.algorithm).then(() => taken.push(at), () => {});
  }
  return taken.join();
}
async function cut(kind, format) {
  const errors = new Set();
  for (let size = 0; size < kind[format].length; size += 3) {
    await load(format, kind[format].slice(0, size), kind.algorithm).catch((error) => errors.add(`${error.name}: ${error.message}`));
  }
  return [...errors];
}
const longer = (kind, format, ...more) => load(format, new Uint8Array([...kind[format], ...more]), kind.algorithm);

export default checks([
  () => cut(rsa, "spki"),
  () => cut(rsa, "pkcs8"),
  () => cut(ec, "spki"),
  () => cut(ec, "pkcs8"),
  () => cut(ed, "spki"),
  () => cut(ed, "pkcs8"),
  () => longer(rsa, "spki", 0),
  () => longer(rsa, "pkcs8", 0, 0),
  () => longer(ec, "spki", 0),
  () => longer(ec, "pkcs8", 5, 0),
  () => longer(ed, "spki", 0),
  () => longer(ed, "pkcs8", 0),
  () => load("spki", new Uint8Array(0), ec.algorithm),
  () => load("pkcs8", new Uint8Array(0), ec.algorithm),
  () => load("spki", rsa.spki, ec.algorithm),
  () => load("spki", ec.spki, rsa.algorithm),
  () => load("spki", ed.spki, ec.algorithm),
  () => load("spki", x.spki, ec.algorithm),
  () => load("pkcs8", rsa.pkcs8, ec.algorithm),
  () => load("pkcs8", ec.pkcs8, rsa.algorithm),
  () => load("spki", rsa.pkcs8, rsa.algorithm),
  () => load("pkcs8", rsa.spki, rsa.algorithm),
  () => load("spki", ec.spki, { name: "ECDSA", namedCurve: "P-384" }),
  () => load("pkcs8", ec.pkcs8, { name: "ECDSA", namedCurve: "P-384" }),
  () => load("spki", ec.spki, { name: "ECDH", namedCurve: "P-256" }),
  () => subtle.importKey("spki", ec.spki, { name: "ECDH", namedCurve: "P-384" }, true, []),
  () => subtle.importKey("spki", ec.spki, { name: "ECDH", namedCurve: "P-256" }, true, []).then((key) => key.usages),
  () => subtle.importKey("spki", rsa.spki, { name: "ECDH", namedCurve: "P-256" }, true, []),
  () => changed(ec, "spki", 1),
  () => changed(ec, "spki", 128),
  () => changed(ec, "pkcs8", 1),
  () => changed(ec, "pkcs8", 128),
  () => changed(ed, "spki", 1).then((list) => list.split(",").slice(0, 12)),
  () => changed(ed, "pkcs8", 1).then((list) => list.split(",").slice(0, 12)),
  () => changed(ed, "pkcs8", 128).then((list) => list.split(",").slice(0, 12)),
  () => load("spki", unhex("3039301306072a8648ce3d020106082a8648ce3d030107032200" + "02" + hex(ec.spki).slice(-128, -64)), ec.algorithm).then((key) => subtle.exportKey("raw", key)).then((raw) => raw.byteLength),
  () => load("spki", unhex("3039301306072a8648ce3d020106082a8648ce3d030107032200" + "05" + hex(ec.spki).slice(-128, -64)), ec.algorithm),
  () => load("pkcs8", unhex("302e0201003005" + "06032b6570" + "04220420" + "01".repeat(32)), "Ed25519").then((key) => key.type),
  () => load("pkcs8", unhex("302e0201013005" + "06032b6570" + "04220420" + "01".repeat(32)), "Ed25519").then((key) => key.type),
  () => load("pkcs8", unhex("302e0201023005" + "06032b6570" + "04220420" + "01".repeat(32)), "Ed25519"),
  () => load("pkcs8", unhex("30300201003005" + "06032b6570" + "04220420" + "01".repeat(32) + "a000"), "Ed25519").then((key) => key.type),
  () => load("pkcs8", unhex("30300201003007" + "06032b65700500" + "04220420" + "01".repeat(32)), "Ed25519"),
  () => load("pkcs8", unhex("302d0201003005" + "06032b6570" + "0421041f" + "01".repeat(31)), "Ed25519"),
  () => load("pkcs8", unhex("30812e0201003005" + "06032b6570" + "04220420" + "01".repeat(32)), "Ed25519"),
  () => load("pkcs8", unhex("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420" + "01".repeat(32)), ec.algorithm).then((key) => subtle.exportKey("jwk", key)).then(({ x, y }) => x + y),
  () => load("pkcs8", unhex("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420" + "00".repeat(32)), ec.algorithm),
  () => load("pkcs8", unhex("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420" + "ff".repeat(32)), ec.algorithm),
  () => load("pkcs8", unhex("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201020420" + "01".repeat(32)), ec.algorithm),
  () => load("pkcs8", unhex("3022020100301306072a8648ce3d020106082a8648ce3d0301070408300602010104" + "0101"), ec.algorithm).then((key) => subtle.exportKey("jwk", key)).then(({ d }) => d),
  () => load("pkcs8", unhex("304b020100301306072a8648ce3d020106082a8648ce3d0301070431302f0201010420" + "01".repeat(32) + "a00a06082a8648ce3d030107"), ec.algorithm).then((key) => key.type),
  () => load("pkcs8", unhex("3048020100301306072a8648ce3d020106082a8648ce3d030107042e302c0201010420" + "01".repeat(32) + "a00706052b81040022"), ec.algorithm),
  () => load("spki", unhex("302e301006072a8648ce3d020106052b8104000a031a00" + "04".repeat(25)), ec.algorithm),
  () => load("spki", unhex("301a300d06092a864886f70d0101010500030900" + "3006020103020103"), rsa.algorithm),
  () => load("spki", unhex("3018300b06092a864886f70d010101030900" + "3006020103020103"), rsa.algorithm),
  () => load("spki", unhex("302c300d06092a864886f70d0101010500031b00" + "30180213" + "00ff".padEnd(38, "f") + "020103"), rsa.algorithm),
]);
