// RSASSA-PKCS1-v1_5, RSA-PSS and RSA-OAEP: signatures, secrets, every format, JWK's fields, sizes, bad keys.
import { checks } from "../checks.js";

const { subtle } = crypto;
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
const unbase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const big = {
    kty: "RSA",
    n: "07tjRuP-jAxjBOQZPZB75E1JExyE8CwWYwXsDc-etAV0MVbP0eYQHykgrJn1fYu3BLDSDLRI0wCwF5d_MzQgPSriMHb5skr3BuOQ" +
    "V8njoa4J2abhzs9wWFneSrevCVcGmV7gKLmI-kU7bFlTqBDst_56anTUnYVNNl8Td3wlsh04UXAOCopIhJahyyVNkNLTL9WnTz2U" +
    "HTKPAXzA79VvamkKgxu6AQborkpHL5KQNh0duDW7eNDJAjk9aJaGFWz7V_yTHuMAGx7tqVC1OmQGd2UK-Zifh0g5pvNXopq-t4ej" +
    "goyIpyw5e-lHMp011ImJGzje21vRLCwL7sZQDjDtHQ",
    e: "AQAB",
    d: "KbESn6Up3Jhc0Bv9J10BtEcOnlOFjshToSyLmn2ZNcAELOn38pAfeQ9PZoVLbGz8PRF3TvaaB2hxhDe53ZKETZ8Z2mq3CMdPpJzf" +
    "MZYou0-qk1_Tw3Yf3FnX1nUcY5WuEDm5IHPGN-e1h4SAX03z2tgicT9vlVPoDA6FJgg9YPiZv-dNv7abQPQimY-XIkES68wmObuK" +
    "VAoM-gFPslKye-8Fs5ylz3-JMlmoFO4uEZumSdlTad5juiGHPOCRbIHsXWdjnxKaPn08qb3-iXzTasP6WZdLW_kF7ic4hDnj5MHP" +
    "7OWTCWEAinWsfrWje6mIqJWlJAXhkAqbyQByiVjQIQ",
    p: "8GVhi264yRp9DrF-H__1gDWXEzSqWCOf5CWGzq1UPYSalGDNtU897T1RmnG8Ldqvbgrq3qXBFvAwvs7-cYDY5a_BmFXpb22bsR1W" +
    "mpwevNpX5_yo76AqQ05CEK1FgQBLwViQ6AwAVI7sdC1_s4CSGAaNi8j7enFIYeB-TGIi9qE",
    q: "4XmzkkPkC-xiy1nYC1B1HQqeeSqnOrvEId6CVVsrgUkPIm5qOBdIVMR-7CkrOZSAhOlz69zM8KIPNlGCA9NztQV8tMxunayx2NaS" +
    "x2odfr8wZVQo2vM-wYAaGdf10IqPdfmmAmWUSp_OEBj0il8EDBHrsDJCjQRvHI-_RcpFMP0",
    dp: "pFd6hvrLotfT9K6Mnc27BMoeHMgdSCIalbq93R8Lfv7fOl6vYqrol_4agm4MioB8-8rE5C8GwOq1OEyEEA5YuTUdMUpSSpXxIPUA" +
    "lrPyI4NVI0hMKX0iR18BtSrvYBBWubgVYD2MIEKRDZ9pNMrJlVktfQmKOhulsxvo28kfQ-E",
    dq: "xAri_SuWXl-bzp9BXyUHjsaq30Mcv85-S8yBmeF5RCHXzOIf7MEhnMJ0cLWi5Z-e1vF8XvlOH3NospvP5a-2jRBGS5TsIKAEyjpW" +
    "yJgVKRzm4VN5alXQnMHa79l722R-M99qXe8gLnof2pM4HA9dH3l9aWdpwd63FShO8ElcO6k",
    qi: "zn4xb6udAVDgoHTqqWrA3XZDtpc525Ve6xVdOgtsZAfIu2_1_LOEq4jQ8Wh8ImZzx8hP-LmA-Hl3MR43bvdSy90EhQLfC6HkBHQF" +
    "IVJbl_458Jh2ZSZIM1XO278zJ_lwefYNg6hmnEcMniwMRHAE5YWj0zI5YWC6ycFJYGWwhbM",
  };
