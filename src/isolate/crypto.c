/* crypto.c: the import "crypto" (guest/abi.h): libcrypto for guests, without state.
 *
 * One ordered table says for each operation what its numbers and byte strings may be; a call outside it ends the
 * isolate before a handler runs. Nothing runs without end: bulk work and searches ask whether the turn was killed,
 * everything else has its sizes bounded here or in abi.h.
 */
#include "isolate/crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

#include "isolate/inside.h"

struct Z_mayfly_instance_t;
uint32_t Z_mayflyZ_crypto(struct Z_mayfly_instance_t *self, uint32_t at);

struct bounds {
  uint32_t min, max;
};

#define NONE \
  { 0, 0 }
#define ANY \
  { 0, UINT32_MAX }
#define UP_TO(n) \
  { 0, (n) }
#define BELOW(n) \
  { 0, (n)-1 }
#define EXACTLY(n) \
  { (n), (n) }

enum {
  HASHES = GUEST_HASHES,
  STATE_MAX = 64 + 8,
  POINT_MAX = 1 + 2 * 66,
  WRAPPED_MAX = 1 << 20,
  RSA_BYTES = CRYPTO_RSA_BITS_MAX / 8,
  RSA_KEY = 8 * 4 + 3 * RSA_BYTES + 5 * RSA_BYTES,
  LABEL_MAX = 1 << 16,
};

struct operation {
  uint32_t number;
  const char *name;
  struct bounds a, b, c, key, data, aside, extra, out;
  int32_t (*run)(struct crypto_call *call);
};

/* clang-format off */
static const struct operation table[] = {
  /* number, name, a, b, c,
   * key, data, aside, extra, out, handler */
  {CRYPTO_HASH_UPDATE, "hash update", BELOW(HASHES), NONE, NONE,
   NONE, ANY, UP_TO(STATE_MAX), NONE, ANY, crypto_hash_update},
  {CRYPTO_HASH_FINAL, "hash final", BELOW(HASHES), NONE, NONE,
   NONE, ANY, UP_TO(STATE_MAX), NONE, ANY, crypto_hash_final},
  {CRYPTO_HMAC, "HMAC", BELOW(HASHES), NONE, NONE,
   ANY, ANY, NONE, NONE, ANY, crypto_hmac},
  {CRYPTO_HKDF, "HKDF", BELOW(HASHES), NONE, NONE,
   ANY, NONE, ANY, ANY, UP_TO(CRYPTO_KDF_MAX), crypto_hkdf},
  {CRYPTO_PBKDF2, "PBKDF2", BELOW(HASHES), {1, CRYPTO_ITERATIONS_MAX}, NONE,
   ANY, NONE, ANY, NONE, UP_TO(CRYPTO_KDF_MAX), crypto_pbkdf2},
  {CRYPTO_SCRYPT, "scrypt", {2, CRYPTO_SCRYPT_MAX}, {1, CRYPTO_SCRYPT_MAX}, {1, CRYPTO_SCRYPT_MAX},
   UP_TO(CRYPTO_KDF_MAX), NONE, UP_TO(CRYPTO_KDF_MAX), NONE, UP_TO(CRYPTO_KDF_MAX), crypto_scrypt},
  {CRYPTO_AES_ENCRYPT, "AES", BELOW(GUEST_AES_MODES), UP_TO(16), NONE,
   {16, 32}, ANY, UP_TO(128), ANY, ANY, crypto_aes_encrypt},
  {CRYPTO_AES_DECRYPT, "AES, decrypting", BELOW(GUEST_AES_MODES), UP_TO(16), NONE,
   {16, 32}, ANY, UP_TO(128), ANY, ANY, crypto_aes_decrypt},
  {CRYPTO_EC_POINT, "point", BELOW(GUEST_CURVES), NONE, NONE,
   UP_TO(POINT_MAX), NONE, NONE, NONE, ANY, crypto_ec_point},
  {CRYPTO_EC_PUBLIC, "public point", BELOW(GUEST_CURVES), NONE, NONE,
   UP_TO(66), NONE, NONE, NONE, ANY, crypto_ec_public},
  {CRYPTO_EC_GENERATE, "new EC key", BELOW(GUEST_CURVES), NONE, NONE,
   NONE, NONE, NONE, NONE, ANY, crypto_ec_generate},
  {CRYPTO_ECDSA_SIGN, "ECDSA", BELOW(GUEST_CURVES), BELOW(HASHES), NONE,
   UP_TO(66), ANY, NONE, NONE, ANY, crypto_ecdsa_sign},
  {CRYPTO_ECDSA_VERIFY, "ECDSA, verifying", BELOW(GUEST_CURVES), BELOW(HASHES), NONE,
   UP_TO(POINT_MAX), ANY, UP_TO(2 * 66), NONE, NONE, crypto_ecdsa_verify},
  {CRYPTO_ECDH, "ECDH", BELOW(GUEST_CURVES), NONE, NONE,
   UP_TO(66), NONE, UP_TO(POINT_MAX), NONE, ANY, crypto_ecdh},
  {CRYPTO_OKP_PUBLIC, "Ed25519's or X25519's public key", BELOW(GUEST_OKPS), NONE, NONE,
   EXACTLY(32), NONE, NONE, NONE, ANY, crypto_okp_public},
  {CRYPTO_ED25519_SIGN, "Ed25519", NONE, NONE, NONE,
   EXACTLY(32), ANY, NONE, NONE, ANY, crypto_ed25519_sign},
  {CRYPTO_ED25519_VERIFY, "Ed25519, verifying", NONE, NONE, NONE,
   EXACTLY(32), ANY, EXACTLY(64), NONE, NONE, crypto_ed25519_verify},
  {CRYPTO_X25519, "X25519", NONE, NONE, NONE,
   EXACTLY(32), NONE, EXACTLY(32), NONE, ANY, crypto_x25519},
  {CRYPTO_RSA_GENERATE, "new RSA key", {CRYPTO_RSA_BITS_MIN, CRYPTO_RSA_PRIVATE_BITS_MAX}, ANY, NONE,
   NONE, NONE, NONE, NONE, ANY, crypto_rsa_generate},
  {CRYPTO_RSA_CHECK, "RSA key", NONE, NONE, NONE,
   UP_TO(RSA_KEY), NONE, NONE, NONE, NONE, crypto_rsa_check},
  {CRYPTO_RSA_SIGN, "RSA", BELOW(GUEST_RSA_PADDINGS), BELOW(HASHES), UP_TO(RSA_BYTES),
   UP_TO(RSA_KEY), ANY, NONE, NONE, ANY, crypto_rsa_sign},
  {CRYPTO_RSA_VERIFY, "RSA, verifying", BELOW(GUEST_RSA_PADDINGS), BELOW(HASHES), UP_TO(RSA_BYTES),
   UP_TO(RSA_KEY), ANY, UP_TO(RSA_BYTES), NONE, NONE, crypto_rsa_verify},
  {CRYPTO_RSA_ENCRYPT, "OAEP", NONE, BELOW(HASHES), NONE,
   UP_TO(RSA_KEY), UP_TO(RSA_BYTES), NONE, UP_TO(LABEL_MAX), ANY, crypto_rsa_encrypt},
  {CRYPTO_RSA_DECRYPT, "OAEP, decrypting", NONE, BELOW(HASHES), NONE,
   UP_TO(RSA_KEY), UP_TO(RSA_BYTES), NONE, UP_TO(LABEL_MAX), ANY, crypto_rsa_decrypt},
};
/* clang-format on */

