/* test_crypto.c: the host's cryptography on known answers (RFCs and NIST's, named at each), on keys that are none, and
 * on calls at random. No isolate is needed: crypto_run is what the import calls once pointers are checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "isolate/crypto.h"

enum { ROOM = 8192 };

static uint8_t out[ROOM + 16];

/* ---- writing vectors as they are printed ---- */

struct text {
  uint8_t p[4096];
  size_t n;
};

static struct text hex(const char *s) {
  struct text t = {{0}, 0};
  for (unsigned byte; *s && sscanf(s, "%2x", &byte) == 1; s += 2) t.p[t.n++] = (uint8_t)byte;
  return t;
}

static struct crypto_bytes bytes(const struct text *t) { return (struct crypto_bytes){t->p, t->n}; }
static struct crypto_bytes chars(const char *s) { return (struct crypto_bytes){(const uint8_t *)s, strlen(s)}; }

static struct crypto_call call_of(uint32_t operation, uint32_t a, uint32_t b, uint32_t c, size_t room) {
  static const uint8_t nothing[1];
  struct crypto_bytes none = {nothing, 0};
  memset(out, 0xA5, sizeof out);
  return (struct crypto_call){.operation = operation,
                              .a = a,
                              .b = b,
                              .c = c,
                              .key = none,
                              .data = none,
                              .aside = none,
                              .extra = none,
                              .out = out,
                              .room = room};
}

static void answers(struct crypto_call *call, const char *expected) {
  struct text want = hex(expected);
  assert_int_equal(crypto_run(call), want.n);
  assert_memory_equal(out, want.p, want.n);
  for (size_t i = call->room; i < sizeof out; i++) assert_int_equal(out[i], 0xA5);
}

/* ---- hashes and what is built on them ---- */