const small = {
    kty: "RSA",
    n: "zxk_UO8inoOpXQAWSOSPND9WIH1hmnCbBdFrOkrv4EJrStPzp-7z7EQXPlPkcivk-rxckMnvlLecAMRzgXm8KHLsDFQXGHK8Fs-0" +
    "zOQ0oYHdV5K50wv2hrX7pI6M7z6fbCfYu9q_uITuIC4uleYB2Ac9YF4CS_6PAQQAiPWIbb8",
    e: "AQAB",
    d: "Xk-cEupj9JX2ycBhZZ6YTG3PdgpDKYbAQh0FXM2FgbYdkD0Hh-F8uYqknyCrNwcgRsMC0Hj1nt8irwLHqx3Z_irTtlf4tH79TFLk" +
    "_L2ClpAuhFVD1U-LvQ1JhDj84fOje0nJoLfZ0IvrRpz3JSiEvLUXjk1oVGlH39VfZkrnf5E",
    p: "_trr4TYT30A-TyZPwkqkKW9GsHw4FUtLnoHnb7nyKESu09NC0JeTjw799Dzxh8G0pjfNTF2DUVSpmXAn59ro9w",
    q: "0AdoJLpCkcUfNMMFfubKHyXP3fV_JJoNoUMWDsh24H3dnLe6ripfBCnbjZHLWQ_cekN3qeQ-L2z1C69AwYb3eQ",
    dp: "BHvThI3QAbB-qCPTaWaoxrXXd4ln7y_475v3d2a9FOpIbR-dYFAaX3zzCNX9pdbJl9cJfJt0kPy9Ux6_BPw79w",
    dq: "r0o-eAw3Acu_Ut8uJ1NjZ0GeWWJ-4yGocIUt9gD3Io0MivzKIe30KHb42N7MIVzbJG7rS03XFHFUPqdLAoeuyQ",
    qi: "liiPSrgeM70R7o5cuVpPcDQ3HmZtIBwqSOEMUXGMV2zDtSIVkkC9tRqRVWZgm1pRrKPAzfZg8_6g-rj1Uml0Ug",
  };
const pkcs8 = "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAM8ZP1DvIp6DqV0AFkjkjzQ/ViB9YZpwmwXRazpK7+BCa0rT86fu" +
    "8+xEFz5T5HIr5Pq8XJDJ75S3nADEc4F5vChy7AxUFxhyvBbPtMzkNKGB3VeSudML9oa1+6SOjO8+n2wn2Lvav7iE7iAuLpXmAdgH" +
    "PWBeAkv+jwEEAIj1iG2/AgMBAAECgYBeT5wS6mP0lfbJwGFlnphMbc92CkMphsBCHQVczYWBth2QPQeH4Xy5iqSfIKs3ByBGwwLQ" +
    "ePWe3yKvAserHdn+KtO2V/i0fv1MUuT8vYKWkC6EVUPVT4u9DUmEOPzh86N7Scmgt9nQi+tGnPclKIS8tReOTWhUaUff1V9mSud/" +
    "kQJBAP7a6+E2E99APk8mT8JKpClvRrB8OBVLS56B52+58ihErtPTQtCXk48O/fQ88YfBtKY3zUxdg1FUqZlwJ+fa6PcCQQDQB2gk" +
    "ukKRxR80wwV+5sofJc/d9X8kmg2hQxYOyHbgfd2ct7quKl8EKduNkctZD9x6Q3ep5D4vbPULr0DBhvd5AkAEe9OEjdABsH6oI9Np" +
    "ZqjGtdd3iWfvL/jvm/d3Zr0U6khtH51gUBpffPMI1f2l1smX1wl8m3SQ/L1THr8E/Dv3AkEAr0o+eAw3Acu/Ut8uJ1NjZ0GeWWJ+" +
    "4yGocIUt9gD3Io0MivzKIe30KHb42N7MIVzbJG7rS03XFHFUPqdLAoeuyQJBAJYoj0q4HjO9Ee6OXLlaT3A0Nx5mbSAcKkjhDFFx" +
    "jFdsw7UiFZJAvbUakVVmYJtaUayjwM32YPP+oPq49VJpdFI=";
