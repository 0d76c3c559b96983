/* crypto_aes.c: AES in the modes CBC (with PKCS #7 padding), CTR, GCM and KW (RFC 3394), whole messages at once.
 *
 * Ciphers are looked up once, before the jail. Bulk data goes through in pieces, so that a kill need not wait. Output
 * of a message that turns out to be forged is in the guest's memory by then; it is the guest's own key and data.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "isolate/crypto.h"

enum { PIECE = 1 << 20, BLOCK = 16, KEYS = 3, WRAPPED_MAX = 1 << 20, TAG_MIN = 4 };

static EVP_CIPHER *ciphers[GUEST_AES_MODES][KEYS];

void crypto_aes_setup(void) {
  static const char *const modes[GUEST_AES_MODES] = {"CBC", "CTR", "GCM", "WRAP"};
  for (int mode = 0; mode < GUEST_AES_MODES; mode++) {
    for (int i = 0; i < KEYS; i++) {
      char name[24];
      snprintf(name, sizeof name, "AES-%d-%s", 128 + 64 * i, modes[mode]);
      ciphers[mode][i] = EVP_CIPHER_fetch(NULL, name, NULL);
    }
  }
}

/* What the table cannot say: which lengths go together. `text` is how much of the data is not the tag. */
static bool sound(const struct crypto_call *call, size_t text, size_t result) {
  if (call->key.n % 8 || call->room < result) return false;
  if (call->a == AES_GCM) return call->aside.n >= 1 && (call->b == TAG_MIN || call->b == 8 || call->b >= 12);
  if (call->b || call->extra.n) return false;
  if (call->a == AES_KW) return !call->aside.n && text % 8 == 0 && text >= 16 && text <= WRAPPED_MAX;
  return call->aside.n == BLOCK;
}

static EVP_CIPHER_CTX *start(const struct crypto_call *call, int encrypt) {
  const EVP_CIPHER *cipher = ciphers[call->a][call->key.n / 8 - 2];
  EVP_CIPHER_CTX *ctx = cipher ? EVP_CIPHER_CTX_new() : NULL;
  if (!ctx) return NULL;
  EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  bool good = EVP_CipherInit_ex(ctx, cipher, NULL, NULL, NULL, encrypt);
  if (call->a == AES_GCM)
    good = good && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)call->aside.n, NULL) > 0;
  good = good && EVP_CipherInit_ex(ctx, NULL, NULL, call->key.p, call->aside.n ? call->aside.p : NULL, encrypt);
  if (good) return ctx;
  EVP_CIPHER_CTX_free(ctx);
  return NULL;
}

/* out NULL: additional data, which gives none. Bytes written, or -1. */
static int64_t feed(const struct crypto_call *call, EVP_CIPHER_CTX *ctx, uint8_t *out, struct crypto_bytes in) {
  int64_t written = 0;
  while (in.n) {
    size_t n = in.n < PIECE ? in.n : PIECE;
    int got;
    if (!EVP_CipherUpdate(ctx, out ? out + written : NULL, &got, in.p, (int)n) || crypto_stopped(call)) return -1;
    if (out) written += got;
    in.p += n;
    in.n -= n;
  }
  return written;
}

/* Additional data, the text, the end. Bytes written, or -1. */
static int64_t message(const struct crypto_call *call, EVP_CIPHER_CTX *ctx, struct crypto_bytes text) {
  int got = 0;
  if (feed(call, ctx, NULL, call->extra) < 0) return -1;
  int64_t written = feed(call, ctx, call->out, text);
  if (written < 0 || call->a == AES_KW) return written;
  return EVP_CipherFinal_ex(ctx, call->out + written, &got) > 0 ? written + got : -1;
}

int32_t crypto_aes_encrypt(struct crypto_call *call) {
  uint64_t more = call->a == AES_CBC ? BLOCK - call->data.n % BLOCK : call->a == AES_KW ? 8 : call->b;
  if (!sound(call, call->data.n, call->data.n + more)) return CRYPTO_LIE;
  if (call->data.n + more > INT32_MAX) return CRYPTO_NO_MEMORY;
  EVP_CIPHER_CTX *ctx = start(call, 1);
  int64_t written = ctx ? message(call, ctx, call->data) : -1;
  if (written >= 0 && call->a == AES_GCM) {
    bool tagged = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)call->b, call->out + written) > 0;
    written = tagged ? written + call->b : -1;
  }
  EVP_CIPHER_CTX_free(ctx);
  return written < 0 ? CRYPTO_FAILED : (int32_t)written;
}

int32_t crypto_aes_decrypt(struct crypto_call *call) {
  if (call->data.n < call->b) return CRYPTO_LIE;
  struct crypto_bytes text = {call->data.p, call->data.n - call->b};
  if (!sound(call, text.n - (call->a == AES_KW && text.n >= 8 ? 8 : 0), text.n)) return CRYPTO_LIE;
  if (text.n > INT32_MAX) return CRYPTO_NO_MEMORY;
  if (call->a == AES_CBC && (text.n == 0 || text.n % BLOCK)) return CRYPTO_FAILED;
  EVP_CIPHER_CTX *ctx = start(call, 0);
  uint8_t tag[16];
  memcpy(tag, text.p + text.n, call->b); /* out may lie over it */
  bool good = ctx && (call->a != AES_GCM || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)call->b, tag) > 0);
  int64_t written = good ? message(call, ctx, text) : -1;
  EVP_CIPHER_CTX_free(ctx);
  return written < 0 ? CRYPTO_FAILED : (int32_t)written;
}