enum { OPERATIONS = sizeof table / sizeof table[0] };

static bool within(size_t value, struct bounds bounds) { return value >= bounds.min && value <= bounds.max; }

static const struct operation *find(const struct crypto_call *call) {
  if (call->operation < 1 || call->operation > OPERATIONS) return NULL;
  const struct operation *op = &table[call->operation - 1];
  bool good = op->number == call->operation && within(call->a, op->a) && within(call->b, op->b) &&
              within(call->c, op->c) && within(call->key.n, op->key) && within(call->data.n, op->data) &&
              within(call->aside.n, op->aside) && within(call->extra.n, op->extra) && within(call->room, op->out);
  return good ? op : NULL;
}

/* The configuration file is not read: a cell has no files, and it could name engines and providers to load. */
static void setup(void) {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
  crypto_aes_setup();
  crypto_ec_setup();
}

void crypto_setup(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, setup);
}

int32_t crypto_run(struct crypto_call *call) {
  crypto_setup();
  const struct operation *op = find(call);
  if (!op) return CRYPTO_LIE;
  int32_t answer = op->run(call);
  ERR_clear_error();
  return answer;
}

bool crypto_stopped(const struct crypto_call *call) { return call->lane && trap_pending(call->lane); }

static struct crypto_bytes input(struct lane *lane, struct guest_bytes bytes) {
  return (struct crypto_bytes){host_range(lane, bytes.at, bytes.length), bytes.length};
}

uint32_t Z_mayflyZ_crypto(struct Z_mayfly_instance_t *self, uint32_t at) {
  struct lane *lane = (struct lane *)(void *)self;
  struct guest_crypto asked;
  host_enter(lane);
  if (lane->booting) trap_leave(lane, TURN_PROTOCOL, "crypto asked for while booting");
  memcpy(&asked, host_range(lane, at, sizeof asked), sizeof asked);
  struct crypto_call call = {
      .operation = asked.operation,
      .a = asked.a,
      .b = asked.b,
      .c = asked.c,
      .key = input(lane, asked.key),
      .data = input(lane, asked.data),
      .aside = input(lane, asked.aside),
      .extra = input(lane, asked.extra),
      .out = host_range(lane, asked.out.at, asked.out.length),
      .room = asked.out.length,
      .lane = lane,
  };
  int32_t answer = crypto_run(&call);
  if (answer == CRYPTO_LIE) trap_leave(lane, TURN_PROTOCOL, "a crypto call outside the table");
  host_leave(lane);
  return (uint32_t)answer;
}
