/* crypto_hash.c: hashes whose chaining value lies in the guest, and HMAC, HKDF and PBKDF2.
 *
 * libcrypto's EVP keeps a hash in an object of its own between two calls; its older functions on plain structures do
 * not, so a hash can go on from words that the guest kept. Any words are good ones: they are only ever added to and
 * shifted. HKDF (RFC 5869) and PBKDF2 (RFC 8018) are spelt out over HMAC (RFC 2104), because libcrypto's own cannot be
 * stopped and PBKDF2's takes twice the time.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* the functions on plain structures */
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/md4.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <string.h>

#include "isolate/crypto.h"

enum { PIECE = 1 << 20, BLOCK_MAX = SHA512_CBLOCK, ROUNDS = 1 << 10 };

union state {
  MD4_CTX md4;
  MD5_CTX md5;
  SHA_CTX sha1;
  SHA256_CTX sha256;
  SHA512_CTX sha512;
};

struct kind {
  size_t digest, block,
      words; /* bytes of the digest, of a block, of the chaining value, which is first in the struct */
  void (*start)(union state *s, const uint8_t *words, uint64_t bytes); /* words NULL: from the beginning */
  void (*update)(union state *s, const void *p, size_t n);
  void (*final)(union state *s, uint8_t *digest);
};

#define KIND(name, member, prefix, part)                                                                    \
  static void name##_start(union state *s, const uint8_t *words, uint64_t bytes) {                          \
    prefix##_Init(&s->member);                                                                              \
    if (!words) return;                                                                                     \
    memcpy(&s->member, words, part);                                                                        \
    s->member.Nl = (__typeof__(s->member.Nl))(bytes << 3);                                                  \
    s->member.Nh = (__typeof__(s->member.Nh))(bytes >> (sizeof s->member.Nl * 8 - 3));                      \
  }                                                                                                         \
  static void name##_update(union state *s, const void *p, size_t n) { prefix##_Update(&s->member, p, n); } \
  static void name##_final(union state *s, uint8_t *digest) { prefix##_Final(digest, &s->member); }

KIND(md4, md4, MD4, 16)
KIND(md5, md5, MD5, 16)
KIND(sha1, sha1, SHA1, 20)
KIND(sha224, sha256, SHA224, 32)
KIND(sha256, sha256, SHA256, 32)
KIND(sha384, sha512, SHA384, 64)
KIND(sha512, sha512, SHA512, 64)

static const struct kind kinds[GUEST_HASHES] = {
    [HASH_MD4] = {16, 64, 16, md4_start, md4_update, md4_final},
    [HASH_MD5] = {16, 64, 16, md5_start, md5_update, md5_final},
    [HASH_SHA1] = {20, 64, 20, sha1_start, sha1_update, sha1_final},
    [HASH_SHA224] = {28, 64, 32, sha224_start, sha224_update, sha224_final},
    [HASH_SHA256] = {32, 64, 32, sha256_start, sha256_update, sha256_final},
    [HASH_SHA384] = {48, 128, 64, sha384_start, sha384_update, sha384_final},
    [HASH_SHA512] = {64, 128, 64, sha512_start, sha512_update, sha512_final},
};

size_t crypto_digest_size(enum guest_hash hash) { return kinds[hash].digest; }

const EVP_MD *crypto_md(enum guest_hash hash) {
  switch (hash) {
    case HASH_MD5:
      return EVP_md5();
    case HASH_SHA1:
      return EVP_sha1();
    case HASH_SHA224:
      return EVP_sha224();
    case HASH_SHA256:
      return EVP_sha256();
    case HASH_SHA384:
      return EVP_sha384();
    case HASH_SHA512:
      return EVP_sha512();
    default:
      return NULL; /* MD4 is for hashing only */
  }
}

/* In pieces, so that a kill need not wait for the end. False: stopped. */
static bool absorb(const struct crypto_call *call, const struct kind *kind, union state *s, struct crypto_bytes bytes) {
  while (bytes.n > PIECE) {
    kind->update(s, bytes.p, PIECE);
    bytes.p += PIECE;
    bytes.n -= PIECE;
    if (crypto_stopped(call)) return false;
  }
  kind->update(s, bytes.p, bytes.n);
  return true;
}

bool crypto_digest(const struct crypto_call *call, enum guest_hash hash, uint8_t digest[CRYPTO_DIGEST_MAX]) {
  union state s;
  kinds[hash].start(&s, NULL, 0);
  if (!absorb(call, &kinds[hash], &s, call->data)) return false;
  kinds[hash].final(&s, digest);
  return true;
}

/* ---- chaining values ---- */

static bool resume(const struct crypto_call *call, const struct kind *kind, union state *s, uint64_t *bytes) {
  const struct crypto_bytes *kept = &call->aside;
  *bytes = 0;
  if (kept->n != 0 && kept->n != kind->words + sizeof *bytes) return false;
  if (kept->n) memcpy(bytes, kept->p + kind->words, sizeof *bytes);
  if (*bytes % kind->block) return false;
  kind->start(s, kept->n ? kept->p : NULL, *bytes);
  return true;
}

int32_t crypto_hash_update(struct crypto_call *call) {
  const struct kind *kind = &kinds[call->a];
  union state s;
  uint64_t bytes;
  if (call->data.n % kind->block || call->room < kind->words + sizeof bytes || !resume(call, kind, &s, &bytes)) {
    return CRYPTO_LIE;
  }
  if (!absorb(call, kind, &s, call->data)) return CRYPTO_FAILED;
  bytes += call->data.n;
  memcpy(call->out, &s, kind->words);
  memcpy(call->out + kind->words, &bytes, sizeof bytes);
  return (int32_t)(kind->words + sizeof bytes);
}

