// url_strings.h: strings and arrays between JavaScript and Ada, for url.cc and url_pattern.cc.
// Strings are made well-formed on the way in, as USVString wants.
#ifndef MAYFLY_GUEST_URL_STRINGS_H
#define MAYFLY_GUEST_URL_STRINGS_H

#include <string>
#include <string_view>

#include "ada.h"
extern "C" {
#include "quickjs.h"
}

// False: an exception is pending.
bool to_string(JSContext *ctx, JSValueConst value, std::string &out);
JSValue from_string(JSContext *ctx, std::string_view s);
// An array of these values, which it takes; an exception when one of them is one.
JSValue array_of(JSContext *ctx, JSValue *values, size_t count);
// With a base unless that is undefined. False: an exception is pending; url says whether it parsed.
bool parse_url(JSContext *ctx, JSValueConst input, JSValueConst base, ada::result<ada::url_aggregator> &url);

#endif
