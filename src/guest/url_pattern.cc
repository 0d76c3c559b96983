// url_pattern.cc: URLPattern for the platform's JavaScript, by Ada. What a pattern compiled to is given as a flat
// array, for each component [pattern, kind, value, names]: kind says how to match (enum kind; the numbers are Ada's),
// value is the text or the source of the regular expression, names are those of its groups. JavaScript keeps that
// array, makes the RegExps and matches (web/url_pattern.js), so that no C++ object outlives a call. Ada asks for
// regular expressions while it compiles: for whether they are valid, and whether a protocol's matches a special scheme.
// The engine's library answers, without a RegExp object.
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ada.h"
#include "url_strings.h"
extern "C" {
#include "libregexp.h"
void url_pattern_init(JSContext *ctx, JSValue native);
}

namespace {

JSContext *context; // of the call in progress, for the library's memory and stack checks

class Regexps {
 public:
  struct regex_type {
    std::string source;
    bool ignore_case = false;
  };

  static std::optional<regex_type> create_instance(std::string_view pattern, bool ignore_case) {
    regex_type made{std::string(pattern), ignore_case};
    uint8_t *code = compile(made);
    if (!code) return std::nullopt;
    js_free(context, code);
    return made;
  }

  static bool regex_match(std::string_view input, const regex_type &regex) {
    uint8_t *code = compile(regex);
    if (!code) return false;
    std::vector<uint8_t *> capture(static_cast<size_t>(lre_get_alloc_count(code)) + 1);
    int found = lre_exec(capture.data(), code, reinterpret_cast<const uint8_t *>(input.data()), 0,
                         static_cast<int>(input.size()), 0, context);
    js_free(context, code);
    return found == 1;
  }

  // Matching is JavaScript's affair.
  static std::optional<std::vector<std::optional<std::string>>> regex_search(std::string_view, const regex_type &) {
    return std::nullopt;
  }

