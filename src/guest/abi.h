/* abi.h: what the guest imports and exports; the only header of guest/ that the host includes.
 *
 * The guest is one WebAssembly module. Pointers are offsets in its memory.
 *
 * Exports
 *   boot(ptr, len) -> i32   once, before the image is taken: starts the engine and evaluates the platform (the
 *                           JavaScript of src/guest/web, one script). 0, or a pointer to what went wrong (a C string)
 *   room(len) -> ptr        memory for the frames of the next turn; 0: out of memory
 *   turn(ptr, len)          handle these frames, run jobs until none is left
 *   hash_seed() -> i32      for the test that two isolates of one image differ
 *   __stack_pointer         the wasm global, exported so that the host finds it in its instance. What lies below it
 *                           between turns is the empty stack, and may be zeroed
 * Imports, module "mayfly"
 *   send(ptr, len)          one frame; the host checks it and stamps the isolate. A bad one ends the isolate
 *   now() -> f64            wall clock, ms since 1970, the same throughout a turn
 *   random(ptr, len)        fill with random bytes, len <= 65536
 *   wake(f64)               call turn(0, 0) at that time (ms since 1970); replaces the previous; infinity: never
 *   crypto(call) -> i32     one operation of libcrypto on a struct guest_crypto; what it answers is said below
 * Nothing else: libc's system calls are answered inside the guest (guest/libc.c).
 */
#ifndef MAYFLY_GUEST_ABI_H
#define MAYFLY_GUEST_ABI_H

#include <stdint.h>

enum { GUEST_RANDOM_MAX = 65536 };

/* ---- crypto ----
 *
 * Nothing of an operation stays in the host: keys, chaining values and signatures are bytes of the guest's, given each
 * time. No structure of libcrypto's and no DER comes from the guest, only numbers and byte strings whose meaning and
 * bounds the table in isolate/crypto.c gives for each operation; a call that breaks the table ends the isolate.
 *
 * The answer is how many bytes were written to `out` (verifications: 1 good, 0 bad), or one of CRYPTO_*.
 *
 * hash    GUEST_HASHES. A state is the words of the chaining value as the hash writes its digest, then the number of
 *         bytes that went in, a multiple of the block (u64, little endian); an empty state is a fresh one
 * curve   GUEST_CURVES. Scalars and coordinates are of the curve's size, points 04 x y, signatures r s
 * RSA     a key is its numbers, each a u32 length (little endian) and big-endian bytes: n e, or n e d p q dp dq qi
 *         (n e d with five empty ones: no factors known)
 */
#define GUEST_CRYPTO_OPERATIONS(OP)                                                                       \
  OP(1, HASH_UPDATE)     /* a hash; aside state; data whole blocks -> state */                            \
  OP(2, HASH_FINAL)      /* a hash; aside state; data -> digest */                                        \
  OP(3, HMAC)            /* a hash; key; data -> code */                                                  \
  OP(4, HKDF)            /* a hash; key; aside salt; extra info -> as many bytes as out has */            \
  OP(5, PBKDF2)          /* a hash, b iterations; key password; aside salt -> as many bytes as out has */ \
  OP(6, SCRYPT)          /* a N, b r, c p; key password; aside salt -> as many bytes as out has */        \
  OP(7, AES_ENCRYPT)     /* a GUEST_AES, b bytes of tag; key; aside iv; extra additional data; data */    \
  OP(8, AES_DECRYPT)     /* the same */                                                                   \
  OP(9, EC_POINT)        /* a curve; key point, also compressed -> point, if it is on the curve */        \
  OP(10, EC_PUBLIC)      /* a curve; key scalar -> point */                                               \
  OP(11, EC_GENERATE)    /* a curve -> scalar, point */                                                   \
  OP(12, ECDSA_SIGN)     /* a curve, b hash; key scalar; data -> signature */                             \
  OP(13, ECDSA_VERIFY)   /* a curve, b hash; key point; aside signature; data */                          \
  OP(14, ECDH)           /* a curve; key scalar; aside point -> x of the product */                       \
  OP(15, OKP_PUBLIC)     /* a GUEST_OKP; key private -> public */                                         \
  OP(16, ED25519_SIGN)   /* key private; data -> signature */                                             \
  OP(17, ED25519_VERIFY) /* key public; aside signature; data */                                          \
  OP(18, X25519)         /* key private; aside public -> shared secret */                                 \
  OP(19, RSA_GENERATE)   /* a bits, b exponent -> private key */                                          \
  OP(20, RSA_CHECK)      /* key -> nothing, if it is one */                                               \
  OP(21, RSA_SIGN)       /* a GUEST_RSA, b hash, c salt's length; key private; data -> signature */       \
  OP(22, RSA_VERIFY)     /* a GUEST_RSA, b hash, c salt's length; key public; aside signature; data */    \
  OP(23, RSA_ENCRYPT)    /* b hash; key public; extra label; data -> OAEP */                              \
  OP(24, RSA_DECRYPT)    /* b hash; key private; extra label; data -> what was in it */

enum guest_crypto_operation {
#define OP(number, name) CRYPTO_##name = number,
  GUEST_CRYPTO_OPERATIONS(OP)
#undef OP
};

enum { CRYPTO_FAILED = -1, CRYPTO_NO_MEMORY = -2 };
enum guest_hash { HASH_MD4, HASH_MD5, HASH_SHA1, HASH_SHA224, HASH_SHA256, HASH_SHA384, HASH_SHA512, GUEST_HASHES };
enum guest_curve { CURVE_P256, CURVE_P384, CURVE_P521, GUEST_CURVES };
enum guest_aes { AES_CBC, AES_CTR, AES_GCM, AES_KW, GUEST_AES_MODES };
enum guest_okp { OKP_ED25519, OKP_X25519, GUEST_OKPS };
enum guest_rsa { RSA_PKCS1, RSA_PSS, GUEST_RSA_PADDINGS };

struct guest_bytes {
  uint32_t at, length;
};

struct guest_crypto {
  uint32_t operation, a, b, c;
  struct guest_bytes key, data, aside, extra,
      out; /* any may be empty; they may overlap: what is read is then unknown */
};

enum {
  CRYPTO_ITERATIONS_MAX = INT32_MAX, /* of PBKDF2, which a kill stops at any time */
  CRYPTO_SCRYPT_MAX = 1 << 20,       /* N r p, as workerd has it: half a second and 256 MiB */
  CRYPTO_RSA_BITS_MIN = 256,
  CRYPTO_RSA_BITS_MAX = 16384,
  CRYPTO_RSA_PRIVATE_BITS_MAX = 8192, /* a signature: 40 ms */
  CRYPTO_KDF_MAX = 1 << 20,           /* bytes of derived key */
};

#endif
