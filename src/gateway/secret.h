/* secret.h: secrets of the operator's that need not stand in the configuration. */
#ifndef MAYFLY_GATEWAY_SECRET_H
#define MAYFLY_GATEWAY_SECRET_H

#include <stddef.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "secret.h belongs to the gateway"
#endif

/* The first line of `file`, else (NULL) what `variable` is in the environment. 1; or 0: there is neither; or -1: the
 * file cannot be read, or it does not fit. `what` it is, for messages. */
int secret_read(char *out, size_t size, const char *file, const char *variable, const char *what, char *err,
                size_t err_size);

#endif
