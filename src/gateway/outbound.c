/* outbound.c: see outbound.h. libcurl's sockets and timer are watches and a timer of the loop. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "gateway/isolate.h"
#include "gateway/log.h"
#include "gateway/outbound_parts.h"

enum { IDLE_CONNECTIONS = 64, TOTAL_FACTOR = 8, REFUSALS_MAX = 16 };

struct outbound_socket {
  struct loop_watch watch;
  struct outbound *outbound;
};

static uint32_t limit(const struct outbound *o, enum limit_id id) { return o->config->limits.value[id]; }

/* ---- one request ---- */

void outbound_mark(struct outbound_request *r) {
  if (r->dirty) return;
  r->dirty = true;
  r->dirty_next = r->outbound->dirty;
  r->outbound->dirty = r;
}

void outbound_moved(struct outbound_request *r) { r->moved_at = loop_now(r->outbound->loop); }

void outbound_tell(struct outbound_request *r, uint8_t type, uint8_t flags, const void *payload, size_t length) {
  struct frame_header h = {.length = (uint32_t)length, .type = type, .flags = flags};
  if (!r->exchange) return;
  const char *lie = exchange_from_callee(r->exchange, &h, payload);
  if (lie) log_line("outbound: %s (%s)", lie, frame_name(type));
}

static void unmark(struct outbound_request *r) {
  struct outbound_request **p = &r->outbound->dirty;
  if (!r->dirty) return;
  while (*p != r) p = &(*p)->dirty_next;
  *p = r->dirty_next;
}

static void request_free(struct outbound_request *r) {
  struct outbound *o = r->outbound;
  const struct curl_functions *curl = o->curl;
  unmark(r);
  loop_timer_clear(o->loop, &r->idle);
  outbound_websocket_free(&r->websocket);
  if (r->in_multi) curl->multi_remove_handle(o->multi, r->easy);
  if (r->easy) curl->easy_cleanup(r->easy);
  if (r->url) curl->url_cleanup(r->url);
  curl->slist_free_all(r->headers);
  buf_free(&r->upload);
  buf_free(&r->head);
  buf_free(&r->error);
  outbound_unask(r);
  redact_free(&r->redact);
  if (r->isolate) r->isolate->outbound_requests--;
  if (r->next) r->next->prev = r->prev;
  *(r->prev ? &r->prev->next : &o->first) = r->next;
  o->count--;
  r->magic = 0;
  free(r);
}

void outbound_end(struct outbound_request *r, CURLcode result) {
  outbound_conclude(r, result);
  loop_timer_clear(r->outbound->loop, &r->idle);
  if (!r->resolving) request_free(r);
}

/* From the exchange. */
static void on_frame(void *arg, const struct frame_header *h, const uint8_t *payload) {
  struct outbound_request *r = arg;
  uint32_t bytes;
  switch (h->type) {
    case FRAME_BODY:
      outbound_upload(r, payload, h->length, h->flags & FRAME_END);
      break;
    case FRAME_WINDOW:
      memcpy(&bytes, payload, sizeof bytes);
      r->credit += bytes;
      break;
    case FRAME_ERROR:
      buf_put(&r->error, payload, h->length);
      break;
    case FRAME_CANCEL:
      r->cancelled = true;
      break;
    case FRAME_MESSAGE:
      if (r->tunnel) outbound_tunnel_secure(r, payload, h->length);
      outbound_websocket_message(r, payload, h->length, h->flags);
      break;
    case FRAME_SHUT:
      outbound_websocket_shut(r, payload[0] | (unsigned)payload[1] << 8, payload + 2, h->length - 2);
      break;
    default:
      break;
  }
  outbound_mark(r);
}

static const struct exchange_server server = {on_frame};

/* It waits for the Worker, to read or to write, and not for the network. */
static bool waits_for_worker(const struct outbound_request *r) { return r->paused || r->upload_paused; }

static void on_idle(void *arg) {
  struct outbound_request *r = arg;
  uint64_t most = limit(r->outbound, LIMIT_OUTBOUND_IDLE_MS), quiet = loop_now(r->outbound->loop) - r->moved_at;
  if (waits_for_worker(r) || (quiet >= most && r->websocket && outbound_websocket_quiet(r))) quiet = 0;
  if (quiet < most) {
    loop_timer_set(r->outbound->loop, &r->idle, most - quiet);
  } else {
    r->too_idle = true;
    outbound_end(r, CURLE_OPERATION_TIMEDOUT);
  }
}

/* ---- connections ---- */

