/* crypto.h: what the files of the crypto import share and nobody else includes (but the unit tests).
 *
 * crypto.c       the import, the table of operations with their bounds, what is made once before the jail closes
 * crypto_hash.c  hashes with the chaining value outside, and what is built on them: HMAC, HKDF, PBKDF2, scrypt
 * crypto_aes.c   AES modes
 * crypto_ec.c    NIST curves, Ed25519, X25519
 * crypto_rsa.c   RSA
 *
 * A handler may be sure of the bounds in its row and of nothing else: every byte comes from a hostile guest. Inputs are
 * in the guest's memory, which stands still meanwhile; out is there too and may overlap them. A handler never leaves
 * the turn and keeps nothing after it returns. One that can take long asks crypto_stopped now and then, and gives up.
 */
#ifndef MAYFLY_ISOLATE_CRYPTO_H
#define MAYFLY_ISOLATE_CRYPTO_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/abi.h"

struct lane;

struct crypto_bytes {
  const uint8_t *p; /* never NULL */
  size_t n;
};

struct crypto_call {
  uint32_t operation, a, b, c;
  struct crypto_bytes key, data, aside, extra;
  uint8_t *out;
  size_t room;
  struct lane *lane; /* NULL: no turn that could be stopped (tests) */
};

enum { CRYPTO_LIE = -1000 }; /* the call breaks the table: the isolate ends */

/* Once per process, before the jail: later calls then need no files. Later: nothing. */
void crypto_setup(void);
/* Checks the call against the table and carries it out. As abi.h says, or CRYPTO_LIE. */
int32_t crypto_run(struct crypto_call *call);
/* The turn was killed while the handler works. */
bool crypto_stopped(const struct crypto_call *call);

/* ---- the handlers, by file ---- */

int32_t crypto_hash_update(struct crypto_call *call);
int32_t crypto_hash_final(struct crypto_call *call);
int32_t crypto_hmac(struct crypto_call *call);
int32_t crypto_hkdf(struct crypto_call *call);
int32_t crypto_pbkdf2(struct crypto_call *call);
int32_t crypto_scrypt(struct crypto_call *call);
/* The digest of call->data. false: stopped. And libcrypto's name for the hash. */
enum { CRYPTO_DIGEST_MAX = 64 };
bool crypto_digest(const struct crypto_call *call, enum guest_hash hash, uint8_t digest[CRYPTO_DIGEST_MAX]);
/* PBKDF2 over call->key. false: stopped. */
bool crypto_stretch(const struct crypto_call *call, enum guest_hash hash, struct crypto_bytes salt, uint32_t iterations,
                    uint8_t *to, size_t n);
size_t crypto_digest_size(enum guest_hash hash);
const EVP_MD *crypto_md(enum guest_hash hash);

int32_t crypto_aes_encrypt(struct crypto_call *call);
int32_t crypto_aes_decrypt(struct crypto_call *call);
void crypto_aes_setup(void);

int32_t crypto_ec_point(struct crypto_call *call);
int32_t crypto_ec_public(struct crypto_call *call);
int32_t crypto_ec_generate(struct crypto_call *call);
int32_t crypto_ecdsa_sign(struct crypto_call *call);
int32_t crypto_ecdsa_verify(struct crypto_call *call);
int32_t crypto_ecdh(struct crypto_call *call);
int32_t crypto_okp_public(struct crypto_call *call);
int32_t crypto_ed25519_sign(struct crypto_call *call);
int32_t crypto_ed25519_verify(struct crypto_call *call);
int32_t crypto_x25519(struct crypto_call *call);
void crypto_ec_setup(void);

int32_t crypto_rsa_generate(struct crypto_call *call);
int32_t crypto_rsa_check(struct crypto_call *call);
int32_t crypto_rsa_sign(struct crypto_call *call);
int32_t crypto_rsa_verify(struct crypto_call *call);
int32_t crypto_rsa_encrypt(struct crypto_call *call);
int32_t crypto_rsa_decrypt(struct crypto_call *call);

#endif