const pkcs1 = "MIICXQIBAAKBgQDPGT9Q7yKeg6ldABZI5I80P1YgfWGacJsF0Ws6Su/gQmtK0/On7vPsRBc+U+RyK+T6vFyQye+Ut5wAxHOBebwo" +
    "cuwMVBcYcrwWz7TM5DShgd1XkrnTC/aGtfukjozvPp9sJ9i72r+4hO4gLi6V5gHYBz1gXgJL/o8BBACI9YhtvwIDAQABAoGAXk+c" +
    "Eupj9JX2ycBhZZ6YTG3PdgpDKYbAQh0FXM2FgbYdkD0Hh+F8uYqknyCrNwcgRsMC0Hj1nt8irwLHqx3Z/irTtlf4tH79TFLk/L2C" +
    "lpAuhFVD1U+LvQ1JhDj84fOje0nJoLfZ0IvrRpz3JSiEvLUXjk1oVGlH39VfZkrnf5ECQQD+2uvhNhPfQD5PJk/CSqQpb0awfDgV" +
    "S0uegedvufIoRK7T00LQl5OPDv30PPGHwbSmN81MXYNRVKmZcCfn2uj3AkEA0AdoJLpCkcUfNMMFfubKHyXP3fV/JJoNoUMWDsh2" +
    "4H3dnLe6ripfBCnbjZHLWQ/cekN3qeQ+L2z1C69AwYb3eQJABHvThI3QAbB+qCPTaWaoxrXXd4ln7y/475v3d2a9FOpIbR+dYFAa" +
    "X3zzCNX9pdbJl9cJfJt0kPy9Ux6/BPw79wJBAK9KPngMNwHLv1LfLidTY2dBnllifuMhqHCFLfYA9yKNDIr8yiHt9Ch2+NjezCFc" +
    "2yRu60tN1xRxVD6nSwKHrskCQQCWKI9KuB4zvRHujly5Wk9wNDceZm0gHCpI4QxRcYxXbMO1IhWSQL21GpFVZmCbWlGso8DN9mDz" +
    "/qD6uPVSaXRS";
const spki = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDPGT9Q7yKeg6ldABZI5I80P1YgfWGacJsF0Ws6Su/gQmtK0/On7vPsRBc+U+Ry" +
    "K+T6vFyQye+Ut5wAxHOBebwocuwMVBcYcrwWz7TM5DShgd1XkrnTC/aGtfukjozvPp9sJ9i72r+4hO4gLi6V5gHYBz1gXgJL/o8B" +
    "BACI9YhtvwIDAQAB";
const publicOf = ({ kty, n, e }) => ({ kty, n, e });
const load = (jwk, name, hash, usages) => subtle.importKey("jwk", jwk, { name, hash }, true, usages);
const signer = (jwk, name = "RSASSA-PKCS1-v1_5", hash = "SHA-256") => load(jwk, name, hash, ["sign"]);
const verifier = (jwk, name = "RSASSA-PKCS1-v1_5", hash = "SHA-256") => load(publicOf(jwk), name, hash, ["verify"]);
const hashes = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
const sign = async (jwk, hash, text = "text") => subtle.sign("RSASSA-PKCS1-v1_5", await signer(jwk, undefined, hash), bytes(text));
const pss = async (jwk, saltLength, hash = "SHA-256") => {
  const made = await subtle.sign({ name: "RSA-PSS", saltLength }, await signer(jwk, "RSA-PSS", hash), bytes("text"));
  return [made.byteLength, await subtle.verify({ name: "RSA-PSS", saltLength }, await verifier(jwk, "RSA-PSS", hash), made, bytes("text"))];
};
const oaep = (jwk, hash, usages) => load(jwk, "RSA-OAEP", hash, usages);
const secret = async (hash, text, label, opened = label) => {
  const sealed = await subtle.encrypt({ name: "RSA-OAEP", label }, await oaep(publicOf(big), hash, ["encrypt"]), bytes(text));
  return new TextDecoder().decode(await subtle.decrypt({ name: "RSA-OAEP", label: opened }, await oaep(big, hash, ["decrypt"]), sealed));
};
const generate = (more, usages = ["sign", "verify"]) => subtle.generateKey({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256",
  modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), ...more }, true, usages);

