/* outbound_curl.c: see outbound_curl.h. */
#include "gateway/outbound_curl.h"

#include <stdio.h>

#include "gateway/library.h"

#define LIBRARY "libcurl.so.4"

const struct curl_functions *curl_load(char *err, size_t err_size) {
  static struct curl_functions functions;
  static bool loaded;
  if (loaded) return &functions;
  void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
  bool ok = library;
#define F(name) ok = ok && library_find(library, "curl_" #name, &functions.name);
  CURL_FUNCTIONS(F)
#undef F
  if (!ok) {
    const char *why = dlerror();
    snprintf(err, err_size, "%s cannot be used: %s", LIBRARY, why ? why : "too old");
    return NULL;
  }
  if (functions.global_init(CURL_GLOBAL_DEFAULT)) {
    snprintf(err, err_size, "%s does not start", LIBRARY);
    return NULL;
  }
  loaded = true;
  return &functions;
}