int32_t crypto_hash_final(struct crypto_call *call) {
  const struct kind *kind = &kinds[call->a];
  union state s;
  uint64_t bytes;
  if (call->room < kind->digest || !resume(call, kind, &s, &bytes)) return CRYPTO_LIE;
  if (!absorb(call, kind, &s, call->data)) return CRYPTO_FAILED;
  kind->final(&s, call->out);
  return (int32_t)kind->digest;
}

/* ---- HMAC: the states after the padded key, to start from as often as needed ---- */

struct hmac {
  const struct kind *kind;
  union state inner, outer;
};

static bool hmac_start(const struct crypto_call *call, struct hmac *h, enum guest_hash hash, struct crypto_bytes key) {
  const struct kind *kind = h->kind = &kinds[hash];
  uint8_t pad[BLOCK_MAX] = {0};
  kind->start(&h->inner, NULL, 0);
  kind->start(&h->outer, NULL, 0);
  if (key.n > kind->block) {
    union state s;
    kind->start(&s, NULL, 0);
    if (!absorb(call, kind, &s, key)) return false;
    kind->final(&s, pad);
  } else {
    memcpy(pad, key.p, key.n);
  }
  for (size_t i = 0; i < kind->block; i++) pad[i] ^= 0x36;
  kind->update(&h->inner, pad, kind->block);
  for (size_t i = 0; i < kind->block; i++) pad[i] ^= 0x36 ^ 0x5c;
  kind->update(&h->outer, pad, kind->block);
  OPENSSL_cleanse(pad, sizeof pad);
  return true;
}

/* Ends what was started as a copy of h->inner. */
static void hmac_final(const struct hmac *h, union state *inner, uint8_t *code) {
  union state outer = h->outer;
  uint8_t digest[CRYPTO_DIGEST_MAX];
  h->kind->final(inner, digest);
  h->kind->update(&outer, digest, h->kind->digest);
  h->kind->final(&outer, code);
}

int32_t crypto_hmac(struct crypto_call *call) {
  struct hmac h;
  if (call->room < kinds[call->a].digest) return CRYPTO_LIE;
  if (!hmac_start(call, &h, call->a, call->key)) return CRYPTO_FAILED;
  union state s = h.inner;
  if (!absorb(call, h.kind, &s, call->data)) return CRYPTO_FAILED;
  hmac_final(&h, &s, call->out);
  return (int32_t)h.kind->digest;
}

/* ---- keys from keys and passwords ---- */

static bool hkdf_extract(const struct crypto_call *call, struct hmac *h) {
  uint8_t prk[CRYPTO_DIGEST_MAX];
  if (!hmac_start(call, h, call->a, call->aside)) return false;
  union state s = h->inner;
  if (!absorb(call, h->kind, &s, call->key)) return false;
  hmac_final(h, &s, prk);
  bool done = hmac_start(call, h, call->a, (struct crypto_bytes){prk, h->kind->digest});
  OPENSSL_cleanse(prk, sizeof prk);
  return done;
}

int32_t crypto_hkdf(struct crypto_call *call) {
  struct hmac h;
  uint8_t t[CRYPTO_DIGEST_MAX], count = 0;
  size_t size = kinds[call->a].digest;
  if (call->room > 255 * size || !hkdf_extract(call, &h)) return CRYPTO_FAILED;
  for (size_t at = 0; at < call->room; at += size) {
    union state s = h.inner;
    if (count) h.kind->update(&s, t, size);
    if (!absorb(call, h.kind, &s, call->extra)) return CRYPTO_FAILED;
    h.kind->update(&s, &(uint8_t){++count}, 1);
    hmac_final(&h, &s, t);
    memcpy(call->out + at, t, call->room - at < size ? call->room - at : size);
    if (crypto_stopped(call)) return CRYPTO_FAILED;
  }
  return (int32_t)call->room;
}

/* T = U1 ^ U2 ^ ...: one block of the derived key. `salted` has taken in the salt. */
static bool pbkdf2_block(const struct crypto_call *call, const struct hmac *h, const union state *salted,
                         uint32_t number, uint32_t iterations, uint8_t t[CRYPTO_DIGEST_MAX]) {
  uint8_t u[CRYPTO_DIGEST_MAX];
  const uint8_t big[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
  size_t size = h->kind->digest;
  union state s = *salted;
  h->kind->update(&s, big, sizeof big);
  hmac_final(h, &s, u);
  memcpy(t, u, size);
  for (uint32_t i = 1; i < iterations; i++) {
    s = h->inner;
    h->kind->update(&s, u, size);
    hmac_final(h, &s, u);
    for (size_t k = 0; k < size; k++) t[k] ^= u[k];
    if (i % ROUNDS == 0 && crypto_stopped(call)) return false;
  }
  return !crypto_stopped(call);
}

bool crypto_stretch(const struct crypto_call *call, enum guest_hash hash, struct crypto_bytes salt, uint32_t iterations,
                    uint8_t *to, size_t n) {
  struct hmac h;
  uint8_t t[CRYPTO_DIGEST_MAX];
  size_t size = kinds[hash].digest;
  uint32_t number = 0;
  if (!hmac_start(call, &h, hash, call->key)) return false;
  union state salted = h.inner;
  if (!absorb(call, h.kind, &salted, salt)) return false;
  for (size_t at = 0; at < n; at += size) {
    if (!pbkdf2_block(call, &h, &salted, ++number, iterations, t)) return false;
    memcpy(to + at, t, n - at < size ? n - at : size);
  }
  return true;
}

int32_t crypto_pbkdf2(struct crypto_call *call) {
  bool done = crypto_stretch(call, call->a, call->aside, call->b, call->out, call->room);
  return done ? (int32_t)call->room : CRYPTO_FAILED;
}
