/* tls.h: the client's side of TLS, over bytes in memory: for connections of Workers, which libcurl makes and carries
 * (gateway/outbound_tunnel.c). TLS begins in the middle of them (startTls()), and one direction can end before the
 * other; libcurl's own can neither.
 *
 * Certificates are checked against the system's authorities, or those that SSL_CERT_FILE and SSL_CERT_DIR name, and
 * against the server's name. TLS 1.2 at least. OpenSSL's libssl is loaded when it is first needed.
 */
#ifndef MAYFLY_GATEWAY_TLS_H
#define MAYFLY_GATEWAY_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "tls.h belongs to the gateway"
#endif

struct tls;

enum tls_state { TLS_SHAKES, TLS_OPEN, TLS_UNTRUSTED, TLS_FAILED };

/* A connection to the server `host`, a name or an address. NULL: it cannot be. */
struct tls *tls_new(const char *host);
void tls_free(struct tls **tls);
enum tls_state tls_state(const struct tls *t);
/* Takes bytes of the server's; NULL and 0: begins. What is to be sent to it is in tls_out() then. */
enum tls_state tls_in(struct tls *t, const uint8_t *bytes, size_t length);
/* Moves what is to be sent to the end of `out`. */
void tls_out(struct tls *t, struct buf *out);
/* Bytes that the server sent, at most `size`: how many; 0: none yet, -1: it has ended well, -2: it is broken. */
int tls_read(struct tls *t, uint8_t *bytes, int size);
/* TLS_OPEN only. -1: it is broken. */
int tls_write(struct tls *t, const uint8_t *bytes, size_t length);
/* Says that nothing more is written. */
void tls_end(struct tls *t);

#endif
