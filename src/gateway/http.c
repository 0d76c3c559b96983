/* http.c: sockets and the life of connections; see http.h and connection.h. */
#include "gateway/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/connection.h"
#include "gateway/log.h"

enum {
  CONNECTION_MAGIC = 0x4e4e4f43,
  ACCEPT_BATCH = 64,
  OUT_KEEP = 16 * 1024,
  GRACE_MS = 1000,  /* a client that closed its side gets so long for its answer: it may still read */
  LINGER_MS = 2000, /* after the last answer, so that it is not lost to what is still unread */
};

uint32_t http_limit(const struct http *http, enum limit_id id) { return http->registry->config->limits.value[id]; }

const char *connection_worker(const struct connection *c) { return c->rpc ? "rpc" : c->http->registry->host->name; }

void connection_mark(struct connection *c) {
  if (c->dirty) return;
  c->dirty = true;
  c->dirty_next = c->http->dirty;
  c->http->dirty = c;
}

/* ---- the end of a connection ---- */

static void unlink_connection(struct connection *c) {
  struct http *http = c->http;
  *(c->prev ? &c->prev->next : &http->first) = c->next;
  if (c->next) c->next->prev = c->prev;
  http->count--;
}

static void connection_free(struct connection *c) {
  struct http *http = c->http;
  if (c->exchange) exchange_cancel(c->exchange);
  loop_unwatch(http->loop, &c->watch);
  loop_timer_clear(http->loop, &c->timer);
  close(c->fd);
  unlink_connection(c);
  websocket_free(&c->websocket);
  buf_free(&c->left);
  buf_free(&c->out);
  buf_free(&c->target);
  buf_free(&c->headers);
  c->magic = 0;
  free(c);
}

/* For callbacks of the loop: http_flush frees it, so that nobody holds it any more. */
static void close_soon(struct connection *c) {
  c->gone = true;
  connection_mark(c);
}

static void set_deadline(struct connection *c, uint64_t in_ms) {
  c->deadline = loop_now(c->http->loop) + in_ms;
  if (!c->timer.place || c->timer.at_ms > c->deadline) loop_timer_set(c->http->loop, &c->timer, in_ms);
}

static void begin_closing(struct connection *c) {
  c->state = CONNECTION_CLOSING;
  shutdown(c->fd, SHUT_WR);
  buf_clear(&c->left);
  if (c->eof)
    c->gone = true;
  else
    set_deadline(c, LINGER_MS);
}

/* ---- reading ---- */

static void watch_for(struct connection *c) {
  uint32_t events = 0;
  if (!c->eof && (c->state == CONNECTION_CLOSING || !c->left.len)) events |= EPOLLIN;
  if (c->out.len > c->out_at) events |= EPOLLOUT;
  if (loop_rewatch(c->http->loop, &c->watch, events)) c->gone = true;
}

/* The client's turn: how long it may take. */
static void expect_client(struct connection *c) {
  if (c->state == CONNECTION_HEAD)
    set_deadline(c, http_limit(c->http, c->head_bytes || c->target.len ? LIMIT_HEAD_MS : LIMIT_IDLE_MS));
  else if (c->state == CONNECTION_BUSY && ((!c->received && !c->left.len) || c->out.len > c->out_at))
    set_deadline(c, http_limit(c->http, LIMIT_IDLE_MS));
  else if (c->state == CONNECTION_BUSY)
    c->deadline = UINT64_MAX;
  else if (c->state == CONNECTION_OPEN)
    set_deadline(c, http_limit(c->http, LIMIT_IDLE_MS));
}

static void refused(struct connection *c) {
  if (c->exchange) exchange_cancel(c->exchange);
  c->exchange = NULL;
  response_refuse(c, c->refused);
  buf_clear(&c->left);
}

/* Parses these bytes; what cannot be taken yet is kept. */
static void parse(struct connection *c, const uint8_t *bytes, size_t length, bool kept) {
  ssize_t n = c->state == CONNECTION_OPEN ? upgrade_parse(c, bytes, length)
              : c->received               ? 0
                                          : request_parse(c, bytes, length);
  if (n < 0)
    refused(c);
  else if (kept)
    buf_drop_front(&c->left, (size_t)n);
  else
    buf_put(&c->left, bytes + n, length - (size_t)n);
  if (c->left.bad) c->gone = true;
}

static void on_eof(struct connection *c) {
  c->eof = true;
  if (c->state == CONNECTION_BUSY && c->received && !c->gone)
    set_deadline(c, GRACE_MS);
  else
    close_soon(c);
}

