/* crypto_rsa.c: RSASSA-PKCS1-v1_5, RSA-PSS and RSA-OAEP (RFC 8017), and new keys.
 *
 * A key comes as its numbers. How long an operation takes follows from their sizes, and an exponent may be longer than
 * its modulus, so every number is held to its bound, and the factors to the modulus, before libcrypto sees the key.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/buf.h"
#include "isolate/crypto.h"

enum { N, E, D, P, Q, DP, DQ, QI, NUMBERS, EXPONENT_BITS = 33 /* as BoringSSL has it */ };

static const char *const names[NUMBERS] = {
    OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
    OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
    OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
    OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

struct numbers {
  BIGNUM *v[NUMBERS]; /* NULL: not there */
};

static void numbers_free(struct numbers *numbers) {
  for (int i = 0; i < NUMBERS; i++) BN_clear_free(numbers->v[i]);
}

static bool is_private(const struct numbers *key) { return key->v[D]; }
static bool has_factors(const struct numbers *key) { return key->v[P]; }

static bool numbers_read(struct crypto_bytes bytes, struct numbers *key) {
  struct reader r = reader_over(bytes.p, bytes.n);
  *key = (struct numbers){{0}};
  int count = 0;
  while (r.left && count < NUMBERS) {
    size_t n;
    const char *p = read_str_borrow(&r, &n);
    if (r.bad || n > CRYPTO_RSA_BITS_MAX / 8) return false;
    if (n && !(key->v[count] = BN_bin2bn((const uint8_t *)p, (int)n, NULL))) return false;
    count++;
  }
  return !r.left && (count == 2 || count == NUMBERS);
}

static bool odd_above_one(const BIGNUM *n) { return n && BN_is_odd(n) && !BN_is_one(n); }
static bool below(const BIGNUM *n, const BIGNUM *limit) { return n && !BN_is_zero(n) && BN_cmp(n, limit) < 0; }

static bool factors_fit(const struct numbers *key, BN_CTX *ctx) {
  BIGNUM *const *v = key->v;
  BIGNUM *product = BN_new();
  bool good = product && odd_above_one(v[P]) && odd_above_one(v[Q]) && BN_mul(product, v[P], v[Q], ctx) &&
              !BN_cmp(product, v[N]) && below(v[DP], v[P]) && below(v[DQ], v[Q]) && below(v[QI], v[P]);
  BN_free(product);
  return good;
}

/* Every number within its bounds; what is checked of a key in each call. */
static bool numbers_fit(const struct numbers *key, BN_CTX *ctx) {
  BIGNUM *const *v = key->v;
  int most = is_private(key) ? CRYPTO_RSA_PRIVATE_BITS_MAX : CRYPTO_RSA_BITS_MAX;
  if (!odd_above_one(v[N]) || BN_num_bits(v[N]) < CRYPTO_RSA_BITS_MIN || BN_num_bits(v[N]) > most) return false;
  if (!odd_above_one(v[E]) || BN_num_bits(v[E]) > EXPONENT_BITS) return false;
  if (!is_private(key)) return true;
  if (!below(v[D], v[N])) return false;
  return has_factors(key) ? factors_fit(key, ctx) : !v[Q] && !v[DP] && !v[DQ] && !v[QI];
}

/* a * b = 1 mod m, or mod m - 1 when `less`. */
static bool inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, bool less, BN_CTX *ctx) {
  BIGNUM *modulus = BN_dup(m), *product = BN_new();
  bool good = modulus && product && (!less || BN_sub_word(modulus, 1)) && BN_mod_mul(product, a, b, modulus, ctx) &&
              BN_is_one(product);
  BN_clear_free(modulus);
  BN_clear_free(product);
  return good;
}

