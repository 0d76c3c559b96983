/* outbound_curl.h: libcurl, loaded when it is first needed. Its functions are members of the table that is returned. */
#ifndef MAYFLY_GATEWAY_OUTBOUND_CURL_H
#define MAYFLY_GATEWAY_OUTBOUND_CURL_H

#include <curl/curl.h>
/* curl's macros that check types stand in the way of members of the same name; ints must be passed as longs */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#include <stddef.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "outbound_curl.h belongs to the gateway"
#endif

#define CURL_FUNCTIONS(F)                                                                                     \
  F(global_init)                                                                                              \
  F(easy_init)                                                                                                \
  F(easy_cleanup)                                                                                             \
  F(easy_setopt)                                                                                              \
  F(easy_getinfo)                                                                                             \
  F(easy_pause)                                                                                               \
  F(easy_send)                                                                                                \
  F(easy_recv)                                                                                                \
  F(easy_strerror)                                                                                            \
  F(slist_append)                                                                                             \
  F(slist_free_all) F(multi_init) F(multi_cleanup) F(multi_setopt) F(multi_add_handle) F(multi_remove_handle) \
      F(multi_assign) F(multi_socket_action) F(multi_info_read) F(url) F(url_set) F(url_get) F(url_cleanup) F(free)

struct curl_functions {
#define F(name) __typeof__(curl_##name) *name;
  CURL_FUNCTIONS(F)
#undef F
};

/* NULL with a message: there is no libcurl that will do. The first call loads it. */
const struct curl_functions *curl_load(char *err, size_t err_size);

#endif
