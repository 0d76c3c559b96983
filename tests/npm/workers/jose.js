// jose: tokens signed and verified with every kind of key, encrypted tokens, key sets, imports and exports, refusals.
import * as jose from "jose";
import { equal, ok, program, thrown } from "../check.js";

const secret = new TextEncoder().encode("a secret of at least thirty-two bytes");
const claims = { "urn:example:claim": true, list: [1] };

const token = (alg, key, more = {}) =>
  new jose.SignJWT(claims).setProtectedHeader({ alg, ...more }).setIssuedAt().setIssuer("me").setAudience("you").setSubject("s").setExpirationTime("2h").sign(key);

const signsWith = (alg, options) => async () => {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true, ...options });
  const jwt = await token(alg, privateKey);
  const { payload, protectedHeader } = await jose.jwtVerify(jwt, publicKey, { issuer: "me", audience: "you" });
  equal([payload.list, protectedHeader.alg, payload.sub], [[1], alg, "s"]);
  const again = await jose.importJWK(await jose.exportJWK(publicKey), alg);
  ok((await jose.jwtVerify(jwt, again)).payload.exp > Date.now() / 1000);
  const pem = await jose.importSPKI(await jose.exportSPKI(publicKey), alg);
  await jose.jwtVerify(jwt, pem);
  const signer = await jose.importPKCS8(await jose.exportPKCS8(privateKey), alg);
  await jose.jwtVerify(await token(alg, signer), publicKey);
  const [head, body, signature] = jwt.split(".");
  const changed = `${head}.${jose.base64url.encode(JSON.stringify({ ...jose.decodeJwt(jwt), sub: "other" }))}.${signature}`;
  ok((await thrown(() => jose.jwtVerify(changed, publicKey))) instanceof jose.errors.JWSSignatureVerificationFailed);
  ok(body.length > 10);
};

const encryptsWith = (alg, enc) => async () => {
  const pair = /^(RSA|ECDH)/.test(alg) ? await jose.generateKeyPair(alg) : await jose.generateSecret(alg === "dir" ? enc : alg);
  const jwe = await new jose.EncryptJWT(claims).setProtectedHeader({ alg, enc }).setIssuedAt().encrypt(pair.publicKey ?? pair);
  const { payload, protectedHeader } = await jose.jwtDecrypt(jwe, pair.privateKey ?? pair);
  equal([payload.list, protectedHeader.enc], [[1], enc]);
  const broken = jwe.split(".");
  broken[3] = broken[3].replace(/^./, (c) => (c === "A" ? "B" : "A"));
  ok((await thrown(() => jose.jwtDecrypt(broken.join("."), pair.privateKey ?? pair))) instanceof jose.errors.JWEDecryptionFailed);
};

