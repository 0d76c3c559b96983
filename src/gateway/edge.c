/* edge.c: see edge.h. */
#include "gateway/edge.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/frame.h"
#include "gateway/log.h"
#include "gateway/registry.h"
#include "gateway/secret.h"

#define TOKEN_VARIABLE "MAYFLY_TOKEN"
#define MODULE "edge.js"
#define DATE "2026-11-17"

enum {
  TOKEN_BYTES = 32,
  TOKEN_MIN = 16,
  TOKEN_MAX = 4096,
  LOADER_CHANNEL = 1,
  FAMILY = UINT32_MAX, /* of its loader: no other has it */
};

/* src/edge/edge.js */
extern const char _binary_edge_js_start[], _binary_edge_js_end[];

struct edge {
  const struct config_rpc *config;
  struct host host; /* without a Worker: each connection has its own */
  uint32_t family[1];
};

/* ---- the token ---- */

static int make_token(char *token, char *err, size_t err_size) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  uint8_t random[TOKEN_BYTES + 1] = {0}; /* one more, so that the last digits can be cut from two bytes */
  size_t n = 0;
  if (getrandom(random, TOKEN_BYTES, 0) != TOKEN_BYTES) {
    snprintf(err, err_size, "cannot make a token: %s", strerror(errno));
    return -1;
  }
  for (size_t bit = 0; bit < 8 * TOKEN_BYTES; bit += 6) {
    unsigned two = (unsigned)random[bit / 8] << 8 | random[bit / 8 + 1];
    token[n++] = digits[two >> (10 - bit % 8) & 63];
  }
  token[n] = 0;
  log_line("the token for rpc is %s", token);
  return 0;
}

static int find_token(char *token, const struct config_rpc *rpc, char *err, size_t err_size) {
  int found = secret_read(token, TOKEN_MAX + 1, rpc->token_file, TOKEN_VARIABLE, "the token for rpc", err, err_size);
  if (found <= 0) return found ? -1 : make_token(token, err, err_size);
  if (strlen(token) >= TOKEN_MIN) return 0;
  snprintf(err, err_size, "the token for rpc in %s is shorter than %d characters and can be guessed",
           rpc->token_file ? rpc->token_file : TOKEN_VARIABLE, TOKEN_MIN);
  return -1;
}

/* ---- its code ---- */

static int put_env(struct buf *code, const struct limits *limits, const char *token) {
  json_t *env = json_pack("{s:s, s:i, s:s}", "TOKEN", token, "PATIENCE_MS", (int)limits->value[LIMIT_HEAD_MS],
                          "VERSION", MAYFLY_VERSION);
  char *text = env ? json_dumps(env, JSON_COMPACT) : NULL;
  json_decref(env);
  buf_put_u8(code, ENV_JSON);
  buf_put_cstr(code, text ? text : "");
  int rc = text ? 0 : -1;
  free(text);
  return rc;
}

static int put_code(struct buf *code, const struct limits *limits, const char *token) {
  buf_put_u32(code, WORKER_CODE_MAGIC);
  buf_put_u32(code, limits->value[LIMIT_STACK_KB]);
  buf_put_cstr(code, DATE);
  buf_put_u16(code, 0);
  buf_put_cstr(code, MODULE);
  buf_put_u32(code, 1);
  buf_put_u8(code, MODULE_JS);
  buf_put_cstr(code, MODULE);
  buf_put_str(code, _binary_edge_js_start, (size_t)(_binary_edge_js_end - _binary_edge_js_start));
  if (put_env(code, limits, token)) return -1;
  buf_put_u16(code, 2);
  buf_put_u8(code, BINDING_EDGE);
  buf_put_cstr(code, "END");
  buf_put_u32(code, 0);
  buf_put_u8(code, BINDING_LOADER);
  buf_put_cstr(code, "LOADER");
  buf_put_u32(code, LOADER_CHANNEL);
  buf_put_u8(code, OUTBOUND_INHERIT);
  return code->bad ? -1 : 0;
}

/* ---- life ---- */

static bool is_loopback(const char *ip) { return !strncmp(ip, "127.", 4) || !strcmp(ip, "::1"); }

int edge_new(struct edge **out, const struct config *config, const char *ip, char *err, size_t err_size) {
  char token[TOKEN_MAX + 1];
  if (!config->rpc.everywhere && !is_loopback(ip)) {
    snprintf(err, err_size,
             "rpc gives this machine's runtime to whoever shows the token, so it is offered on loopback addresses "
             "only; to offer it on %s too, say --rpc-everywhere, or \"rpc\": { \"everywhere\": true }",
             ip);
    return -1;
  }
  if (find_token(token, &config->rpc, err, err_size)) return -1;
  struct edge *e = *out = calloc(1, sizeof *e);
  if (e) {
    e->config = &config->rpc;
    e->family[0] = FAMILY;
    e->host.loader_family = e->family;
    e->host.loader_count = 1;
    buf_init(&e->host.code, SIZE_MAX / 2);
  }
  if (!e || put_code(&e->host.code, &config->limits, token)) {
    snprintf(err, err_size, "out of memory");
    edge_free(out);
    return -1;
  }
  explicit_bzero(token, sizeof token);
  return 0;
}

void edge_free(struct edge **edge) {
  struct edge *e = *edge;
  if (!e) return;
  buf_free(&e->host.code);
  free(e);
  *edge = NULL;
}

/* ---- requests ---- */

bool edge_wants(const struct edge *e, const char *target, size_t length) {
  size_t n = strlen(e->config->path);
  if (length && target[0] != '/') { /* absolute: behind the authority */
    const char *authority = memmem(target, length, "//", 2);
    const char *path = authority ? memchr(authority + 2, '/', length - (size_t)(authority + 2 - target)) : NULL;
    if (!path) return false;
    length -= (size_t)(path - target);
    target = path;
  }
  return length >= n && !memcmp(target, e->config->path, n) && (length == n || target[n] == '?');
}

bool edge_allows(const struct edge *e, const char *origin, size_t length) {
  for (size_t i = 0; i < e->config->origin_count; i++) {
    const char *allowed = e->config->origins[i];
    if (strlen(allowed) == length && !strncasecmp(allowed, origin, length)) return true;
  }
  return false;
}

struct worker *edge_worker(struct registry *r) {
  static const char name[] = "rpc";
  struct worker *w = worker_new(r, WORKER_EDGE, 0, name, sizeof name - 1);
  if (!w) return NULL;
  w->host = &r->edge->host;
  w->outbound = true;
  /* What it does is the client's to say; what its sandboxes may do is counted there. */
  w->subrequests = UINT32_MAX;
  w->wall_ms = limit_table[LIMIT_WALL_MS].largest;
  return w;
}