static void on_readable(struct connection *c) {
  struct http *http = c->http;
  ssize_t n = recv(c->fd, http->received, sizeof http->received, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) {
    close_soon(c);
  } else if (n == 0) {
    on_eof(c);
    watch_for(c);
  } else if (c->state != CONNECTION_CLOSING && !c->gone) {
    bool was_head = c->state == CONNECTION_HEAD && c->head_bytes;
    c->pinged = false;
    parse(c, http->received, (size_t)n, false);
    if (!was_head || c->state != CONNECTION_HEAD) expect_client(c);
    if (c->left.len || c->gone) connection_mark(c);
  }
}

static void on_event(void *arg, uint32_t events) {
  struct connection *c = arg;
  if (events & (EPOLLERR | EPOLLHUP))
    close_soon(c);
  else if (events & EPOLLIN)
    on_readable(c);
  if (events & EPOLLOUT) connection_mark(c);
}

static void on_timer(void *arg) {
  struct connection *c = arg;
  uint64_t now = loop_now(c->http->loop);
  if (c->deadline == UINT64_MAX)
    loop_timer_set(c->http->loop, &c->timer, http_limit(c->http, LIMIT_IDLE_MS));
  else if (c->deadline > now)
    loop_timer_set(c->http->loop, &c->timer, c->deadline - now);
  else if (c->state == CONNECTION_OPEN && upgrade_quiet(c))
    expect_client(c);
  else
    close_soon(c);
}

/* ---- writing ---- */

static void grant(struct connection *c) {
  if (!c->exchange || c->answered || c->owed < STREAM_WINDOW / 4) return;
  exchange_answer_credit(c->exchange, c->owed);
  c->owed = 0;
}

static void send_out(struct connection *c) {
  while (c->out_at < c->out.len) {
    ssize_t n = send(c->fd, c->out.data + c->out_at, c->out.len - c->out_at, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) c->gone = true;
    if (n < 0) break;
    c->out_at += (size_t)n;
  }
  if (c->out_at < c->out.len) return;
  buf_shrink(&c->out, OUT_KEEP);
  c->out_at = 0;
  grant(c);
}

/* The answer is complete. True: the connection is at its next request. */
static bool next_request(struct connection *c) {
  if (!c->keep || c->http->draining) return false;
  if (!c->received || c->exchange) return false; /* the rest of the body is still read, to be sent on or dropped */
  request_begin(c);
  expect_client(c);
  return true;
}

static void advance(struct connection *c) {
  bool again = true;
  while (again && !c->gone) {
    again = c->state == CONNECTION_BUSY && c->answered && next_request(c);
    if (c->state == CONNECTION_OPEN || (c->state != CONNECTION_CLOSING && !c->received && c->left.len))
      parse(c, c->left.data, c->left.len, true);
    again = again && c->answered;
  }
}

/* What is left to do when everything was sent. */
static void conclude(struct connection *c) {
  bool last = c->refused || (c->state == CONNECTION_OPEN && !c->exchange) ||
              (c->state == CONNECTION_BUSY && c->answered && (!c->keep || c->http->draining));
  if (last && !c->out.len && c->state != CONNECTION_CLOSING) begin_closing(c);
  if (c->eof && c->state == CONNECTION_HEAD) c->gone = true;
  if (c->state == CONNECTION_BUSY && !c->eof) expect_client(c);
  if (c->state == CONNECTION_OPEN && c->deadline == UINT64_MAX) expect_client(c);
}

static void flush_connection(struct connection *c) {
  if (c->out.bad) c->gone = true;
  if (!c->gone && c->out.len) send_out(c);
  if (!c->gone) advance(c);
  if (!c->gone && c->out.len) send_out(c);
  if (!c->gone) conclude(c);
  if (!c->gone) watch_for(c);
  if (c->gone && !c->dirty) connection_free(c); /* marked again: the next look at it frees it */
}

bool http_flush(void *arg) {
  struct http *http = arg;
  struct connection *c;
  while ((c = http->dirty)) {
    http->dirty = c->dirty_next;
    c->dirty = false;
    flush_connection(c);
  }
  return false;
}

/* ---- accepting ---- */

static void turn_away(int fd) {
  static const char text[] =
      "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nx-mayfly-error: Too many connections\r\n"
      "connection: close\r\n\r\n";
  if (send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) errno = 0; /* it was worth a try */
  close(fd);
}

