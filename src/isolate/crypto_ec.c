/* crypto_ec.c: ECDSA and ECDH on P-256, P-384 and P-521; Ed25519; X25519.
 *
 * Curves are known by name only, so nobody brings one of his own. Every point is checked to be on its curve and every
 * scalar to be below the order, in each call: what was checked once lies in the guest's memory since.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <string.h>

#include "isolate/crypto.h"

enum { SIZE_MAX_ = 66, POINT_MAX = 1 + 2 * SIZE_MAX_, DER_MAX = 160 };

static const struct curve {
  const char *name;
  int nid;
  size_t size; /* of a coordinate and of a scalar */
} curves[GUEST_CURVES] = {
    [CURVE_P256] = {"P-256", NID_X9_62_prime256v1, 32},
    [CURVE_P384] = {"P-384", NID_secp384r1, 48},
    [CURVE_P521] = {"P-521", NID_secp521r1, 66},
};

static EC_GROUP *groups[GUEST_CURVES]; /* only read after the setup */

void crypto_ec_setup(void) {
  for (int i = 0; i < GUEST_CURVES; i++) groups[i] = EC_GROUP_new_by_curve_name(curves[i].nid);
}

static bool is_point(const struct crypto_call *call, struct crypto_bytes bytes) {
  return bytes.n == 1 + 2 * curves[call->a].size && bytes.p[0] == POINT_CONVERSION_UNCOMPRESSED;
}

/* ---- keys: EVP's, for the one call ---- */

/* One of scalar and point may be NULL. NULL: not a key of this curve. */
static EVP_PKEY *key_of(const struct crypto_call *call, const struct crypto_bytes *scalar,
                        const struct crypto_bytes *point) {
  const struct curve *curve = &curves[call->a];
  uint8_t little[SIZE_MAX_];
  OSSL_PARAM params[4], *param = params;
  *param++ = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)curve->name, 0);
  if (point) *param++ = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point->p, point->n);
  if (scalar) {
    BIGNUM *number = BN_bin2bn(scalar->p, (int)scalar->n, NULL);
    bool good = number && !BN_is_zero(number) && BN_cmp(number, EC_GROUP_get0_order(groups[call->a])) < 0 &&
                BN_bn2nativepad(number, little, (int)curve->size) > 0;
    BN_clear_free(number);
    if (!good) return NULL;
    *param++ = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, little, curve->size);
  }
  *param = OSSL_PARAM_construct_end();
  EVP_PKEY *key = NULL;
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  if (ctx && EVP_PKEY_fromdata_init(ctx) > 0)
    EVP_PKEY_fromdata(ctx, &key, scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params);
  EVP_PKEY_CTX_free(ctx);
  OPENSSL_cleanse(little, sizeof little);
  return key;
}

static int32_t put_point(const struct crypto_call *call, const EC_POINT *point, uint8_t *out, size_t room) {
  size_t n = EC_POINT_point2oct(groups[call->a], point, POINT_CONVERSION_UNCOMPRESSED, out, room, NULL);
  return n ? (int32_t)n : CRYPTO_FAILED; /* 0: the point at infinity does not fit either */
}

int32_t crypto_ec_point(struct crypto_call *call) {
  size_t size = curves[call->a].size;
  if (call->room < 1 + 2 * size) return CRYPTO_LIE;
  if (call->key.n != 1 + size && call->key.n != 1 + 2 * size) return CRYPTO_FAILED; /* infinity is one byte */
  EC_POINT *point = EC_POINT_new(groups[call->a]);
  bool good = point && EC_POINT_oct2point(groups[call->a], point, call->key.p, call->key.n, NULL);
  int32_t answer = good ? put_point(call, point, call->out, call->room) : CRYPTO_FAILED;
  EC_POINT_free(point);
  return answer;
}

/* scalar * G, of a scalar within bounds. */
static int32_t public_of(const struct crypto_call *call, const BIGNUM *scalar, uint8_t *out, size_t room) {
  const EC_GROUP *group = groups[call->a];
  if (BN_is_zero(scalar) || BN_cmp(scalar, EC_GROUP_get0_order(group)) >= 0) return CRYPTO_FAILED;
  EC_POINT *point = EC_POINT_new(group);
  bool good = point && EC_POINT_mul(group, point, scalar, NULL, NULL, NULL);
  int32_t answer = good ? put_point(call, point, out, room) : CRYPTO_FAILED;
  EC_POINT_free(point);
  return answer;
}

int32_t crypto_ec_public(struct crypto_call *call) {
  size_t size = curves[call->a].size;
  if (call->key.n != size || call->room < 1 + 2 * size) return CRYPTO_LIE;
  BIGNUM *scalar = BN_secure_new();
  bool good = scalar && BN_bin2bn(call->key.p, (int)call->key.n, scalar);
  if (good) BN_set_flags(scalar, BN_FLG_CONSTTIME);
  int32_t answer = good ? public_of(call, scalar, call->out, call->room) : CRYPTO_FAILED;
  BN_clear_free(scalar);
  return answer;
}

int32_t crypto_ec_generate(struct crypto_call *call) {
  size_t size = curves[call->a].size;
  int32_t answer = CRYPTO_FAILED;
  if (call->room < size + 1 + 2 * size) return CRYPTO_LIE;
  BIGNUM *scalar = BN_secure_new();
  bool good = scalar && BN_priv_rand_range(scalar, EC_GROUP_get0_order(groups[call->a]));
  if (good) BN_set_flags(scalar, BN_FLG_CONSTTIME);
  if (good && BN_bn2binpad(scalar, call->out, (int)size) > 0) {
    answer = public_of(call, scalar, call->out + size, call->room - size);
  }
  BN_clear_free(scalar);
  return answer < 0 ? answer : (int32_t)size + answer;
}

