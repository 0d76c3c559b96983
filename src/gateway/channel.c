/* channel.c: see channel.h. */
#include "gateway/channel.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/isolate.h"
#include "gateway/outbound.h"
#include "gateway/rules.h"

enum {
  CHANNEL_MAGIC = 0x4e414843,
  /* what the entries of one Worker may take */
  HOST_ENTRY_BYTES = 256 << 20,
  ENTRY_BYTES = 4 << 20,
};

static uint32_t limit(const struct isolate *isolate, enum limit_id id) {
  return isolate->registry->config->limits.value[id];
}

/* ---- the table ---- */

static uint32_t services(const struct isolate *isolate) {
  return isolate->worker->host ? isolate->worker->host->services.count : 0;
}

uint32_t isolate_loaders(const struct isolate *isolate) {
  return isolate->worker->host ? isolate->worker->host->loader_count : 0;
}

static struct channel *channel_new(struct isolate *isolate, uint32_t number) {
  struct channel *channel = calloc(1, sizeof *channel);
  if (!channel || table_put(&isolate->channels, number, channel)) {
    free(channel);
    return NULL;
  }
  channel->magic = CHANNEL_MAGIC;
  channel->number = number;
  channel->holder = isolate;
  return channel;
}

/* A host Worker's channel keeps a loaded Worker as a stub does. */
static bool keeps(const struct channel *channel) { return worker_is_trusted(channel->holder->worker); }

static void lead_to(struct channel *channel, struct entry *entry) {
  channel->entry = entry;
  entry_hold(entry);
  if (keeps(channel)) entry->worker->stubs++;
}

static void leave(struct channel *channel) {
  struct worker *w = channel->entry->worker;
  if (keeps(channel)) {
    w->stubs--;
    worker_check_idle(w);
  }
  entry_release(channel->entry);
}

void channel_free(struct channel *channel) {
  table_remove(&channel->holder->channels, channel->number);
  if (channel->entry)
    leave(channel);
  else if (channel->worker)
    stub_unbind(channel);
  channel->magic = 0;
  free(channel);
}

struct channel *channel_new_own(struct isolate *isolate, uint32_t number, const char **lie) {
  *lie = NULL;
  if (number <= isolate_loaders(isolate) + services(isolate) || number >= CHANNEL_GIVEN ||
      table_get(&isolate->channels, number))
    *lie = "a channel whose number is not new";
  else if (isolate->channels.count >= limit(isolate, LIMIT_STUBS))
    *lie = "more stubs than it may hold";
  if (*lie) return NULL;
  struct channel *channel = channel_new(isolate, number);
  if (!channel) *lie = "out of memory";
  return channel;
}

/* A copy has what its template has, under the same numbers. Stubs it has none: it is no host Worker. */
static int copy_channels(struct isolate *isolate, const struct isolate *template) {
  const struct channel *from;
  for (uint32_t at = 0; (from = table_next(&template->channels, &at));) {
    if (!from->entry) continue;
    struct channel *channel = channel_new(isolate, from->number);
    if (!channel) return -1;
    lead_to(channel, from->entry);
  }
  isolate->next_given = template->next_given;
  return 0;
}

int channels_begin(struct isolate *isolate) {
  if (isolate->worker->origin) return copy_channels(isolate, isolate->worker->origin->isolate);
  for (uint32_t i = 0; i < services(isolate); i++) {
    struct channel *channel = channel_new(isolate, isolate_loaders(isolate) + i + 1);
    if (!channel) return -1;
    lead_to(channel, isolate->worker->host->services.list[i]);
  }
  return 0;
}

/* The end of a Worker that nobody holds any more does not wait for its events here: their caller is gone too. */
void channels_drop(struct isolate *isolate) {
  struct channel *channel;
  for (uint32_t at = 0; (channel = table_drain(&isolate->channels, &at));) {
    struct worker *w = channel->entry ? channel->entry->worker : channel->worker;
    bool held = !channel->entry || keeps(channel);
    worker_hold(w);
    channel_free(channel);
    if (held && w->kind == WORKER_ONCE && !w->stubs && w->isolate) isolate_end_code(w->isolate, true, ERROR_GONE, "");
    worker_release(w);
  }
  caps_free(&isolate->pending);
}