static void connection_new(struct http *http, int fd) {
  struct connection *c = http->count < http_limit(http, LIMIT_CONNECTIONS) ? calloc(1, sizeof *c) : NULL;
  if (!c) {
    turn_away(fd);
    return;
  }
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->magic = CONNECTION_MAGIC;
  c->http = http;
  c->fd = fd;
  c->watch = (struct loop_watch){.fd = fd, .ready = on_event, .arg = c};
  c->timer = (struct loop_timer){.fire = on_timer, .arg = c};
  buf_init(&c->left, 2 * RECEIVE_MAX);
  buf_init(&c->out, 4 * STREAM_WINDOW);
  buf_init(&c->target, RECEIVE_MAX);
  buf_init(&c->headers, RECEIVE_MAX);
  llhttp_init(&c->parser, HTTP_REQUEST, &http->settings);
  c->parser.data = c;
  c->next = http->first;
  if (http->first) http->first->prev = c;
  http->first = c;
  http->count++;
  request_begin(c);
  if (loop_watch(http->loop, &c->watch, EPOLLIN)) close_soon(c);
  set_deadline(c, http_limit(http, LIMIT_HEAD_MS));
}

/* No descriptor left: one kept for this moment lets the client be told. */
static void accept_without_room(struct http *http) {
  close(http->spare);
  int fd = accept4(http->fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0) turn_away(fd);
  http->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_listener(void *arg, uint32_t events) {
  (void)events;
  struct http *http = arg;
  for (int i = 0; i < ACCEPT_BATCH; i++) {
    int fd = accept4(http->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) accept_without_room(http);
    if (fd < 0) return;
    connection_new(http, fd);
  }
}

/* ---- life ---- */

static socklen_t make_address(struct sockaddr_storage *out, const char *ip, uint16_t port) {
  struct sockaddr_in *v4 = (struct sockaddr_in *)out;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
  *out = (struct sockaddr_storage){0};
  if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, ip, &v6->sin6_addr) != 1) return 0;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  return sizeof *v6;
}

static void name_address(struct http *http, const char *ip) {
  struct sockaddr_storage address = {0};
  socklen_t length = sizeof address;
  getsockname(http->fd, (struct sockaddr *)&address, &length);
  bool v6 = address.ss_family == AF_INET6;
  uint16_t port = v6 ? ((struct sockaddr_in6 *)&address)->sin6_port : ((struct sockaddr_in *)&address)->sin_port;
  snprintf(http->address, sizeof http->address, v6 ? "http://[%s]:%u" : "http://%s:%u", ip, ntohs(port));
}

static int bind_address(struct http *http, const char *ip, uint16_t port, char *err, size_t err_size) {
  struct sockaddr_storage address;
  int one = 1;
  socklen_t length = make_address(&address, ip, port);
  if (!length) {
    snprintf(err, err_size, "cannot listen on %s: it is not an IP address", ip);
    return -1;
  }
  http->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (http->fd >= 0) setsockopt(http->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (http->fd >= 0 && !bind(http->fd, (struct sockaddr *)&address, length) && !listen(http->fd, SOMAXCONN)) {
    name_address(http, ip);
    return 0;
  }
  const char *hint =
      errno == EADDRINUSE ? " (another program listens there; --listen ADDR:PORT chooses another port)" : "";
  snprintf(err, err_size, "cannot listen on %s port %u: %s%s", ip, port, strerror(errno), hint);
  return -1;
}

int http_new(struct http **out, struct registry *registry, const struct http_options *options, char *err,
             size_t err_size) {
  struct http *http = calloc(1, sizeof *http);
  if (!http) {
    snprintf(err, err_size, "out of memory");
    return -1;
  }
  http->loop = registry->loop;
  http->registry = registry;
  http->dev = options->dev;
  http->test_scheduled = options->test_scheduled;
  http->fd = -1;
  http->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
  buf_init(&http->event, FRAME_PAYLOAD_MAX);
  buf_init(&http->piece, FRAME_PAYLOAD_MAX);
  request_settings(&http->settings);
  *out = http;
  if (!bind_address(http, options->ip, options->port, err, err_size)) return 0;
  http_free(out);
  return -1;
}

int http_accept(struct http *http) {
  http->watch = (struct loop_watch){.fd = http->fd, .ready = on_listener, .arg = http};
  return loop_watch(http->loop, &http->watch, EPOLLIN);
}

unsigned http_connections(const struct http *http) { return http->count; }

const char *http_address(const struct http *http) { return http->address; }

static void stop_listening(struct http *http) {
  if (http->fd < 0) return;
  if (http->watch.ready) loop_unwatch(http->loop, &http->watch);
  close(http->fd);
  http->fd = -1;
}

void http_drain(struct http *http) {
  stop_listening(http);
  http->draining = true;
  for (struct connection *c = http->first; c; c = c->next) {
    if (c->state == CONNECTION_HEAD) close_soon(c);
    if (c->state == CONNECTION_OPEN) upgrade_drain(c);
  }
}

void http_free(struct http **http) {
  struct http *h = *http;
  if (!h) return;
  stop_listening(h);
  while (h->first) connection_free(h->first);
  if (h->spare >= 0) close(h->spare);
  buf_free(&h->event);
  buf_free(&h->piece);
  free(h);
  *http = NULL;
}
