/* crypto_scrypt.c: scrypt (RFC 7914).
 *
 * Spelt out, as HKDF and PBKDF2 are, because libcrypto's cannot be stopped: at the limit of the table it takes half a
 * second, and with many lanes and a long key it takes in their 64 MiB anew for every 32 bytes of the key, for hours.
 * Here a kill is seen within a thousand rounds of Salsa20/8, less than a millisecond.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "isolate/crypto.h"

enum { WORDS = 16, CHUNK = WORDS * sizeof(uint32_t), ROUNDS = 1 << 10 };

static uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

#define QUARTER(a, b, c, d)        \
  x[b] ^= rotate(x[a] + x[d], 7);  \
  x[c] ^= rotate(x[b] + x[a], 9);  \
  x[d] ^= rotate(x[c] + x[b], 13); \
  x[a] ^= rotate(x[d] + x[c], 18)

/* Section 3. Words lie as they do on the wire: the machine is little-endian. */
static void salsa20_8(uint32_t block[WORDS]) {
  uint32_t x[WORDS];
  memcpy(x, block, CHUNK);
  for (int i = 0; i < 4; i++) {
    QUARTER(0, 4, 8, 12);
    QUARTER(5, 9, 13, 1);
    QUARTER(10, 14, 2, 6);
    QUARTER(15, 3, 7, 11);
    QUARTER(0, 1, 2, 3);
    QUARTER(5, 6, 7, 4);
    QUARTER(10, 11, 8, 9);
    QUARTER(15, 12, 13, 14);
  }
  for (int i = 0; i < WORDS; i++) block[i] += x[i];
}

/* Section 4, scryptBlockMix: from and to are 2 r chunks. false: stopped. */
static bool block_mix(const struct crypto_call *call, const uint32_t *from, uint32_t *to) {
  size_t r = call->b;
  uint32_t x[WORDS];
  memcpy(x, from + (2 * r - 1) * WORDS, CHUNK);
  for (size_t i = 0; i < 2 * r; i++) {
    for (int k = 0; k < WORDS; k++) x[k] ^= from[i * WORDS + (size_t)k];
    salsa20_8(x);
    memcpy(to + (i / 2 + (i & 1) * r) * WORDS, x, CHUNK);
    if (i % ROUNDS == 0 && crypto_stopped(call)) return false;
  }
  return true;
}

/* Section 5, scryptROMix, of one block in place. `scratch` has room for N + 1 blocks. false: stopped. */
static bool ro_mix(const struct crypto_call *call, uint32_t *block, uint32_t *scratch) {
  size_t count = call->a, words = (size_t)2 * call->b * WORDS;
  uint32_t *mixed = scratch + count * words;
  memcpy(scratch, block, words * sizeof *block);
  for (size_t i = 1; i < count; i++)
    if (!block_mix(call, scratch + (i - 1) * words, scratch + i * words)) return false;
  if (!block_mix(call, scratch + (count - 1) * words, block)) return false;
  for (size_t i = 0; i < count; i++) {
    const uint32_t *kept = scratch + (block[words - WORDS] & (count - 1)) * words;
    for (size_t k = 0; k < words; k++) mixed[k] = block[k] ^ kept[k];
    if (!block_mix(call, mixed, block)) return false;
  }
  return true;
}

static bool scrypt(const struct crypto_call *call, uint32_t *blocks, uint32_t *scratch) {
  size_t words = (size_t)2 * call->b * WORDS, size = call->c * words * sizeof *blocks;
  if (!crypto_stretch(call, HASH_SHA256, call->aside, 1, (uint8_t *)blocks, size)) return false;
  for (uint32_t i = 0; i < call->c; i++)
    if (!ro_mix(call, blocks + i * words, scratch)) return false;
  return crypto_stretch(call, HASH_SHA256, (struct crypto_bytes){(uint8_t *)blocks, size}, 1, call->out, call->room);
}

int32_t crypto_scrypt(struct crypto_call *call) {
  uint64_t work = (uint64_t)call->a * call->b; /* neither is above 2^20 */
  if (call->a & (call->a - 1) || work > CRYPTO_SCRYPT_MAX || work * call->c > CRYPTO_SCRYPT_MAX) return CRYPTO_LIE;
  if (call->b == 1 && call->a >= 1 << 16) return CRYPTO_FAILED; /* section 2: N is below 2 ^ (128 r / 8) */
  if (!call->room) return 0;
  size_t words = (size_t)2 * call->b * WORDS, size = (call->c + call->a + 1) * words * sizeof(uint32_t);
  uint32_t *memory = OPENSSL_malloc(size);
  if (!memory) return CRYPTO_NO_MEMORY;
  bool done = scrypt(call, memory, memory + call->c * words);
  OPENSSL_clear_free(memory, size);
  return done ? (int32_t)call->room : CRYPTO_FAILED;
}