export default program({
  "HS256": async () => {
    const jwt = await token("HS256", secret);
    equal((await jose.jwtVerify(jwt, secret)).payload["urn:example:claim"], true);
    ok((await thrown(() => jose.jwtVerify(jwt, new TextEncoder().encode("another secret of thirty-two bytes")))) instanceof jose.errors.JWSSignatureVerificationFailed);
    for (const alg of ["HS384", "HS512"]) await jose.jwtVerify(await token(alg, await jose.generateSecret(alg)), secret).catch((e) => equal(e.code, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"));
  },
  "a known token (RFC 7515, A.1)": async () => {
    const jwt = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const key = await jose.importJWK({ kty: "oct", k: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow" }, "HS256");
    equal((await jose.jwtVerify(jwt, key, { currentDate: new Date(0) })).payload.iss, "joe");
    ok((await thrown(() => jose.jwtVerify(jwt, key))) instanceof jose.errors.JWTExpired);
  },
  "RS256": signsWith("RS256"),
  "PS384": signsWith("PS384"),
  "ES256": signsWith("ES256"),
  "ES384": signsWith("ES384"),
  "EdDSA": signsWith("EdDSA"),
  "Ed25519": signsWith("Ed25519"),
  "claims are checked": async () => {
    const jwt = await token("HS256", secret);
    const code = async (options) => (await thrown(() => jose.jwtVerify(jwt, secret, options))).claim;
    equal([await code({ issuer: "x" }), await code({ audience: "x" }), await code({ subject: "x" }), await code({ maxTokenAge: "0s", currentDate: new Date(Date.now() + 5000) }), await code({ requiredClaims: ["nonce"] })],
      ["iss", "aud", "sub", "iat", "nonce"]);
    const early = await new jose.SignJWT({}).setProtectedHeader({ alg: "HS256" }).setNotBefore("10m").sign(secret);
    equal((await thrown(() => jose.jwtVerify(early, secret))).claim, "nbf");
    equal((await thrown(() => jose.jwtVerify(jwt, secret, { algorithms: ["HS512"] }))).code, "ERR_JOSE_ALG_NOT_ALLOWED");
    equal((await thrown(() => jose.jwtVerify("not.a.token", secret))).code, "ERR_JWS_INVALID");
    equal(new jose.UnsecuredJWT(claims).encode().endsWith("."), true);
  },
  "dir, A256GCM": encryptsWith("dir", "A256GCM"),
  "dir, A128CBC-HS256": encryptsWith("dir", "A128CBC-HS256"),
  "A256KW, A256GCM": encryptsWith("A256KW", "A256GCM"),
  "A128GCMKW, A128GCM": encryptsWith("A128GCMKW", "A128GCM"),
  "RSA-OAEP-256, A256CBC-HS512": encryptsWith("RSA-OAEP-256", "A256CBC-HS512"),
  "ECDH-ES, A256GCM": encryptsWith("ECDH-ES", "A256GCM"),
  "ECDH-ES+A128KW, A128GCM": encryptsWith("ECDH-ES+A128KW", "A128GCM"),
  "a password": async () => {
    const jwe = await new jose.CompactEncrypt(new TextEncoder().encode("text")).setProtectedHeader({ alg: "PBES2-HS256+A128KW", enc: "A128GCM" }).encrypt(secret);
    const { plaintext } = await jose.compactDecrypt(jwe, secret, { keyManagementAlgorithms: ["PBES2-HS256+A128KW"], maxPBES2Count: 10000 });
    equal(new TextDecoder().decode(plaintext), "text");
  },
  "a local set of keys": async () => {
    const pairs = await Promise.all(["ES256", "EdDSA"].map((alg) => jose.generateKeyPair(alg, { extractable: true })));
    const keys = await Promise.all(pairs.map(async ({ publicKey }, i) => ({ ...(await jose.exportJWK(publicKey)), kid: `k${i}`, use: "sig" })));
    const set = jose.createLocalJWKSet({ keys });
    equal((await jose.jwtVerify(await token("EdDSA", pairs[1].privateKey, { kid: "k1" }), set)).protectedHeader.kid, "k1");
    equal((await thrown(async () => jose.jwtVerify(await token("ES256", pairs[0].privateKey, { kid: "other" }), set))).code, "ERR_JWKS_NO_MATCHING_KEY");
  },
  "thumbprints, general and flattened signatures": async () => {
    const rsa = { kty: "RSA", e: "AQAB", n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw" };
    equal(await jose.calculateJwkThumbprint(rsa), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    const flat = await new jose.FlattenedSign(new Uint8Array([1, 2])).setProtectedHeader({ alg: "HS256", b64: true, crit: ["b64"] }).sign(secret);
    equal([...(await jose.flattenedVerify(flat, secret)).payload], [1, 2]);
    const general = await new jose.GeneralSign(new Uint8Array([3])).addSignature(secret).setProtectedHeader({ alg: "HS256" }).sign();
    equal([...(await jose.generalVerify(general, secret)).payload], [3]);
  },
});