static void digests(void **state) {
  static const struct {
    uint32_t hash;
    size_t n;
    const char *abc;
  } rows[] = {/* RFC 1320, RFC 1321, FIPS 180-4 */
              {HASH_MD4, 16, "a448017aaf21d8525fc10ae87aa6729d"},
              {HASH_MD5, 16, "900150983cd24fb0d6963f7d28e17f72"},
              {HASH_SHA1, 20, "a9993e364706816aba3e25717850c26c9cd0d89d"},
              {HASH_SHA224, 28, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
              {HASH_SHA256, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
              {HASH_SHA384, 48,
               "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
              {HASH_SHA512, 64,
               "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct crypto_call call = call_of(CRYPTO_HASH_FINAL, rows[i].hash, 0, 0, rows[i].n);
    call.data = chars("abc");
    answers(&call, rows[i].abc);
  }
}

/* In two and three pieces as at once, for each hash. */
static void chaining(void **state) {
  static uint8_t data[3 * 128 + 77], kept[72], whole[64];
  (void)state;
  for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 7);
  for (uint32_t hash = 0; hash < GUEST_HASHES; hash++) {
    struct crypto_call call = call_of(CRYPTO_HASH_FINAL, hash, 0, 0, 64);
    call.data = (struct crypto_bytes){data, sizeof data};
    int32_t size = crypto_run(&call);
    memcpy(whole, out, sizeof whole);
    int32_t n = 0;
    for (size_t at = 0; at < 3 * 128; at += at ? 128 : 256) {
      call = call_of(CRYPTO_HASH_UPDATE, hash, 0, 0, sizeof kept);
      call.data = (struct crypto_bytes){data + at, at ? 128 : 256};
      call.aside = (struct crypto_bytes){kept, (size_t)n};
      n = crypto_run(&call);
      assert_true(n > 0);
      memcpy(kept, out, (size_t)n);
    }
    call = call_of(CRYPTO_HASH_FINAL, hash, 0, 0, 64);
    call.data = (struct crypto_bytes){data + 3 * 128, 77};
    call.aside = (struct crypto_bytes){kept, (size_t)n};
    assert_int_equal(crypto_run(&call), size);
    assert_memory_equal(out, whole, (size_t)size);
    kept[n - 8]++; /* not a whole number of blocks any more */
    assert_int_equal(crypto_run(&call), CRYPTO_LIE);
    call.aside.n--;
    assert_int_equal(crypto_run(&call), CRYPTO_LIE);
  }
}

static void codes(void **state) {
  (void)state;
  struct crypto_call call = call_of(CRYPTO_HMAC, HASH_SHA256, 0, 0, 32); /* RFC 4231, 2 and 6 */
  call.key = chars("Jefe");
  call.data = chars("what do ya want for nothing?");
  answers(&call, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  struct text key = {{0}, 131};
  memset(key.p, 0xaa, key.n);
  call = call_of(CRYPTO_HMAC, HASH_SHA512, 0, 0, 64);
  call.key = bytes(&key);
  call.data = chars("Test Using Larger Than Block-Size Key - Hash Key First");
  answers(&call,
          "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
          "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}

static void derived_keys(void **state) {
  (void)state;
  struct text ikm = hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), salt = hex("000102030405060708090a0b0c"),
              info = hex("f0f1f2f3f4f5f6f7f8f9");
  struct crypto_call call = call_of(CRYPTO_HKDF, HASH_SHA256, 0, 0, 42); /* RFC 5869, 1 */
  call.key = bytes(&ikm), call.aside = bytes(&salt), call.extra = bytes(&info);
  answers(&call, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  call = call_of(CRYPTO_HKDF, HASH_SHA256, 0, 0, 255 * 32 + 1);
  assert_int_equal(crypto_run(&call), CRYPTO_FAILED);

  call = call_of(CRYPTO_PBKDF2, HASH_SHA1, 4096, 0, 25); /* RFC 6070, 5 */
  call.key = chars("passwordPASSWORDpassword"), call.aside = chars("saltSALTsaltSALTsaltSALTsaltSALTsalt");
  answers(&call, "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
  call.b = CRYPTO_ITERATIONS_MAX + 1u;
  assert_int_equal(crypto_run(&call), CRYPTO_LIE);

  call = call_of(CRYPTO_SCRYPT, 1024, 8, 16, 64); /* RFC 7914, 2 */
  call.key = chars("password"), call.aside = chars("NaCl");
  answers(&call,
          "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
          "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
  call = call_of(CRYPTO_SCRYPT, 16, 1, 1, 64);
  answers(&call,
          "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
          "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
  call = call_of(CRYPTO_SCRYPT, 16384, 8, 1, 64);
  call.key = chars("pleaseletmein"), call.aside = chars("SodiumChloride");
  answers(&call,
          "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
          "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
  call = call_of(CRYPTO_SCRYPT, 1 << 16, 1, 1, 64);
  assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
  call.b = 8, call.a = 1000;
  assert_int_equal(crypto_run(&call), CRYPTO_LIE);
  call.a = CRYPTO_SCRYPT_MAX;
  assert_int_equal(crypto_run(&call), CRYPTO_LIE);
}

/* libcrypto's own scrypt, where its time is bearable. */
static void scrypt_as_libcryptos(void **state) {
  unsigned seed = 5;
  (void)state;
  for (int i = 0; i < 200; i++) {
    uint8_t password[100], salt[100], expected[200];
    size_t p_size = (size_t)rand_r(&seed) % 100, s_size = (size_t)rand_r(&seed) % 100;
    struct crypto_call call = call_of(CRYPTO_SCRYPT, 2u << rand_r(&seed) % 9, 1 + (uint32_t)rand_r(&seed) % 20,
                                      1 + (uint32_t)rand_r(&seed) % 20, 1 + (size_t)rand_r(&seed) % 200);
    for (size_t k = 0; k < 100; k++) password[k] = (uint8_t)rand_r(&seed), salt[k] = (uint8_t)rand_r(&seed);
    call.key = (struct crypto_bytes){password, p_size}, call.aside = (struct crypto_bytes){salt, s_size};
    assert_int_equal(
        EVP_PBE_scrypt((char *)password, p_size, salt, s_size, call.a, call.b, call.c, 1 << 30, expected, call.room),
        1);
    assert_int_equal(crypto_run(&call), call.room);
    assert_memory_equal(call.out, expected, call.room);
  }
}

/* ---- AES ---- */

static void ciphers(void **state) {
  static const struct {
    uint32_t mode, tag;
    const char *key, *iv, *extra, *text, *result;
  } rows[] = {
      /* SP 800-38A F.2.1 (its first block, and the padding), F.5.5 */
      {AES_CBC, 0, "2b7e151628aed2a6abf7158809cf4f3c", "000102030405060708090a0b0c0d0e0f", "",
       "6bc1bee22e409f96e93d7e117393172a", "7649abac8119b246cee98e9b12e9197d8964e0b149c10b7b682e6e39aaeb731c"},
      {AES_CTR, 0, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
       "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "", "6bc1bee22e409f96e93d7e117393172a", "601ec313775789a5b7a7f504bbf3d228"},
      /* McGrew and Viega, The Galois/Counter Mode of Operation, 4 */
      {AES_GCM, 16, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
       "feedfacedeadbeeffeedfacedeadbeefabaddad2",
       "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
       "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
       "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
       "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
       "5bc94fbc3221a5db94fae95ae7121a47"},
      /* RFC 3394, 4.1 */
      {AES_KW, 0, "000102030405060708090a0b0c0d0e0f", "", "", "00112233445566778899aabbccddeeff",
       "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct text key = hex(rows[i].key), iv = hex(rows[i].iv), extra = hex(rows[i].extra), text = hex(rows[i].text),
                result = hex(rows[i].result);
    struct crypto_call call = call_of(CRYPTO_AES_ENCRYPT, rows[i].mode, rows[i].tag, 0, result.n);
    call.key = bytes(&key), call.aside = bytes(&iv), call.extra = bytes(&extra), call.data = bytes(&text);
    answers(&call, rows[i].result);
    call.room--;
    assert_int_equal(crypto_run(&call), CRYPTO_LIE);
    call = call_of(CRYPTO_AES_DECRYPT, rows[i].mode, rows[i].tag, 0, result.n);
    call.key = bytes(&key), call.aside = bytes(&iv), call.extra = bytes(&extra), call.data = bytes(&result);
    answers(&call, rows[i].text);
    result.p[result.n - 1] ^= 1;
    if (rows[i].mode != AES_CTR) assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
    call.key.n = 17;
    assert_int_equal(crypto_run(&call), CRYPTO_LIE);
  }
}

/* ---- curves ---- */

static void ecdsa(void **state) {
  /* RFC 6979, A.2.5: SHA-256 of "sample" */
  struct text scalar = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"), point,
              signature =
                  hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                      "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
  (void)state;
  struct crypto_call call = call_of(CRYPTO_EC_PUBLIC, CURVE_P256, 0, 0, 65);
  call.key = bytes(&scalar);
  answers(&call,
          "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
          "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
  memcpy(point.p, out, point.n = 65);
  for (int good = 1; good >= 0; good--) {
    call = call_of(CRYPTO_ECDSA_VERIFY, CURVE_P256, HASH_SHA256, 0, 0);
    call.key = bytes(&point), call.aside = bytes(&signature), call.data = chars("sample");
    assert_int_equal(crypto_run(&call), good);
    signature.p[40] ^= 1;
  }
  for (uint32_t curve = 0; curve < GUEST_CURVES; curve++) {
    size_t size = (const size_t[]){32, 48, 66}[curve];
    call = call_of(CRYPTO_EC_GENERATE, curve, 0, 0, 3 * size + 1);
    assert_int_equal(crypto_run(&call), 3 * size + 1);
    memcpy(scalar.p, out, scalar.n = size);
    memcpy(point.p, out + size, point.n = 2 * size + 1);
    call = call_of(CRYPTO_ECDSA_SIGN, curve, HASH_SHA512, 0, 2 * size);
    call.key = bytes(&scalar), call.data = chars("text");
    assert_int_equal(crypto_run(&call), 2 * size);
    memcpy(signature.p, out, signature.n = 2 * size);
    call = call_of(CRYPTO_ECDSA_VERIFY, curve, HASH_SHA512, 0, 0);
    call.key = bytes(&point), call.aside = bytes(&signature), call.data = chars("text");
    assert_int_equal(crypto_run(&call), 1);
    call.data = chars("tex");
    assert_int_equal(crypto_run(&call), 0);
  }
}

static void bad_curve_keys(void **state) {
  (void)state;
  for (uint32_t curve = 0; curve < GUEST_CURVES; curve++) {
    size_t size = (const size_t[]){32, 48, 66}[curve];
    struct text scalar = {{0}, size}, point = {{4}, 2 * size + 1};
    struct crypto_call call = call_of(CRYPTO_EC_PUBLIC, curve, 0, 0, 2 * size + 1);
    call.key = bytes(&scalar); /* zero */
    assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
    memset(scalar.p, 0xff, size); /* above the order */
    assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
    call = call_of(CRYPTO_ECDSA_SIGN, curve, HASH_SHA256, 0, 2 * size);
    call.key = bytes(&scalar);
    assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
    scalar.p[0] = 0;
    call = call_of(CRYPTO_ECDH, curve, 0, 0, size);
    call.key = bytes(&scalar), call.aside = bytes(&point); /* (0, 0) is on none of them */
    assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
    call = call_of(CRYPTO_EC_POINT, curve, 0, 0, 2 * size + 1);
    call.key = bytes(&point);
    assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
    point.p[0] = 0;
    assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
    call.key.n = 1; /* infinity */
    assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
  }
}

static void ecdh(void **state) {
  /* NIST CAVS, ECC CDH primitive, P-256, count 0 */
  struct text scalar = hex("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534"),
              peer =
                  hex("04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
                      "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac");
  (void)state;
  struct crypto_call call = call_of(CRYPTO_ECDH, CURVE_P256, 0, 0, 32);
  call.key = bytes(&scalar), call.aside = bytes(&peer);
  answers(&call, "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b");

  scalar = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"); /* RFC 7748, 6.1 */
  peer = hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  call = call_of(CRYPTO_X25519, 0, 0, 0, 32);
  call.key = bytes(&scalar), call.aside = bytes(&peer);
  answers(&call, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
  memset(peer.p, 0, peer.n); /* of small order */
  assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
}

static void ed25519(void **state) {
  /* RFC 8032, 7.1, TEST 2 */
  struct text key = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"), public, signature,
              message = hex("72");
  (void)state;
  struct crypto_call call = call_of(CRYPTO_OKP_PUBLIC, OKP_ED25519, 0, 0, 32);
  call.key = bytes(&key);
  answers(&call, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  memcpy(public.p, out, public.n = 32);
  call = call_of(CRYPTO_ED25519_SIGN, 0, 0, 0, 64);
  call.key = bytes(&key), call.data = bytes(&message);
  answers(&call,
          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  memcpy(signature.p, out, signature.n = 64);
  for (int good = 1; good >= 0; good--) {
    call = call_of(CRYPTO_ED25519_VERIFY, 0, 0, 0, 0);
    call.key = bytes(&public), call.aside = bytes(&signature), call.data = bytes(&message);
    assert_int_equal(crypto_run(&call), good);
    signature.p[0] ^= 1;
  }
}

/* ---- RSA ---- */

static const char *const rsa[8] = {
    "9e067840519eb8837197b114b2d830ba855a00cd6ae615d85d1e348766687d58df32243d012961365a45290308b27b72"
    "dc0c12af9378f46b72a8e3aa7a1455ba1f69715523d20268eecd283a2d2b6ab341f0d11a08b511abb6021d80f6cd2814"
    "fe1c1fe782cfb8c36a1c93f11bce2b80161da40052f28db4a37b84850245a1d3",
    "010001",
    "03e26ed44ded53e5cf46065156f01f8a863aa72865875064282dd4e6bb2ab86215e27aa7913ebe2802e20e5707c0b36e"
    "28609798ff4c0ade154c77843a4a03ad6cb2c045176cf72953dbc3cc6d855e5b0e607d50b3f0a5dc02a366501cf267c7"
    "9d19f106a11a926c83f85a0dd627505681aa41185127f3f01b5a62a37e827e11",
    "ca6b4b83347dabb9c74a4e9a2f065e3b8d3138f74cfefd9ab74d2fd2885ae308dcd479dfbe5fbd4ede7e679ff7194a64"
    "1c2e163ad02bd582bd7ee22571722ceb",
    "c7dae015ad885df28728a527a6246ec38c23e9f145bf0252b41d2df51a9ea5fa59ebf04eeff233da805b44eaeed02221"
    "89a04c0d4c11b57be72e0e4a684e84b9",
    "133872f82770d3709592e1b9d44347896213cd73f614b4620f8bbdc1c0fed8560c1a04e49100284aa7e7dad11eb68110"
    "d6782dd631d427b6fd6561f5ea3acc37",
    "c384c2a312910d6ffe806a0a7f04b784012f0568b0162cfca20ec5ee3b2ba82f63176a929f35b13afb45cf0793b8f51b"
    "205c3ceae9578dd7f893db113a384ea9",
    "843f72f5966564c644ae938d442699ce6268f14b50a299fea53c19d350795008c69525d3ee10b1f8acdf93c5189917b5"
    "3b29f896dc4a332013a7c2363b146068",
};

static void put_number(struct text *key, const char *digits) {
  struct text number = hex(digits);
  uint32_t n = (uint32_t)number.n;
  memcpy(key->p + key->n, &n, sizeof n);
  memcpy(key->p + key->n + sizeof n, number.p, n);
  key->n += sizeof n + n;
}

/* The first `count` numbers, the changed one replaced. */
static struct text rsa_key(int count, int changed, const char *with) {
  struct text key = {{0}, 0};
  for (int i = 0; i < count; i++) put_number(&key, i == changed ? with : rsa[i]);
  return key;
}

static void rsa_signatures(void **state) {
  struct text private = rsa_key(8, -1, NULL), public = rsa_key(2, -1, NULL), signature;
  (void)state;
  struct crypto_call call = call_of(CRYPTO_RSA_SIGN, RSA_PKCS1, HASH_SHA256, 0, 128);
  call.key = bytes(&private), call.data = chars("abc");
  answers(&call,
          "3bfa260f50a7adf85dc78c3ab0a46dc2faafd29d4320ad64a129a235969c938525b674c0eda034558f4f0f9659aea2d1"
          "4c5bf9ec24f043fab22db6906b4f34a1f3c245646889dab27cc333fdfbafe953c70d15c8fcb1620788d80980f69e4668"
          "065b4c950386f4785148da7650fd13cf039a7f6e3e8fb0fe8a4ce9209f643f37"); /* what OpenSSL's own tool says */
  for (uint32_t padding = 0; padding < GUEST_RSA_PADDINGS; padding++) {
    call = call_of(CRYPTO_RSA_SIGN, padding, HASH_SHA256, padding ? 32 : 0, 128);
    call.key = bytes(&private), call.data = chars("abc");
    assert_int_equal(crypto_run(&call), 128);
    memcpy(signature.p, out, signature.n = 128);
    call = call_of(CRYPTO_RSA_VERIFY, padding, HASH_SHA256, padding ? 32 : 0, 0);
    call.key = bytes(&public), call.data = chars("abc"), call.aside = bytes(&signature);
    assert_int_equal(crypto_run(&call), 1);
    call.data = chars("abd");
    assert_int_equal(crypto_run(&call), 0);
    call.key = bytes(&private);
    assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
  }
}

static void rsa_secrets(void **state) {
  struct text private = rsa_key(8, -1, NULL), public = rsa_key(2, -1, NULL), secret;
  (void)state;
  struct crypto_call call = call_of(CRYPTO_RSA_ENCRYPT, 0, HASH_SHA1, 0, 128);
  call.key = bytes(&public), call.data = chars("secret"), call.extra = chars("label");
  assert_int_equal(crypto_run(&call), 128);
  memcpy(secret.p, out, secret.n = 128);
  call = call_of(CRYPTO_RSA_DECRYPT, 0, HASH_SHA1, 0, 128);
  call.key = bytes(&private), call.data = bytes(&secret), call.extra = chars("label");
  assert_int_equal(crypto_run(&call), 6);
  assert_memory_equal(out, "secret", 6);
  call.extra = chars("lapel");
  assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
}

static void rsa_keys(void **state) {
  struct text good = rsa_key(8, -1, NULL);
  (void)state;
  struct crypto_call call = call_of(CRYPTO_RSA_CHECK, 0, 0, 0, 0);
  call.key = bytes(&good);
  assert_int_equal(crypto_run(&call), 0);
  for (int i = 0; i < 8; i++) { /* another number in each place */
    struct text bad = rsa_key(8, i, i == 1 ? "03" : rsa[i == 6 ? 5 : 6]);
    call.key = bytes(&bad);
    assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
    for (size_t cut = 0; cut < bad.n; cut += 37) {
      call.key.n = cut;
      assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
    }
  }
  call = call_of(CRYPTO_RSA_GENERATE, 1024, 65537, 0, 2048);
  int32_t n = crypto_run(&call);
  assert_true(n > 512);
  memcpy(good.p, out, good.n = (size_t)n);
  call = call_of(CRYPTO_RSA_CHECK, 0, 0, 0, 0);
  call.key = bytes(&good);
  assert_int_equal(crypto_run(&call), 0);
}

/* An exponent as long as can be: bounded, so not slow. */
static void rsa_long_exponents(void **state) {
  struct text key = {{0}, 0};
  static char digits[2 * 2048 + 1];
  (void)state;
  memset(digits, 'f', sizeof digits - 1);
  put_number(&key, digits);
  put_number(&key, digits);
  struct crypto_call call = call_of(CRYPTO_RSA_ENCRYPT, 0, HASH_SHA1, 0, 2048);
  call.key = bytes(&key);
  assert_int_equal(crypto_run(&call), CRYPTO_FAILED);
}

/* ---- at random ---- */

static uint32_t number_of(unsigned *seed) {
  static const uint32_t some[] = {0,  1,  2,  3,  5,  7,   12,  16,   31,   32,        33,
                                  48, 64, 65, 66, 97, 128, 133, 1024, 4096, UINT32_MAX};
  return some[(size_t)rand_r(seed) % (sizeof some / sizeof some[0])];
}

static struct crypto_bytes part_of(const uint8_t *pool, unsigned *seed) {
  uint32_t n = number_of(seed);
  return (struct crypto_bytes){pool + rand_r(seed) % 1000, n > 4096 ? (uint32_t)rand_r(seed) % 4096 : n};
}

/* Whatever is asked: an answer in its range, and nothing written behind the room. */
static void fuzz_calls(void **state) {
  static uint8_t pool[8192];
  const char *rounds = getenv("FUZZ_ROUNDS");
  unsigned seed = 11;
  (void)state;
  for (int i = 0; i < 20000 * (rounds ? atoi(rounds) : 1); i++) {
    if (i % 16 == 0)
      for (size_t k = 0; k < sizeof pool; k++) pool[k] = (uint8_t)(rand_r(&seed) >> 7);
    size_t room = (size_t)rand_r(&seed) % 3 ? 4096 : (size_t)rand_r(&seed) % 200;
    struct crypto_call call = call_of((uint32_t)rand_r(&seed) % 26, number_of(&seed) % 9, number_of(&seed), 0, room);
    if (rand_r(&seed) % 4) call.b %= 20;
    if (call.operation == CRYPTO_RSA_GENERATE) continue;
    if (call.operation == CRYPTO_SCRYPT) call.a = 1u << call.a, call.c = number_of(&seed);
    call.key = part_of(pool, &seed), call.data = part_of(pool, &seed);
    call.aside = part_of(pool, &seed), call.extra = part_of(pool, &seed);
    struct text key = rsa_key(i % 2 ? 2 : 8, -1, NULL); /* now and then a real key, or nearly */
    if (rand_r(&seed) % 2) key.p[(size_t)rand_r(&seed) % key.n] ^= 1;
    if (rand_r(&seed) % 2 && call.operation >= CRYPTO_RSA_CHECK) call.key = bytes(&key);
    if (rand_r(&seed) % 2) call.extra.n = 0;
    if (rand_r(&seed) % 2) call.out = pool + rand_r(&seed) % 1000; /* over its inputs */
    int32_t answer = crypto_run(&call);
    assert_true(answer == CRYPTO_LIE || (answer >= CRYPTO_NO_MEMORY && answer <= (int32_t)(room ? room : 1)));
    if (call.out == out)
      for (size_t k = room; k < sizeof out; k++) assert_int_equal(out[k], 0xA5);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(digests),
      cmocka_unit_test(chaining),
      cmocka_unit_test(codes),
      cmocka_unit_test(derived_keys),
      cmocka_unit_test(scrypt_as_libcryptos),
      cmocka_unit_test(ciphers),
      cmocka_unit_test(ecdsa),
      cmocka_unit_test(bad_curve_keys),
      cmocka_unit_test(ecdh),
      cmocka_unit_test(ed25519),
      cmocka_unit_test(rsa_signatures),
      cmocka_unit_test(rsa_secrets),
      cmocka_unit_test(rsa_keys),
      cmocka_unit_test(rsa_long_exponents),
      cmocka_unit_test(fuzz_calls),
  };
  crypto_setup();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
