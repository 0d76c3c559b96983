/* hostworker.h: the operator's own Workers, read from files into a worker_code (base/frame.h).
 *
 * Modules are main and every file below its directory (or the root that the configuration gives it) whose name says its
 * kind: .js .mjs, .cjs, .txt .html .sql .md, .json, .bin. Not followed: dot-files, node_modules, wrangler.*, symbolic
 * links that lead outside. Their names are relative to main's directory, so that relative imports work as in the file
 * system.
 */
#ifndef MAYFLY_GATEWAY_HOSTWORKER_H
#define MAYFLY_GATEWAY_HOSTWORKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/layer.h"
#include "gateway/config.h"
#if LAYER < LAYER_GATEWAY
#error "hostworker.h belongs to the gateway"
#endif

/* Appends the worker_code of the configuration's Worker `which`. Its loader i becomes channel i + 1, its services
 * follow those. A configuration without a path is one of `mayfly run FILE`: main is the only module. 0, or -1 with a
 * message. */
int hostworker_read(struct buf *code, const struct config *config, size_t which, char *err, size_t err_size);
/* Which loaders share their Workers: for each loader of this Worker a number, equal for equal ids, also of different
 * Workers. */
void hostworker_families(uint32_t *families, const struct config *config, size_t which);

#endif