const char *channel_release(struct isolate *isolate, uint32_t number) {
  struct channel *channel = table_get(&isolate->channels, number);
  if (channel) channel_free(channel);
  return NULL;
}

/* ---- passing on ---- */

static struct channel *give(struct isolate *to, struct entry *entry) {
  uint32_t number;
  do number = CHANNEL_GIVEN | (++to->next_given & (CHANNEL_GIVEN - 1));
  while (table_get(&to->channels, number));
  struct channel *channel = channel_new(to, number);
  if (channel) lead_to(channel, entry);
  return channel;
}

int channels_give(struct isolate *to, uint32_t stream, struct entry *const *list, uint32_t count) {
  uint32_t numbers[CAPS_MAX];
  if ((uint64_t)to->channels.count + count > limit(to, LIMIT_STUBS)) return -1;
  while (count) {
    uint32_t n = 0;
    for (; n < count && n < CAPS_MAX; n++) {
      struct channel *channel = give(to, list[n]);
      if (!channel) break;
      numbers[n] = channel->number;
    }
    if (n < count && n < CAPS_MAX) {
      while (n) channel_release(to, numbers[--n]);
      return -1;
    }
    isolate_send(to, FRAME_CAPS, stream, numbers, n * sizeof *numbers);
    list += n;
    count -= n;
  }
  return 0;
}

struct caps channel_take_pending(struct isolate *isolate, uint32_t stream) {
  struct caps caps = isolate->pending;
  isolate->pending = (struct caps){0};
  if (isolate->pending_stream != stream) caps_free(&caps);
  return caps;
}

static const char *wait_for_frame(struct isolate *isolate, uint32_t stream, const struct caps *caps) {
  if (isolate->pending_stream != stream) caps_free(&isolate->pending);
  isolate->pending_stream = stream;
  if ((uint64_t)isolate->pending.count + caps->count > limit(isolate, LIMIT_STUBS)) {
    return "more channels in one value than an isolate may hold";
  }
  return caps_add_all(&isolate->pending, caps) ? "out of memory" : NULL;
}

static const char *look_up(const struct isolate *isolate, const uint8_t *payload, uint32_t count, struct caps *caps) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t number;
    memcpy(&number, payload + i * sizeof number, sizeof number);
    const struct channel *channel = table_get(&isolate->channels, number);
    if (!channel) return "a channel that is not in its table";
    if (!channel->entry) return "a channel that may not be passed on";
    if (caps_add(caps, channel->entry)) return "out of memory";
  }
  return NULL;
}

/* An event's stream that is not there any more is a race with its end; a fetch's may be one that is to come. */
static const char *pass_on(struct isolate *isolate, uint32_t stream, const struct caps *caps) {
  struct exchange *x = table_get(stream & STREAM_EVENT ? &isolate->events : &isolate->fetches, stream);
  if (stream & STREAM_GUEST) return x ? exchange_caps(x, caps, false) : wait_for_frame(isolate, stream, caps);
  if (stream & STREAM_EVENT) return x ? exchange_caps(x, caps, true) : NULL;
  return wait_for_frame(isolate, stream, caps);
}

const char *channel_caps(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  uint32_t count = h->length / (uint32_t)sizeof(uint32_t);
  struct caps caps = {0};
  if (h->length % sizeof(uint32_t) || count > CAPS_MAX) return "CAPS that are not well formed";
  const char *lie = look_up(isolate, payload, count, &caps);
  if (!lie) lie = pass_on(isolate, h->stream, &caps);
  caps_free(&caps);
  return lie;
}

static uint64_t most_entry_bytes(const struct worker *w) {
  return w->kind == WORKER_HOST ? HOST_ENTRY_BYTES : ENTRY_BYTES;
}