/* Every connection begins here, with the address that it will be made to. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to) {
  struct outbound_request *r = arg;
  r->resolving = false;
  if (!r->exchange || purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
  if (!outbound_judge_address(r, &to->addr)) {
    r->retry = true;
    outbound_mark(r);
    return CURL_SOCKET_BAD;
  }
  return outbound_kept_open(r->outbound, to);
}

static int on_resolve(void *resolver, void *reserved, void *arg) {
  struct outbound_request *r = arg;
  (void)resolver;
  (void)reserved;
  r->resolving = true;
  return 0;
}

static void connect_options(struct outbound_request *r) {
  const struct outbound *o = r->outbound;
  const struct curl_functions *curl = o->curl;
  const char *ca_file = getenv("SSL_CERT_FILE"), *ca_directory = getenv("SSL_CERT_DIR");
  curl->easy_setopt(r->easy, CURLOPT_PRIVATE, r);
  curl->easy_setopt(r->easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl->easy_setopt(r->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  curl->easy_setopt(r->easy, CURLOPT_PATH_AS_IS, 1L);
  curl->easy_setopt(r->easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl->easy_setopt(r->easy, CURLOPT_PROXY, o->config->outbound.proxy ? o->config->outbound.proxy : "");
  curl->easy_setopt(r->easy, CURLOPT_NOPROXY, "");
  curl->easy_setopt(r->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (o->config->outbound.proxy_auth) curl->easy_setopt(r->easy, CURLOPT_PROXYUSERPWD, o->config->outbound.proxy_auth);
  curl->easy_setopt(r->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  curl->easy_setopt(r->easy, CURLOPT_NOSIGNAL, 1L);
  curl->easy_setopt(r->easy, CURLOPT_QUICK_EXIT, 1L); /* never wait for a name server */
  curl->easy_setopt(r->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)limit(o, LIMIT_OUTBOUND_CONNECT_MS));
  curl->easy_setopt(r->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl->easy_setopt(r->easy, CURLOPT_OPENSOCKETDATA, r);
  curl->easy_setopt(r->easy, CURLOPT_CLOSESOCKETFUNCTION, outbound_kept_close);
  curl->easy_setopt(r->easy, CURLOPT_CLOSESOCKETDATA, r->outbound);
  curl->easy_setopt(r->easy, CURLOPT_PREREQFUNCTION, outbound_judge_connection);
  curl->easy_setopt(r->easy, CURLOPT_PREREQDATA, r);
  curl->easy_setopt(r->easy, CURLOPT_RESOLVER_START_FUNCTION, on_resolve);
  curl->easy_setopt(r->easy, CURLOPT_RESOLVER_START_DATA, r);
  curl->easy_setopt(r->easy, CURLOPT_CAPATH, ca_directory); /* NULL: one file, which libcurl keeps in memory */
  curl->easy_setopt(r->easy, CURLOPT_PROXY_CAPATH, ca_directory);
  if (ca_file) curl->easy_setopt(r->easy, CURLOPT_CAINFO, ca_file);
  if (ca_file) curl->easy_setopt(r->easy, CURLOPT_PROXY_CAINFO, ca_file);
  if (!r->upgrade) return;
  curl->easy_setopt(r->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  curl->easy_setopt(r->easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl->easy_setopt(r->easy, CURLOPT_CONNECT_ONLY, 1L); /* such a connection is never used again */
  curl->easy_setopt(r->easy, CURLOPT_FRESH_CONNECT, 1L);
  curl->easy_setopt(r->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

/* ---- libcurl on the loop ---- */

/* Nothing was sent yet: the connection, which is closed now, was of no use. */
static CURLcode start_again(struct outbound_request *r) {
  const struct curl_functions *curl = r->outbound->curl;
  r->stale = false;
  curl->multi_remove_handle(r->outbound->multi, r->easy);
  curl->easy_setopt(r->easy, CURLOPT_FRESH_CONNECT, 1L);
  r->in_multi = !curl->multi_add_handle(r->outbound->multi, r->easy);
  return r->in_multi ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

static void transfer_over(struct outbound_request *r, CURLcode result) {
  long version = 0;
  r->resolving = false;
  if (!r->exchange) {
    request_free(r);
    return;
  }
  if (r->stale && !(result = start_again(r))) return;
  r->outbound->curl->easy_getinfo(r->easy, CURLINFO_HTTP_VERSION, &version);
  if (version == CURL_HTTP_VERSION_2_0) outbound_kept_numbered(r->outbound, r->own_port);
  if (r->upgrade && !result && !(result = outbound_websocket_begin(r) ? CURLE_OUT_OF_MEMORY : CURLE_OK)) return;
  outbound_end(r, result);
}

static void collect(struct outbound *o) {
  CURLMsg *message;
  int left;
  while ((message = o->curl->multi_info_read(o->multi, &left))) {
    if (message->msg != CURLMSG_DONE) continue;
    struct outbound_request *r = NULL;
    CURLcode result = message->data.result;
    o->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &r);
    transfer_over(r, result);
  }
}

static void act(struct outbound *o, curl_socket_t fd, int events) {
  int running;
  o->curl->multi_socket_action(o->multi, fd, events, &running);
  collect(o);
}

static void on_ready(void *arg, uint32_t events) {
  struct outbound_socket *s = arg;
  int what = 0;
  if (events & EPOLLIN) what |= CURL_CSELECT_IN;
  if (events & EPOLLOUT) what |= CURL_CSELECT_OUT;
  if (events & (EPOLLERR | EPOLLHUP)) what |= CURL_CSELECT_ERR;
  act(s->outbound, s->watch.fd, what);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg) {
  struct outbound *o = arg;
  struct outbound_socket *s = socket_arg;
  (void)easy;
  uint32_t events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) | (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
  if (what == CURL_POLL_REMOVE) {
    if (s) loop_unwatch(o->loop, &s->watch);
    free(s);
    return 0;
  }
  if (s) return loop_rewatch(o->loop, &s->watch, events);
  if (!(s = calloc(1, sizeof *s))) return -1;
  s->outbound = o;
  s->watch = (struct loop_watch){.fd = fd, .ready = on_ready, .arg = s};
  if (!loop_watch(o->loop, &s->watch, events) && !o->curl->multi_assign(o->multi, fd, s)) return 0;
  free(s);
  return -1;
}

static void on_timer(void *arg) {
  struct outbound *o = arg;
  o->due = true;
}

static int on_timer_wanted(CURLM *multi, long ms, void *arg) {
  struct outbound *o = arg;
  (void)multi;
  o->due = ms == 0;
  if (ms <= 0) loop_timer_clear(o->loop, &o->timer);
  return ms > 0 ? loop_timer_set(o->loop, &o->timer, (uint64_t)ms) : 0;
}

/* One stream a connection, also in HTTP/2: a body that its Worker does not read stops the connection, and nobody else's
 * request may be on it. */
static int start(struct outbound *o) {
  char err[256] = "out of memory";
  if (o->multi) return 0;
  o->curl = curl_load(err, sizeof err);
  if (o->curl) o->multi = o->curl->multi_init();
  if (!o->multi) {
    log_line("outbound: %s", err);
    return -1;
  }
  o->curl->multi_setopt(o->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  o->curl->multi_setopt(o->multi, CURLMOPT_SOCKETDATA, o);
  o->curl->multi_setopt(o->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
  o->curl->multi_setopt(o->multi, CURLMOPT_TIMERDATA, o);
  o->curl->multi_setopt(o->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
  o->curl->multi_setopt(o->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
  o->curl->multi_setopt(o->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)limit(o, LIMIT_OUTBOUND_CONNECTIONS));
  return 0;
}

/* ---- the turn's end ---- */

static void resume(struct outbound_request *r) {
  bool read = r->upload_paused && (r->upload.len > r->upload_at || r->upload_end);
  bool write = r->paused && r->credit >= CURL_MAX_WRITE_SIZE;
  if (!read && !write) return;
  if (read) r->upload_paused = false;
  if (write) r->paused = false;
  outbound_moved(r);
  int still = (r->paused ? CURLPAUSE_RECV : 0) | (r->upload_paused ? CURLPAUSE_SEND : 0);
  r->outbound->curl->easy_pause(r->easy, still);
}

/* A name may have other addresses, of which libcurl tries the next at a time-out only (before 8.1), or when its
 * transfer is made to go on. One that has many which are refused has none that is meant to be reached. */
static void try_next_address(struct outbound_request *r) {
  const struct curl_functions *curl = r->outbound->curl;
  r->retry = false;
  if (++r->refusals == REFUSALS_MAX) {
    outbound_end(r, CURLE_COULDNT_CONNECT);
    return;
  }
  curl->easy_pause(r->easy, CURLPAUSE_SEND);
  curl->easy_pause(r->easy, CURLPAUSE_CONT);
}

static void flush_request(struct outbound_request *r) {
  if (!r->exchange) return;
  if (r->retry) {
    try_next_address(r);
    return;
  }
  if (r->cancelled && r->tunnel && r->websocket) outbound_tunnel_send(r);
  if (r->cancelled || r->error.len) {
    outbound_end(r, CURLE_OK);
    return;
  }
  if (r->websocket) {
    outbound_websocket_flush(r);
    return;
  }
  if (r->headed && !r->sent) outbound_send_head(r, false);
  resume(r);
}

static void flush_dirty(struct outbound *o) {
  struct outbound_request *r;
  while ((r = o->dirty)) {
    o->dirty = r->dirty_next;
    r->dirty = false;
    flush_request(r);
  }
}

bool outbound_flush(void *arg) {
  struct outbound *o = arg;
  if (!o->multi) return false;
  flush_dirty(o);
  if (o->due) {
    o->due = false;
    act(o, CURL_SOCKET_TIMEOUT, 0);
  }
  collect(o);
  flush_dirty(o);
  return o->due;
}

/* ---- beginning ---- */

static void add_policy(struct outbound_request *r, struct rules *rules) {
  r->policies[r->policy_count++] = rules;
  rules_hold(rules);
}

static struct outbound_request *request_new(struct outbound *o, struct isolate *isolate, const struct entry *under) {
  struct outbound_request *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->magic = OUTBOUND_REQUEST_MAGIC;
  r->outbound = o;
  r->isolate = isolate;
  outbound_audit_begin(r);
  add_policy(r, o->rules);
  for (; under && r->policy_count < POLICIES_MAX; under = under->within) add_policy(r, under->rules);
  isolate->outbound_requests++;
  buf_init(&r->upload, 2 * STREAM_WINDOW + 2 * UPLOAD_KEEP);
  buf_init(&r->error, FRAME_PAYLOAD_MAX);
  r->idle = (struct loop_timer){.fire = on_idle, .arg = r};
  r->next = o->first;
  if (o->first) o->first->prev = r;
  o->first = r;
  o->count++;
  outbound_moved(r);
  r->easy = o->curl->easy_init();
  return r;
}

static const char *request_start(struct outbound_request *r, uint32_t stream, uint8_t flags) {
  struct outbound *o = r->outbound;
  connect_options(r);
  if (outbound_expect_answer(r) || loop_timer_set(o->loop, &r->idle, limit(o, LIMIT_OUTBOUND_IDLE_MS)))
    return "out of memory";
  r->exchange = exchange_start_served(o->registry, r->isolate, stream, flags, &server, r);
  if (!r->exchange) return "out of memory";
  r->exchange->connects = r->tunnel;
  if (o->curl->multi_add_handle(o->multi, r->easy)) {
    outbound_end(r, CURLE_OUT_OF_MEMORY);
    return NULL;
  }
  r->in_multi = true;
  return NULL;
}

void outbound_fetch(struct outbound *o, struct isolate *caller, const struct entry *under, uint32_t stream,
                    const uint8_t *event, size_t length, uint8_t flags) {
  if (caller->outbound_requests >= limit(o, LIMIT_OUTBOUND_REQUESTS) ||
      o->count >= TOTAL_FACTOR * limit(o, LIMIT_OUTBOUND_CONNECTIONS)) {
    isolate_send_error(caller, stream, ERROR_OUTBOUND_BUSY, "");
    return;
  }
  struct outbound_request *r = start(o) ? NULL : request_new(o, caller, under);
  const char *why = r && r->easy ? outbound_build(r, event, length, flags) : "it cannot be made";
  if (!why) why = request_start(r, stream, flags);
  if (!why) return;
  if (r && (r->forbidden || r->refused))
    isolate_send_error(caller, stream, r->refused ? ERROR_ADDRESS : ERROR_RULES, outbound_refusal(r));
  else
    isolate_send_error(caller, stream, ERROR_UPSTREAM, why);
  if (r) outbound_audit(r, why);
  if (r) request_free(r);
}

void outbound_forget(struct outbound *o, struct isolate *isolate) {
  if (!isolate->outbound_requests) return;
  for (struct outbound_request *r = o->first; r; r = r->next)
    if (r->isolate == isolate) r->isolate = NULL;
}

/* ---- life ---- */

struct outbound *outbound_new(struct registry *registry, struct loop *loop, const struct config *config) {
  struct outbound *o = calloc(1, sizeof *o);
  if (!o) return NULL;
  *o = (struct outbound){.magic = OUTBOUND_MAGIC, .registry = registry, .loop = loop, .config = config};
  o->rules = config->outbound.rules ? config->outbound.rules : rules_new(true);
  if (!o->rules) {
    free(o);
    return NULL;
  }
  if (config->outbound.rules) rules_hold(o->rules);
  o->timer = (struct loop_timer){.fire = on_timer, .arg = o};
  buf_init(&o->piece, FRAME_PAYLOAD_MAX);
  return o;
}

void outbound_stop(struct outbound *o) {
  while (o->first) {
    struct outbound_request *r = o->first;
    if (r->exchange) outbound_conclude(r, CURLE_ABORTED_BY_CALLBACK);
    request_free(r);
  }
}

void outbound_free(struct outbound **outbound) {
  struct outbound *o = *outbound;
  if (!o) return;
  outbound_stop(o);
  if (o->multi) o->curl->multi_cleanup(o->multi);
  loop_timer_clear(o->loop, &o->timer);
  buf_free(&o->piece);
  rules_release(o->rules);
  o->magic = 0;
  free(o);
  *outbound = NULL;
}
