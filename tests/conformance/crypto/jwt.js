// JSON Web Tokens as libraries make and check them: HS256, RS256, PS256, ES256, ES384, ES512, EdDSA.
import { checks } from "../checks.js";

const { subtle } = crypto;
const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (value) => encode(new TextEncoder().encode(JSON.stringify(value)));
const keys = {
  HS256: { kty: "oct", k: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow" },
  RS256: {
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
  },
  ES256: {
    kty: "EC",
    x: "oJ2TP3dNVMJWHx5rCaJZrpBvmOlT7I8EzKWjoTauz9A",
    y: "dAm7YxrDVgzSsDNE9Of2wtS1oaL4ujQTcZobO9nMjOU",
    crv: "P-256",
    d: "34GAQDpgvIHckYP7Pf0QRpRw52PjgLoj_DPhQdEX_sk",
  },
  ES384: {
    kty: "EC",
    x: "J_E2gRpIjQpUE6yqfV-UA-m8yGS0H1vXPFDj_i-os8MZ8Bg8RFFlZOz5q7fhP05g",
    y: "KBEMY4NUfPMVPd8ANH85Q0Pj0qk0LWg87tAqUB28T1ChfylubW0XYjPHMIED-_ZM",
    crv: "P-384",
    d: "5gh6A60VWmEXNXpgu0XHu6P3z7kokuZZLlWpe5KmpUdldHhlbriYgOzwZoBk1B9u",
  },
  ES512: {
    kty: "EC",
    x: "AFH1Yaw8CImLuTObnCoCai7g96fVlZeiKYqLI50RUx8Iobv3UrCcoB_vyZiFORPPtBlOJhWcq56VRgYtu6ohO_uD",
    y: "AOUCTO_Gzbo94ApTMuZS7oXWNy_oTIvwmfuY1pNnzSmOKTAbXdynM0zRMehZ-uam9PPBGGJj6PAjNlJzuVuck3W-",
    crv: "P-521",
    d: "AM6gQnWpC_wl9mRLs1kHqrFUTlItdNijCkQ3bab_SiQU0P3QN5eTmQlmRtvT3XQfHSHDrbqBWQtq8UyKAWhLnEwM",
  },
  EdDSA: {
    crv: "Ed25519",
    d: "zGW33hv1TcGdP4yQpzR15keYPDyl6FJ1QiSWUAgJCXE",
    x: "uwe9fmHsaLCWwVxUckvVSa_QOUIeZSZNSFQWS_yGRus",
    kty: "OKP",
  },
};
keys.PS256 = keys.RS256;
const algorithms = {
  HS256: { name: "HMAC", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
  ES256: { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
  ES384: { name: "ECDSA", hash: "SHA-384", namedCurve: "P-384" },
  ES512: { name: "ECDSA", hash: "SHA-512", namedCurve: "P-521" },
  EdDSA: { name: "Ed25519" },
};
const publicOf = ({ kty, crv, x, y, n, e, k }) => ({ kty, crv, x, y, n, e, k });

async function make(alg, claims) {
  const key = await subtle.importKey("jwk", keys[alg], algorithms[alg], false, ["sign"]);
  const signed = `${text({ alg, typ: "JWT" })}.${text(claims)}`;
  return `${signed}.${encode(await subtle.sign(algorithms[alg], key, new TextEncoder().encode(signed)))}`;
}

async function check(token) {
  const [head, body, signature] = token.split(".");
  const { alg } = JSON.parse(new TextDecoder().decode(decode(head)));
  const key = await subtle.importKey("jwk", publicOf(keys[alg]), algorithms[alg], false, ["verify"]);
  const good = await subtle.verify(algorithms[alg], key, decode(signature), new TextEncoder().encode(`${head}.${body}`));
  return [good, JSON.parse(new TextDecoder().decode(decode(body))).sub];
}

export default checks([
  () => make("HS256", { sub: "a" }),
  () => make("RS256", { sub: "a" }),
  () => make("EdDSA", { sub: "a" }),
  async () => check(await make("HS256", { sub: "hs" })),
  async () => check(await make("RS256", { sub: "rs" })),
  async () => check(await make("PS256", { sub: "ps" })),
  async () => check(await make("ES256", { sub: "es256" })),
  async () => check(await make("ES384", { sub: "es384" })),
  async () => check(await make("ES512", { sub: "es512" })),
  async () => check(await make("EdDSA", { sub: "ed" })),
  async () => check((await make("HS256", { sub: "hs" })).replace(/.$/, (c) => (c === "A" ? "E" : "A"))).then(([good]) => good),
  async () => Promise.all(Object.keys(algorithms).map(async (alg) => (await make(alg, {})).split(".")[2].length)),
]);