const char *channel_make(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  struct worker *w = isolate->worker->origin ? isolate->worker->origin : isolate->worker;
  struct reader r = reader_over(payload, h->length);
  struct entry_text text;
  const char *lie;
  text.entrypoint = read_str_borrow(&r, &text.entrypoint_length);
  text.props = read_str_borrow(&r, &text.props_length);
  if (r.bad || r.left || text.props_length > PROPS_MAX || text.entrypoint_length > FRAME_PAYLOAD_MAX)
    return "MAKE that is not well formed";
  struct caps caps = channel_take_pending(isolate, h->stream);
  struct channel *channel = channel_new_own(isolate, h->stream, &lie);
  struct entry *entry = channel ? entry_new(w, &text, &caps) : NULL;
  if (entry) lead_to(channel, entry);
  if (channel && !entry) lie = "out of memory";
  if (w->entry_bytes > most_entry_bytes(w)) lie = "more props than it may keep";
  if (lie && channel) channel_free(channel);
  entry_release(entry);
  caps_free(&caps);
  return lie;
}

const char *channel_rules(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  struct worker *w = isolate->worker;
  const char *lie;
  struct channel *channel = channel_new_own(isolate, h->stream, &lie);
  struct rules *rules = channel ? rules_from_guest(payload, h->length) : NULL;
  struct entry *entry = rules ? entry_new_rules(w, rules, h->length) : NULL;
  if (entry) lead_to(channel, entry);
  if (channel && !entry) lie = "out of memory";
  if (rules && !entry) rules_release(rules);
  if (w->entry_bytes > most_entry_bytes(w)) lie = "more rules than it may keep";
  if (lie && channel) channel_free(channel);
  entry_release(entry);
  return lie;
}

/* ---- fetch ---- */

/* The Worker behind an entry. In the place of a named one that has ended: the one that has its name now. */
static struct worker *entry_worker(const struct entry *entry) {
  struct worker *w = entry->worker, *now = NULL;
  if (w->kind == WORKER_NAMED && !w->listed)
    now = worker_find(w->registry, w->loader, w->fresh, w->name, w->name_length);
  return now ? now : w;
}

/* The event anew, with the entry's entrypoint and props. False: it is malformed, or out of memory. */
static bool build_event(struct buf *event, const struct entry *entry, const uint8_t *from, size_t length) {
  struct reader rest = reader_over(from, length);
  size_t n;
  buf_init(event, length + entry->entrypoint_length + entry->props_length + 1);
  buf_put_u8(event, read_u8(&rest));
  buf_put_u32(event, read_u32(&rest));
  buf_put_u32(event, read_u32(&rest) & EVENT_CF);
  read_str_borrow(&rest, &n);
  read_str_borrow(&rest, &n);
  buf_put_str(event, entry->bytes, entry->entrypoint_length);
  buf_put_str(event, entry->bytes + entry->entrypoint_length, entry->props_length);
  buf_put(event, rest.p, rest.left);
  return !rest.bad && !event->bad;
}

static void fetch_entry(struct isolate *isolate, const struct frame_header *h, const struct entry *entry,
                        const uint8_t *payload, size_t length) {
  struct buf event;
  struct caps caps = {0};
  if (!build_event(&event, entry, payload, length) || caps_add_all(&caps, &entry->caps))
    isolate_send_error(isolate, h->stream, ERROR_EVENTS, "it cannot be made");
  else
    exchange_start_isolate(isolate->registry, entry_worker(entry), isolate, h->stream, event.data, event.len, h->flags,
                           &caps, &(struct event_limits){0});
  buf_free(&event);
  caps_free(&caps);
}

/* To the network, by way of rules. */
static void fetch_rules(struct isolate *isolate, const struct frame_header *h, const struct entry *entry,
                        const uint8_t *payload, size_t length) {
  if (payload[0] != EVENT_FETCH)
    isolate_send_error(isolate, h->stream, ERROR_RULES, "an outbound has fetch() and connect() and nothing else");
  else if (entry->nowhere)
    isolate_send_error(isolate, h->stream, ERROR_NO_OUTBOUND, "");
  else
    outbound_fetch(isolate->registry->outbound, isolate, entry, h->stream, payload, length, h->flags);
}

