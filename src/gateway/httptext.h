/* httptext.h: what may stand in an HTTP head, whoever wrote it. */
#ifndef MAYFLY_GATEWAY_HTTPTEXT_H
#define MAYFLY_GATEWAY_HTTPTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "httptext.h belongs to the gateway"
#endif

bool http_is_token(const char *text, size_t n);             /* a method, a header's name (RFC 9110, 5.6.2) */
bool http_is_value(const char *text, size_t n);             /* a header's value, a status text: no controls but tabs */
bool http_is(const char *text, size_t n, const char *word); /* the same but for case */
bool http_is_number(const char *text, size_t n);            /* digits, of a value below 2^63 */
uint64_t http_number(const char *text, size_t n);           /* its value */
int http_hex(char c);                                       /* of a hexadecimal digit; -1: it is none */

#endif
