// url.cc: URLs and application/x-www-form-urlencoded for the platform's JavaScript, by Ada.
// A parsed URL is given as the array [href, protocol_end, username_end, host_start, host_end, port, pathname_start,
// search_start, hash_start], offsets into href (which is always ASCII) as Ada's url_aggregator has them; what is
// absent is -1. JavaScript keeps that array and cuts the parts out of href; no C++ object outlives a call, so there is
// nothing to free and nothing to find in a damaged heap.
#include <string>
#include <string_view>
#include <vector>

#include "ada.h"
#include "url_strings.h"
extern "C" {
void url_init(JSContext *ctx, JSValue native);
}

namespace {

// A lone surrogate comes out of JS_ToCStringLen as ED A0..BF xx; it becomes U+FFFD, which has the same length.
void make_well_formed(std::string &s) {
  for (size_t i = 0; i + 2 < s.size(); i++) {
    if (s[i] != '\xed' || static_cast<unsigned char>(s[i + 1]) < 0xa0) continue;
    s[i] = '\xef';
    s[i + 1] = '\xbf';
    s[i + 2] = '\xbd';
  }
}

} // namespace

bool to_string(JSContext *ctx, JSValueConst value, std::string &out) {
  size_t length;
  const char *s = JS_ToCStringLen(ctx, &length, value);
  if (!s) return false;
  out.assign(s, length);
  JS_FreeCString(ctx, s);
  make_well_formed(out);
  return true;
}

JSValue from_string(JSContext *ctx, std::string_view s) { return JS_NewStringLen(ctx, s.data(), s.size()); }

JSValue array_of(JSContext *ctx, JSValue *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!JS_IsException(values[i])) continue;
    for (size_t j = 0; j < count; j++) JS_FreeValue(ctx, values[j]);
    return JS_EXCEPTION;
  }
  return JS_NewArrayFrom(ctx, static_cast<int>(count), values);
}

// Is the first character that counts a '#'?
static bool begins_fragment(const std::string &text) {
  for (unsigned char c : text)
    if (c > ' ') return c == '#';
  return false;
}

bool parse_url(JSContext *ctx, JSValueConst input, JSValueConst base, ada::result<ada::url_aggregator> &url) {
  std::string text, base_text;
  if (!to_string(ctx, input, text)) return false;
  if (JS_IsUndefined(base)) {
    url = ada::parse<ada::url_aggregator>(text);
    return true;
  }
  if (!to_string(ctx, base, base_text)) return false;
  auto parsed = ada::parse<ada::url_aggregator>(base_text);
  if (!parsed) return true;
  // On a base like mailto:x only a fragment is relative (URL, 4.4, "no scheme state"); Ada takes more
  if (parsed->has_opaque_path && !begins_fragment(text))
    url = ada::parse<ada::url_aggregator>(text);
  else
    url = ada::parse<ada::url_aggregator>(text, &*parsed);
  return true;
}