 private:
  static uint8_t *compile(const regex_type &regex) {
    int length, flags = LRE_FLAG_UNICODE_SETS | (regex.ignore_case ? LRE_FLAG_IGNORECASE : 0);
    char message[64];
    return lre_compile(&length, message, sizeof message, regex.source.c_str(), regex.source.size(), flags, context);
  }
};

using Pattern = ada::url_pattern<Regexps>;
using Component = ada::url_pattern_component<Regexps>;
using Init = ada::url_pattern_init;

constexpr std::optional<std::string> Init::*members[] = {&Init::protocol, &Init::username, &Init::password,
                                                         &Init::hostname, &Init::port,     &Init::pathname,
                                                         &Init::search,   &Init::hash,     &Init::base_url};
constexpr Component Pattern::*components[] = {&Pattern::protocol_component, &Pattern::username_component,
                                              &Pattern::password_component, &Pattern::hostname_component,
                                              &Pattern::port_component,     &Pattern::pathname_component,
                                              &Pattern::search_component,   &Pattern::hash_component};

// An array of nine strings, or undefined for what is absent. False: an exception is pending.
bool to_init(JSContext *ctx, JSValueConst array, Init &init) {
  for (uint32_t i = 0; i < std::size(members); i++) {
    JSValue v = JS_GetPropertyUint32(ctx, array, i);
    std::string text;
    bool ok = JS_IsUndefined(v) || to_string(ctx, v, text);
    if (ok && !JS_IsUndefined(v)) init.*members[i] = std::move(text);
    JS_FreeValue(ctx, v);
    if (!ok) return false;
  }
  return true;
}

JSValue names_of(JSContext *ctx, const Component &component) {
  std::vector<JSValue> names;
  for (const std::string &name : component.group_name_list) names.push_back(from_string(ctx, name));
  return array_of(ctx, names.data(), names.size());
}

JSValue from_pattern(JSContext *ctx, const Pattern &pattern) {
  std::vector<JSValue> flat;
  for (auto member : components) {
    const Component &component = pattern.*member;
    bool is_regexp = component.type == ada::url_pattern_component_type::REGEXP;
    flat.push_back(from_string(ctx, component.pattern));
    flat.push_back(JS_NewInt32(ctx, static_cast<int32_t>(component.type)));
    flat.push_back(from_string(ctx, is_regexp ? component.regexp.source : component.exact_match_value));
    flat.push_back(names_of(ctx, component));
  }
  flat.push_back(JS_NewBool(ctx, pattern.has_regexp_groups()));
  return array_of(ctx, flat.data(), flat.size());
}

// patternParse(string or array of nine, base or undefined, ignore case) -> the array and whether there are groups with
// regular expressions of their own; null: invalid
JSValue pattern_parse(JSContext *ctx, JSValueConst, int, JSValueConst *argv) {
  std::string text, base;
  std::variant<std::string_view, Init> input;
  ada::url_pattern_options options{.ignore_case = JS_ToBool(ctx, argv[2]) != 0};
  bool with_base = !JS_IsUndefined(argv[1]);
  if (JS_IsObject(argv[0])) {
    Init init;
    if (!to_init(ctx, argv[0], init)) return JS_EXCEPTION;
    input = std::move(init);
  } else {
    if (!to_string(ctx, argv[0], text)) return JS_EXCEPTION;
    input = std::string_view(text);
  }
  if (with_base && !to_string(ctx, argv[1], base)) return JS_EXCEPTION;
  std::string_view base_view(base);
  context = ctx;
  auto pattern = ada::parse_url_pattern<Regexps>(std::move(input), with_base ? &base_view : nullptr, &options);
  if (JS_HasException(ctx)) return JS_EXCEPTION; // the stack was full
  return pattern ? from_pattern(ctx, *pattern) : JS_NULL;
}

JSValue from_views(JSContext *ctx, const std::string_view *parts) {
  JSValue values[8];
  for (size_t i = 0; i < 8; i++) values[i] = from_string(ctx, parts[i]);
  return array_of(ctx, values, 8);
}

std::string_view without(std::string_view text, char first) {
  if (!text.empty() && text[0] == first) text.remove_prefix(1);
  return text;
}

JSValue parts_of_init(JSContext *ctx, JSValueConst array) {
  Init init;
  if (!to_init(ctx, array, init)) return JS_EXCEPTION;
  auto done = Init::process(init, Init::process_type::url, "", "", "", "", "", "", "", "");
  if (!done) return JS_NULL;
  std::string_view parts[8];
  for (size_t i = 0; i < 8; i++) parts[i] = (*done).*members[i] ? std::string_view(*((*done).*members[i])) : "";
  parts[6] = without(parts[6], '?');
  return from_views(ctx, parts);
}

// patternInput(string or array of nine, base or undefined) -> the eight parts to match; null: no URL
JSValue pattern_input(JSContext *ctx, JSValueConst, int, JSValueConst *argv) {
  if (JS_IsObject(argv[0])) return parts_of_init(ctx, argv[0]);
  ada::result<ada::url_aggregator> url = tl::unexpected(ada::errors::type_error);
  if (!parse_url(ctx, argv[0], argv[1], url)) return JS_EXCEPTION;
  if (!url) return JS_NULL;
  std::string_view protocol = url->get_protocol();
  protocol.remove_suffix(1);
  const std::string_view parts[8] = {protocol,
                                     url->get_username(),
                                     url->get_password(),
                                     url->get_hostname(),
                                     url->get_port(),
                                     url->get_pathname(),
                                     without(url->get_search(), '?'),
                                     without(url->get_hash(), '#')};
  return from_views(ctx, parts);
}

} // namespace

void url_pattern_init(JSContext *ctx, JSValue native) {
  JS_SetPropertyStr(ctx, native, "patternParse", JS_NewCFunction(ctx, pattern_parse, "patternParse", 3));
  JS_SetPropertyStr(ctx, native, "patternInput", JS_NewCFunction(ctx, pattern_input, "patternInput", 2));
}