/* The rest of what makes the numbers one key, but for primality: checked once, when a key is imported. */
static bool numbers_belong(const struct numbers *key, BN_CTX *ctx) {
  BIGNUM *const *v = key->v;
  if (!is_private(key) || !has_factors(key)) return true;
  return inverse(v[D], v[E], v[P], true, ctx) && inverse(v[D], v[E], v[Q], true, ctx) &&
         inverse(v[DP], v[E], v[P], true, ctx) && inverse(v[DQ], v[E], v[Q], true, ctx) &&
         inverse(v[QI], v[Q], v[P], false, ctx);
}

int32_t crypto_rsa_check(struct crypto_call *call) {
  struct numbers key;
  BN_CTX *ctx = BN_CTX_new();
  bool good = numbers_read(call->key, &key) && ctx && numbers_fit(&key, ctx) && numbers_belong(&key, ctx);
  numbers_free(&key);
  BN_CTX_free(ctx);
  return good ? 0 : CRYPTO_FAILED;
}

static EVP_PKEY *make_key(const struct numbers *key) {
  OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
  bool good = build;
  for (int i = 0; i < NUMBERS && good; i++) good = !key->v[i] || OSSL_PARAM_BLD_push_BN(build, names[i], key->v[i]);
  OSSL_PARAM *params = good ? OSSL_PARAM_BLD_to_param(build) : NULL;
  EVP_PKEY_CTX *ctx = params ? EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL) : NULL;
  EVP_PKEY *made = NULL;
  if (ctx && EVP_PKEY_fromdata_init(ctx) > 0)
    EVP_PKEY_fromdata(ctx, &made, is_private(key) ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params);
  EVP_PKEY_CTX_free(ctx);
  OSSL_PARAM_free(params);
  OSSL_PARAM_BLD_free(build);
  return made;
}

/* The call's key, ready to be used; *size: bytes of its modulus. NULL: not a key of the kind wanted. */
static EVP_PKEY_CTX *open_key(const struct crypto_call *call, bool private, size_t *size) {
  struct numbers key;
  BN_CTX *numbers = BN_CTX_new();
  bool good = numbers_read(call->key, &key) && numbers && numbers_fit(&key, numbers) && is_private(&key) == private;
  EVP_PKEY *made = good ? make_key(&key) : NULL;
  EVP_PKEY_CTX *ctx = made ? EVP_PKEY_CTX_new_from_pkey(NULL, made, NULL) : NULL;
  *size = good ? (size_t)BN_num_bytes(key.v[N]) : 0;
  EVP_PKEY_free(made);
  BN_CTX_free(numbers);
  numbers_free(&key);
  return ctx;
}

/* ---- signatures ---- */

static bool set_padding(const struct crypto_call *call, EVP_PKEY_CTX *ctx) {
  const EVP_MD *md = crypto_md(call->b);
  if (!md || EVP_PKEY_CTX_set_rsa_padding(ctx, call->a == RSA_PSS ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) <= 0) {
    return false;
  }
  if (EVP_PKEY_CTX_set_signature_md(ctx, md) <= 0) return false;
  return call->a != RSA_PSS || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)call->c) > 0;
}

int32_t crypto_rsa_sign(struct crypto_call *call) {
  uint8_t digest[CRYPTO_DIGEST_MAX];
  size_t n, room = call->room;
  EVP_PKEY_CTX *ctx = open_key(call, true, &n);
  bool good = ctx && n <= room && EVP_PKEY_sign_init(ctx) > 0 && set_padding(call, ctx) &&
              crypto_digest(call, call->b, digest) &&
              EVP_PKEY_sign(ctx, call->out, &room, digest, crypto_digest_size(call->b)) > 0;
  EVP_PKEY_CTX_free(ctx);
  return good ? (int32_t)room : CRYPTO_FAILED;
}

int32_t crypto_rsa_verify(struct crypto_call *call) {
  uint8_t digest[CRYPTO_DIGEST_MAX];
  size_t n;
  int32_t answer = CRYPTO_FAILED;
  EVP_PKEY_CTX *ctx = open_key(call, false, &n);
  if (ctx && EVP_PKEY_verify_init(ctx) > 0 && set_padding(call, ctx) && crypto_digest(call, call->b, digest)) {
    answer = EVP_PKEY_verify(ctx, call->aside.p, call->aside.n, digest, crypto_digest_size(call->b)) == 1;
  }
  EVP_PKEY_CTX_free(ctx);
  return answer;
}

