/* outbound_kept.c: the sockets of all connections to the network, and whether one that was kept may be used again.
 *
 * An upstream that sent more than its answer to one request (a second answer, or what a sandbox made it send) must not
 * have that taken for the answer to the next one, which may be another sandbox's. Bytes that are there before anything
 * was asked are the sign of it; so is the end of the connection. libcurl looks for them from 8.1 on. HTTP/2 is allowed
 * to speak up at any time, and numbers its answers. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/outbound_parts.h"

struct outbound_kept {
  struct outbound_kept *next;
  curl_socket_t fd;
  uint16_t port; /* its own; 0: not asked for yet */
  bool numbered; /* it speaks HTTP/2 */
};

curl_socket_t outbound_kept_open(struct outbound *o, const struct curl_sockaddr *to) {
  struct outbound_kept *k = calloc(1, sizeof *k);
  curl_socket_t fd =
      k ? socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol) : CURL_SOCKET_BAD;
  if (fd == CURL_SOCKET_BAD) {
    free(k);
    return CURL_SOCKET_BAD;
  }
  k->fd = fd;
  k->next = o->kept;
  o->kept = k;
  return fd;
}

int outbound_kept_close(void *arg, curl_socket_t fd) {
  struct outbound *o = arg;
  struct outbound_kept **p = &o->kept, *k;
  while (*p && (*p)->fd != fd) p = &(*p)->next;
  if ((k = *p)) *p = k->next;
  free(k);
  return close(fd);
}

static uint16_t port_of(curl_socket_t fd) {
  struct sockaddr_storage own = {0};
  socklen_t size = sizeof own;
  if (getsockname(fd, (struct sockaddr *)&own, &size)) return 0;
  if (own.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)(void *)&own)->sin_port);
  return own.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)(void *)&own)->sin6_port) : 0;
}

/* The next one after `k` (NULL: the first) with this port. There may be several, to different ends. */
static struct outbound_kept *find(struct outbound *o, struct outbound_kept *k, uint16_t port) {
  for (k = k ? k->next : o->kept; k; k = k->next) {
    if (!k->port) k->port = port_of(k->fd);
    if (k->port == port) return k;
  }
  return NULL;
}

static bool is_quiet(curl_socket_t fd) {
  char byte;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool outbound_kept_is_clean(struct outbound *o, uint16_t port) {
  for (struct outbound_kept *k = NULL; (k = find(o, k, port));)
    if (!k->numbered && !is_quiet(k->fd)) return false;
  return true;
}

void outbound_kept_numbered(struct outbound *o, uint16_t port) {
  for (struct outbound_kept *k = NULL; (k = find(o, k, port));) k->numbered = true;
}
