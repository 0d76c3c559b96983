/* tls.c: see tls.h. */
#include "gateway/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/library.h"

#define LIBRARY "libssl.so.3"

enum { TLS_MAGIC = 0x53534c54, PIECE = 16 * 1024 };

/* clang-format off */
#define SSL_FUNCTIONS(F)             \
  F(SSL_CTX_new)                     \
  F(TLS_client_method)               \
  F(SSL_CTX_ctrl)                    \
  F(SSL_CTX_set_default_verify_paths) \
  F(SSL_CTX_set_verify)              \
  F(SSL_new)                         \
  F(SSL_free)                        \
  F(SSL_set_bio)                     \
  F(SSL_ctrl)                        \
  F(SSL_set1_host)                   \
  F(SSL_get0_param)                  \
  F(SSL_set_connect_state)           \
  F(SSL_do_handshake)                \
  F(SSL_read)                        \
  F(SSL_write)                       \
  F(SSL_get_error)                   \
  F(SSL_get_verify_result)           \
  F(SSL_shutdown)
/* clang-format on */

static struct {
#define F(name) __typeof__(name) *name;
  SSL_FUNCTIONS(F)
#undef F
  SSL_CTX *context;
} lib;

struct tls {
  uint32_t magic;
  SSL *ssl;
  BIO *in, *out; /* the SSL's */
  enum tls_state state;
};

/* One context for all: so the authorities are read once. */
static SSL_CTX *context(void) {
  if (lib.context) return lib.context;
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  bool ok = library;
#define F(name) ok = ok && library_find(library, #name, &lib.name);
  SSL_FUNCTIONS(F)
#undef F
  SSL_CTX *made = ok ? lib.SSL_CTX_new(lib.TLS_client_method()) : NULL;
  if (!made) return NULL;
  lib.SSL_CTX_ctrl(made, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
  lib.SSL_CTX_set_default_verify_paths(made);
  lib.SSL_CTX_set_verify(made, SSL_VERIFY_PEER, NULL);
  return lib.context = made;
}

/* An address must be one of the certificate's addresses, and is not told to the server as a name. */
static bool set_name(SSL *ssl, const char *host) {
  uint8_t address[16];
  if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
    return X509_VERIFY_PARAM_set1_ip_asc(lib.SSL_get0_param(ssl), host);
  return *host && lib.SSL_set1_host(ssl, host) &&
         lib.SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)host);
}

static bool set_bios(struct tls *t) {
  t->in = BIO_new(BIO_s_mem());
  t->out = BIO_new(BIO_s_mem());
  if (t->in && t->out) {
    BIO_set_mem_eof_return(t->in, -1); /* empty is not the end */
    lib.SSL_set_bio(t->ssl, t->in, t->out);
    return true;
  }
  BIO_free(t->in);
  BIO_free(t->out);
  return false;
}

struct tls *tls_new(const char *host) {
  SSL_CTX *made = context();
  struct tls *t = made ? calloc(1, sizeof *t) : NULL;
  if (!t) return NULL;
  t->magic = TLS_MAGIC;
  t->ssl = lib.SSL_new(made);
  if (!t->ssl || !set_name(t->ssl, host) || !set_bios(t)) {
    tls_free(&t);
    return NULL;
  }
  lib.SSL_set_connect_state(t->ssl);
  return t;
}

void tls_free(struct tls **tls) {
  struct tls *t = *tls;
  if (!t) return;
  if (t->ssl) lib.SSL_free(t->ssl);
  t->magic = 0;
  free(t);
  *tls = NULL;
}

enum tls_state tls_state(const struct tls *t) { return t->state; }

/* Whether what returned `result` only waits for bytes. */
static bool only_waits(struct tls *t, int result) {
  int e = lib.SSL_get_error(t->ssl, result);
  return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE;
}

enum tls_state tls_in(struct tls *t, const uint8_t *bytes, size_t length) {
  if (length && BIO_write(t->in, bytes, (int)length) != (int)length) return t->state = TLS_FAILED;
  if (t->state != TLS_SHAKES) return t->state;
  ERR_clear_error();
  int result = lib.SSL_do_handshake(t->ssl);
  if (result == 1)
    t->state = TLS_OPEN;
  else if (!only_waits(t, result))
    t->state = lib.SSL_get_verify_result(t->ssl) != X509_V_OK ? TLS_UNTRUSTED : TLS_FAILED;
  return t->state;
}

void tls_out(struct tls *t, struct buf *out) {
  uint8_t bytes[PIECE];
  for (int n; (n = BIO_read(t->out, bytes, sizeof bytes)) > 0;) buf_put(out, bytes, (size_t)n);
}

int tls_read(struct tls *t, uint8_t *bytes, int size) {
  ERR_clear_error();
  int n = lib.SSL_read(t->ssl, bytes, size);
  if (n > 0) return n;
  if (lib.SSL_get_error(t->ssl, n) == SSL_ERROR_ZERO_RETURN) return -1;
  return only_waits(t, n) ? 0 : -2;
}

int tls_write(struct tls *t, const uint8_t *bytes, size_t length) {
  ERR_clear_error();
  return lib.SSL_write(t->ssl, bytes, (int)length) == (int)length ? 0 : -1;
}

void tls_end(struct tls *t) {
  ERR_clear_error();
  if (t->state == TLS_OPEN) lib.SSL_shutdown(t->ssl);
}