/* ---- OAEP ---- */

/* libcrypto takes the label over. */
static bool set_label(EVP_PKEY_CTX *ctx, struct crypto_bytes label) {
  if (!label.n) return true;
  void *copy = OPENSSL_memdup(label.p, label.n);
  if (copy && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, (int)label.n) > 0) return true;
  OPENSSL_free(copy);
  return false;
}

static bool set_oaep(const struct crypto_call *call, EVP_PKEY_CTX *ctx) {
  const EVP_MD *md = crypto_md(call->b);
  return md && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) > 0 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0 &&
         set_label(ctx, call->extra);
}

int32_t crypto_rsa_encrypt(struct crypto_call *call) {
  size_t n, room = call->room;
  EVP_PKEY_CTX *ctx = open_key(call, false, &n);
  bool good = ctx && n <= room && EVP_PKEY_encrypt_init(ctx) > 0 && set_oaep(call, ctx) &&
              EVP_PKEY_encrypt(ctx, call->out, &room, call->data.p, call->data.n) > 0;
  EVP_PKEY_CTX_free(ctx);
  return good ? (int32_t)room : CRYPTO_FAILED;
}

int32_t crypto_rsa_decrypt(struct crypto_call *call) {
  size_t n, room = call->room;
  EVP_PKEY_CTX *ctx = open_key(call, true, &n);
  bool good = ctx && n <= room && EVP_PKEY_decrypt_init(ctx) > 0 && set_oaep(call, ctx) &&
              EVP_PKEY_decrypt(ctx, call->out, &room, call->data.p, call->data.n) > 0;
  EVP_PKEY_CTX_free(ctx);
  return good ? (int32_t)room : CRYPTO_FAILED;
}

/* ---- new keys: a search that the turn's end ends ---- */

static int search_goes_on(EVP_PKEY_CTX *ctx) { return !crypto_stopped(EVP_PKEY_CTX_get_app_data(ctx)); }

static int32_t put_key(const EVP_PKEY *key, struct crypto_call *call) {
  struct buf out;
  buf_init(&out, call->room);
  for (int i = 0; i < NUMBERS; i++) {
    BIGNUM *number = NULL;
    if (EVP_PKEY_get_bn_param(key, names[i], &number)) {
      buf_put_u32(&out, (uint32_t)BN_num_bytes(number));
      uint8_t *to = buf_room(&out, (size_t)BN_num_bytes(number));
      if (to) BN_bn2bin(number, to);
    } else {
      out.bad = true;
    }
    BN_clear_free(number);
  }
  int32_t answer = out.bad ? CRYPTO_FAILED : (int32_t)out.len;
  if (!out.bad) memcpy(call->out, out.data, out.len);
  if (out.data) OPENSSL_cleanse(out.data, out.len);
  buf_free(&out);
  return answer;
}

int32_t crypto_rsa_generate(struct crypto_call *call) {
  EVP_PKEY *key = NULL;
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
  BIGNUM *e = BN_new();
  bool good = ctx && e && BN_set_word(e, call->b) && EVP_PKEY_keygen_init(ctx) > 0 &&
              EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)call->a) > 0 &&
              EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e) > 0;
  if (good) {
    EVP_PKEY_CTX_set_app_data(ctx, call);
    EVP_PKEY_CTX_set_cb(ctx, search_goes_on);
    EVP_PKEY_generate(ctx, &key);
  }
  int32_t answer = key ? put_key(key, call) : CRYPTO_FAILED;
  EVP_PKEY_free(key);
  EVP_PKEY_CTX_free(ctx);
  BN_free(e);
  return answer;
}
