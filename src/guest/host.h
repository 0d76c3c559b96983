/* host.h: the guest's imports (abi.h), as C. */
#ifndef MAYFLY_GUEST_HOST_H
#define MAYFLY_GUEST_HOST_H

#include <stdint.h>

#include "guest/abi.h"

#define IMPORT(name) __attribute__((import_module("mayfly"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

IMPORT("send") void host_send(const void *frame, uint32_t length);
IMPORT("now") double host_now(void);
IMPORT("random") void host_random(void *to, uint32_t length);
IMPORT("wake") void host_wake(double at_ms);
IMPORT("crypto") int32_t host_crypto(const struct guest_crypto *call);

#endif