namespace {

JSValue offset(JSContext *ctx, uint32_t value) {
  return JS_NewInt32(ctx, value == ada::url_components::omitted ? -1 : static_cast<int32_t>(value));
}

JSValue from_url(JSContext *ctx, const ada::url_aggregator &url) {
  const ada::url_components &c = url.get_components();
  JSValue parts[] = {from_string(ctx, url.get_href()), offset(ctx, c.protocol_end), offset(ctx, c.username_end),
                     offset(ctx, c.host_start),        offset(ctx, c.host_end),     offset(ctx, c.port),
                     offset(ctx, c.pathname_start),    offset(ctx, c.search_start), offset(ctx, c.hash_start)};
  return array_of(ctx, parts, sizeof parts / sizeof *parts);
}

// urlParse(input[, base]) -> the array, or null
JSValue url_parse(JSContext *ctx, JSValueConst, int argc, JSValueConst *argv) {
  ada::result<ada::url_aggregator> url = tl::unexpected(ada::errors::type_error);
  if (!parse_url(ctx, argv[0], argc < 2 ? JS_UNDEFINED : argv[1], url)) return JS_EXCEPTION;
  return url ? from_url(ctx, *url) : JS_NULL;
}

JSValue url_can_parse(JSContext *ctx, JSValueConst, int argc, JSValueConst *argv) {
  ada::result<ada::url_aggregator> url = tl::unexpected(ada::errors::type_error);
  if (!parse_url(ctx, argv[0], argc < 2 ? JS_UNDEFINED : argv[1], url)) return JS_EXCEPTION;
  return JS_NewBool(ctx, url.has_value());
}

enum part { PROTOCOL, USERNAME, PASSWORD, HOST, HOSTNAME, PORT, PATHNAME, SEARCH, HASH };

void set_part(ada::url_aggregator &url, int which, const std::string &value) {
  switch (which) {
    case PROTOCOL:
      url.set_protocol(value);
      break;
    case USERNAME:
      url.set_username(value);
      break;
    case PASSWORD:
      url.set_password(value);
      break;
    case HOST:
      url.set_host(value);
      break;
    case HOSTNAME:
      url.set_hostname(value);
      break;
    case PORT:
      url.set_port(value);
      break;
    case PATHNAME:
      url.set_pathname(value);
      break;
    case SEARCH:
      url.set_search(value);
      break;
    case HASH:
      url.set_hash(value);
      break;
    default:
      break;
  }
}

// urlSet(href, part, value) -> the array
JSValue url_set(JSContext *ctx, JSValueConst, int, JSValueConst *argv) {
  std::string href, value;
  int32_t which;
  if (!to_string(ctx, argv[0], href) || JS_ToInt32(ctx, &which, argv[1]) || !to_string(ctx, argv[2], value))
    return JS_EXCEPTION;
  auto url = ada::parse<ada::url_aggregator>(href);
  if (!url) return JS_NULL;
  set_part(*url, which, value);
  return from_url(ctx, *url);
}

// urlOrigin(href) -> string
JSValue url_origin(JSContext *ctx, JSValueConst, int, JSValueConst *argv) {
  std::string href;
  if (!to_string(ctx, argv[0], href)) return JS_EXCEPTION;
  auto url = ada::parse<ada::url_aggregator>(href);
  return url ? from_string(ctx, url->get_origin()) : JS_NULL;
}

// formParse(string) -> [name, value, name, value, ...]; a leading '?' is not removed
JSValue form_parse(JSContext *ctx, JSValueConst, int, JSValueConst *argv) {
  std::string input;
  if (!to_string(ctx, argv[0], input)) return JS_EXCEPTION;
  if (!input.empty() && input[0] == '?') input.insert(0, "&"); // Ada takes one away
  ada::url_search_params params(input);
  std::vector<JSValue> flat;
  flat.reserve(params.size() * 2);
  for (const auto &[name, value] : params) {
    flat.push_back(from_string(ctx, name));
    flat.push_back(from_string(ctx, value));
  }
  return array_of(ctx, flat.data(), flat.size());
}

bool array_string(JSContext *ctx, JSValueConst array, uint32_t i, std::string &out) {
  JSValue v = JS_GetPropertyUint32(ctx, array, i);
  bool ok = !JS_IsException(v) && to_string(ctx, v, out);
  JS_FreeValue(ctx, v);
  return ok;
}

// formSerialize([name, value, ...]) -> string
JSValue form_serialize(JSContext *ctx, JSValueConst, int, JSValueConst *argv) {
  int64_t length;
  if (JS_GetLength(ctx, argv[0], &length)) return JS_EXCEPTION;
  ada::url_search_params params;
  std::string name, value;
  for (uint32_t i = 0; i + 1 < length; i += 2) {
    if (!array_string(ctx, argv[0], i, name) || !array_string(ctx, argv[0], i + 1, value)) return JS_EXCEPTION;
    params.append(name, value);
  }
  return from_string(ctx, params.to_string());
}

struct function {
  const char *name;
  JSCFunction *call;
  int length;
};

const function functions[] = {
    {"urlParse", url_parse, 2},   {"urlCanParse", url_can_parse, 2}, {"urlSet", url_set, 3},
    {"urlOrigin", url_origin, 1}, {"formParse", form_parse, 1},      {"formSerialize", form_serialize, 1},
};

} // namespace

void url_init(JSContext *ctx, JSValue native) {
  for (const function &f : functions)
    JS_SetPropertyStr(ctx, native, f.name, JS_NewCFunction(ctx, f.call, f.name, f.length));
}