export default checks([
  async () => hex(await sign(big, "SHA-256")),
  async () => (await Promise.all(hashes.map((hash) => sign(small, hash)))).map(hex),
  async () => hex(await sign(big, "MD5")),
  async () => Promise.all(hashes.map(async (hash) => subtle.verify("RSASSA-PKCS1-v1_5", await verifier(big, undefined, hash), await sign(big, hash), bytes("text")))),
  async () => subtle.verify("RSASSA-PKCS1-v1_5", await verifier(big), await sign(big, "SHA-256"), bytes("other")),
  async () => subtle.verify("RSASSA-PKCS1-v1_5", await verifier(big), new Uint8Array(256), bytes("other")),
  async () => subtle.verify("RSASSA-PKCS1-v1_5", await verifier(big), new Uint8Array(255), bytes("other")),
  async () => subtle.verify("RSASSA-PKCS1-v1_5", await verifier(big), new Uint8Array(0), bytes("other")),
  async () => subtle.verify("RSASSA-PKCS1-v1_5", await verifier(big), new Uint8Array(256).fill(255), bytes("other")),
  async () => subtle.verify("RSASSA-PKCS1-v1_5", await signer(big), new Uint8Array(256), bytes("other")),
  async () => subtle.sign("RSASSA-PKCS1-v1_5", await verifier(big), bytes("other")),
  async () => [await pss(big, 32), await pss(big, 0), await pss(big, 222), await pss(small, 20, "SHA-1"), await pss(small, 62, "SHA-512")],
  () => pss(big, 223),
  () => pss(small, 63, "SHA-512"),
  () => pss(big, -1),
  () => pss(big, undefined),
  async () => subtle.verify({ name: "RSA-PSS", saltLength: 31 }, await verifier(big, "RSA-PSS"), await subtle.sign({ name: "RSA-PSS", saltLength: 32 }, await signer(big, "RSA-PSS"), bytes("a")), bytes("a")),
  async () => subtle.verify({ name: "RSA-PSS", saltLength: -1 }, await verifier(big, "RSA-PSS"), new Uint8Array(256), bytes("a")),
  async () => subtle.verify("RSA-PSS", await verifier(big, "RSA-PSS"), new Uint8Array(256), bytes("a")),
  async () => subtle.verify({ name: "RSA-PSS", saltLength: 2 ** 20 }, await verifier(big, "RSA-PSS"), new Uint8Array(256), bytes("a")),
  () => Promise.all(hashes.map((hash) => secret(hash, "text", bytes("label")))),
  () => secret("SHA-1", "", undefined),
  () => secret("SHA-256", "x".repeat(190), undefined).then((text) => text.length),
  () => secret("SHA-256", "x".repeat(191), undefined),
  () => secret("SHA-256", "text", new Uint8Array(0), undefined),
  () => secret("SHA-256", "text", bytes("a"), bytes("b")),
  () => secret("SHA-256", "text", "label"),
  async () => subtle.decrypt("RSA-OAEP", await oaep(big, "SHA-1", ["decrypt"]), new Uint8Array(256)),
  async () => subtle.decrypt("RSA-OAEP", await oaep(big, "SHA-1", ["decrypt"]), new Uint8Array(255)),
  async () => subtle.decrypt("RSA-OAEP", await oaep(big, "SHA-1", ["decrypt"]), new Uint8Array(0)),
  async () => subtle.encrypt("RSA-OAEP", await oaep(big, "SHA-1", ["decrypt"]), bytes("")),
  async () => subtle.sign("RSA-OAEP", await oaep(big, "SHA-1", ["decrypt"]), bytes("")),
  async () => { const key = await signer(big); return [key.type, key.algorithm, key.usages]; },
  async () => { const key = await verifier(small, "RSA-PSS", "sha-1"); return [key.type, key.algorithm, key.usages]; },
  async () => JSON.stringify(await subtle.exportKey("jwk", await signer(small))),
  async () => JSON.stringify(await subtle.exportKey("jwk", await verifier(small, "RSA-PSS", "SHA-512"))),
  async () => JSON.stringify(await subtle.exportKey("jwk", await oaep(small, "SHA-1", ["decrypt", "unwrapKey"]))),
  async () => JSON.stringify(await subtle.exportKey("jwk", await oaep(publicOf(small), "SHA-384", ["encrypt"]))),
  async () => subtle.exportKey("jwk", await signer(small, undefined, "MD5")),
  async () => subtle.exportKey("raw", await verifier(small)),
  async () => hex(await subtle.exportKey("pkcs8", await signer(small))),
  async () => hex(await subtle.exportKey("spki", await verifier(small))),
  async () => subtle.exportKey("spki", await signer(small)),
  async () => subtle.exportKey("pkcs8", await verifier(small)),
  async () => hex(await subtle.exportKey("pkcs8", await subtle.importKey("pkcs8", unbase64(pkcs8), { name: "RSA-PSS", hash: "SHA-1" }, true, ["sign"]))),
  async () => hex(await subtle.exportKey("pkcs8", await subtle.importKey("pkcs8", unbase64(pkcs1), { name: "RSA-PSS", hash: "SHA-1" }, true, ["sign"]))),
  async () => hex(await subtle.exportKey("spki", await subtle.importKey("spki", unbase64(spki), { name: "RSA-OAEP", hash: "SHA-1" }, true, ["encrypt"]))),
  () => signer({ ...big, kty: "EC" }),
  () => signer({ ...big, alg: "RS256" }).then((key) => key.type),
  () => signer({ ...big, alg: "RS1" }),
  () => signer({ ...big, alg: "PS256" }, "RSA-PSS").then((key) => key.type),
  () => oaep({ ...big, alg: "RSA-OAEP" }, "SHA-1", ["decrypt"]).then((key) => key.type),
  () => oaep({ ...big, alg: "RSA-OAEP-1" }, "SHA-1", ["decrypt"]),
  () => signer({ ...big, n: undefined }),
  () => signer({ ...big, e: undefined }),
  () => signer({ ...big, n: "??" }),
  () => signer({ ...big, d: "??" }),
  () => signer({ ...big, p: undefined }),
  () => signer({ ...big, qi: "??" }),
  () => signer({ ...big, p: undefined, q: undefined, dp: undefined, dq: undefined, qi: undefined }).then((key) => key.type),
  () => signer({ ...big, oth: [{}] }),
  () => signer({ ...big, ext: false }),
  () => signer({ ...big, use: "enc" }),
  () => signer({ ...big, key_ops: ["decrypt"] }),
  () => oaep({ ...big, use: "sig" }, "SHA-1", ["decrypt"]),
  () => signer({ ...big, e: "Ag" }),
  () => signer({ ...big, e: "BQ" }),
  () => signer({ ...big, e: "AQAAAAE" }),
  () => signer({ ...big, e: "" }),
  () => verifier({ ...big, n: "AQAB" }),
  () => verifier({ ...big, n: "" }),
  () => load(big, "RSA-PSS", "SHA-256", ["verify"]),
  () => load(publicOf(big), "RSA-PSS", "SHA-256", ["sign"]),
  () => load(publicOf(big), "RSA-PSS", "SHA-256", []).then((key) => key.usages),
  () => load(big, "RSA-PSS", "SHA-256", []),
  () => load(big, "RSA-PSS", undefined, ["sign"]),
  () => load(big, "RSA-PSS", "SHA-3", ["sign"]),
  async () => { const pair = await generate({}); return [pair.publicKey.algorithm, pair.publicKey.usages, pair.privateKey.usages, await subtle.verify("RSASSA-PKCS1-v1_5", pair.publicKey, await subtle.sign("RSASSA-PKCS1-v1_5", pair.privateKey, bytes("a")), bytes("a"))]; },
  async () => Object.keys(JSON.parse(JSON.stringify(await subtle.exportKey("jwk", (await generate({})).privateKey)))),
  async () => (await generate({ name: "RSA-OAEP", publicExponent: new Uint8Array([3]) }, ["encrypt", "decrypt", "wrapKey", "unwrapKey"])).privateKey.usages,
  () => generate({ modulusLength: 1000 }),
  () => generate({ modulusLength: 1001 }),
  () => generate({ modulusLength: 0 }),
  () => generate({ modulusLength: -1 }),
  () => generate({ modulusLength: 128 }),
  () => generate({ modulusLength: 16512 }),
  () => generate({ modulusLength: undefined }),
  () => generate({ hash: undefined }),
  () => generate({ publicExponent: undefined }),
  () => generate({ publicExponent: new Uint8Array([5]) }),
  () => generate({ publicExponent: new Uint8Array([0, 0, 0, 1, 0, 1]) }).then((pair) => pair.publicKey.algorithm),
  () => generate({ publicExponent: new Uint8Array([1, 0, 0, 0, 1]) }),
  () => generate({ publicExponent: new Uint8Array([]) }),
  () => generate({ publicExponent: 65537 }),
  () => generate({}, ["verify"]),
  () => generate({}, ["encrypt"]),
]);