/* ---- ECDSA: libcrypto speaks DER, the guest r and s side by side ---- */

static int32_t from_der(const uint8_t *der, size_t n, size_t size, uint8_t *out) {
  ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
  bool good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)size) > 0 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + size, (int)size) > 0;
  ECDSA_SIG_free(sig);
  return good ? (int32_t)(2 * size) : CRYPTO_FAILED;
}

int32_t crypto_ecdsa_sign(struct crypto_call *call) {
  size_t size = curves[call->a].size, n = DER_MAX;
  uint8_t digest[CRYPTO_DIGEST_MAX], der[DER_MAX];
  if (call->key.n != size || call->room < 2 * size) return CRYPTO_LIE;
  EVP_PKEY *key = key_of(call, &call->key, NULL);
  EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
  bool good = ctx && crypto_digest(call, call->b, digest) && EVP_PKEY_sign_init(ctx) > 0 &&
              EVP_PKEY_sign(ctx, der, &n, digest, crypto_digest_size(call->b)) > 0;
  EVP_PKEY_CTX_free(ctx);
  EVP_PKEY_free(key);
  return good ? from_der(der, n, size, call->out) : CRYPTO_FAILED;
}

/* Bytes of DER, or 0. */
static size_t to_der(struct crypto_bytes rs, uint8_t der[DER_MAX]) {
  int half = (int)(rs.n / 2), n = 0;
  ECDSA_SIG *sig = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(rs.p, half, NULL), *s = BN_bin2bn(rs.p + half, half, NULL);
  if (sig && r && s && ECDSA_SIG_set0(sig, r, s)) {
    r = s = NULL; /* sig's now */
    n = i2d_ECDSA_SIG(sig, NULL);
    if (n > 0 && n <= DER_MAX)
      n = i2d_ECDSA_SIG(sig, &der);
    else
      n = 0;
  }
  BN_free(r);
  BN_free(s);
  ECDSA_SIG_free(sig);
  return (size_t)n;
}

int32_t crypto_ecdsa_verify(struct crypto_call *call) {
  uint8_t digest[CRYPTO_DIGEST_MAX], der[DER_MAX];
  if (!is_point(call, call->key) || call->aside.n != 2 * curves[call->a].size) return CRYPTO_LIE;
  size_t n = to_der(call->aside, der);
  EVP_PKEY *key = n ? key_of(call, NULL, &call->key) : NULL;
  EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
  bool ready = ctx && crypto_digest(call, call->b, digest) && EVP_PKEY_verify_init(ctx) > 0;
  int32_t answer = CRYPTO_FAILED;
  if (ready) answer = EVP_PKEY_verify(ctx, der, n, digest, crypto_digest_size(call->b)) == 1;
  EVP_PKEY_CTX_free(ctx);
  EVP_PKEY_free(key);
  return answer;
}

/* ---- what two keys have in common ---- */

static int32_t derive(EVP_PKEY *own, EVP_PKEY *peer, uint8_t *out, size_t n) {
  EVP_PKEY_CTX *ctx = own && peer ? EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL) : NULL;
  size_t got = n;
  bool good = ctx && EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, peer) > 0 &&
              EVP_PKEY_derive(ctx, out, &got) > 0 && got == n;
  EVP_PKEY_CTX_free(ctx);
  EVP_PKEY_free(own);
  EVP_PKEY_free(peer);
  return good ? (int32_t)n : CRYPTO_FAILED;
}

int32_t crypto_ecdh(struct crypto_call *call) {
  size_t size = curves[call->a].size;
  if (call->key.n != size || !is_point(call, call->aside) || call->room < size) return CRYPTO_LIE;
  return derive(key_of(call, &call->key, NULL), key_of(call, NULL, &call->aside), call->out, size);
}

int32_t crypto_x25519(struct crypto_call *call) {
  if (call->room < 32) return CRYPTO_LIE;
  return derive(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, call->key.p, 32),
                EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, call->aside.p, 32), call->out, 32);
}

/* ---- Ed25519 ---- */

int32_t crypto_okp_public(struct crypto_call *call) {
  int type = call->a == OKP_ED25519 ? EVP_PKEY_ED25519 : EVP_PKEY_X25519;
  size_t n = 32;
  if (call->room < n) return CRYPTO_LIE;
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(type, NULL, call->key.p, 32);
  bool good = key && EVP_PKEY_get_raw_public_key(key, call->out, &n) > 0;
  EVP_PKEY_free(key);
  return good ? (int32_t)n : CRYPTO_FAILED;
}

/* The message is hashed whole by libcrypto, twice when signing: not stopped, but no slower than a copy or two. */
int32_t crypto_ed25519_sign(struct crypto_call *call) {
  size_t n = 64;
  if (call->room < n) return CRYPTO_LIE;
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, call->key.p, 32);
  EVP_MD_CTX *ctx = key ? EVP_MD_CTX_new() : NULL;
  bool good = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) > 0 &&
              EVP_DigestSign(ctx, call->out, &n, call->data.p, call->data.n) > 0;
  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(key);
  return good ? (int32_t)n : CRYPTO_FAILED;
}

int32_t crypto_ed25519_verify(struct crypto_call *call) {
  EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, call->key.p, 32);
  EVP_MD_CTX *ctx = key ? EVP_MD_CTX_new() : NULL;
  int32_t answer = CRYPTO_FAILED;
  if (ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) > 0) {
    answer = EVP_DigestVerify(ctx, call->aside.p, call->aside.n, call->data.p, call->data.n) == 1;
  }
  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(key);
  return answer;
}