const char *channel_tail(struct registry *r, const struct entry *entry, const struct exchange_client *client, void *arg,
                         struct exchange **handle, const uint8_t *event, size_t length, unsigned depth) {
  struct buf all;
  struct caps caps = {0};
  if (entry->rules) return "an outbound has no tail()";
  bool started = build_event(&all, entry, event, length) && !caps_add_all(&caps, &entry->caps) &&
                 !exchange_start_tail(r, entry_worker(entry), client, arg, handle, all.data, all.len,
                                      FRAME_HAS_BODY | FRAME_END, &caps, depth);
  buf_free(&all);
  caps_free(&caps);
  return started ? NULL : "out of memory";
}

enum { FLAGS_AT = 5, LIMITS_AT = FLAGS_AT + 4 }; /* in an event */

static bool has_limits(const uint8_t *event) {
  uint32_t flags;
  memcpy(&flags, event + FLAGS_AT, sizeof flags);
  return flags & EVENT_LIMITS;
}

/* Without those flags that end here. */
static void clear_flags(uint8_t *event) {
  uint32_t flags;
  memcpy(&flags, event + FLAGS_AT, sizeof flags);
  flags &= EVENT_CF;
  memcpy(event + FLAGS_AT, &flags, sizeof flags);
}

/* Takes what EVENT_LIMITS announces out of the event; how many bytes it begins later now. */
static size_t take_limits(uint8_t *event, struct event_limits *limits) {
  memcpy(limits, event + LIMITS_AT, sizeof *limits);
  memmove(event + sizeof *limits, event, LIMITS_AT);
  return sizeof *limits;
}

static const char *fetch_stub(struct isolate *isolate, const struct frame_header *h, struct channel *stub,
                              uint8_t *event, size_t length, struct caps *caps) {
  struct event_limits limits = {0};
  struct worker *w = stub_worker(stub);
  if (has_limits(event)) {
    if (length < LIMITS_AT + sizeof limits + 1) return "limits that are not there";
    size_t taken = take_limits(event, &limits);
    event += taken;
    length -= taken;
  }
  clear_flags(event);
  if (w)
    exchange_start_isolate(isolate->registry, w, isolate, h->stream, event, length, h->flags, caps, &limits);
  else
    isolate_send_error(isolate, h->stream, ERROR_EVENTS, "out of memory");
  return NULL;
}

static const char *fetch(struct isolate *isolate, const struct frame_header *h, uint8_t *payload, struct caps *caps) {
  uint32_t number, length = h->length - (uint32_t)sizeof number;
  memcpy(&number, payload, sizeof number);
  payload += sizeof number;
  bool known = payload[0] == EVENT_FETCH || (number && (payload[0] == EVENT_RPC || payload[0] == EVENT_SCHEDULED));
  if (!known) return "an event of an unknown kind";
  struct channel *channel = table_get(&isolate->channels, number);
  if (has_limits(payload) && (!channel || channel->entry)) return "limits for what is no stub";
  if (number && number <= isolate_loaders(isolate)) return loader_fetch(isolate, h->stream, number, payload, length);
  if (number && !channel) return "a channel that is not in its table";
  if (!number && !isolate->worker->outbound) {
    isolate_send_error(isolate, h->stream, ERROR_NO_OUTBOUND, "");
    return NULL;
  }
  if (!isolate->subrequests_left) {
    isolate_send_error(isolate, h->stream, ERROR_SUBREQUESTS, "");
    return NULL;
  }
  isolate->subrequests_left--;
  const struct entry *entry = channel ? channel->entry : isolate->worker->outbound_entry;
  if (entry && entry->rules)
    fetch_rules(isolate, h, entry, payload, length);
  else if (entry)
    fetch_entry(isolate, h, entry, payload, length);
  else if (channel)
    return fetch_stub(isolate, h, channel, payload, length, caps);
  else
    outbound_fetch(isolate->registry->outbound, isolate, NULL, h->stream, payload, length, h->flags);
  return NULL;
}

const char *channel_fetch(struct isolate *isolate, const struct frame_header *h, uint8_t *payload) {
  if (!(h->stream & STREAM_GUEST) || table_get(&isolate->fetches, h->stream)) return "a fetch whose number is not new";
  struct caps caps = channel_take_pending(isolate, h->stream);
  const char *lie = fetch(isolate, h, payload, &caps);
  caps_free(&caps);
  return lie;
}
