/* layer.h: which way includes go. The Makefile compiles each folder with LAYER set to its own number; a header of a
 * higher layer refuses to be included from a lower one. */
#ifndef MAYFLY_BASE_LAYER_H
#define MAYFLY_BASE_LAYER_H

#define LAYER_BASE 0
#define LAYER_GUEST 1   /* compiled into the isolate: includes base only, and nobody includes it but guest/abi.h */
#define LAYER_ISOLATE 2 /* src/builder, a program of the build, too */
#define LAYER_CELL 3
#define LAYER_GATEWAY 4
#define LAYER_CLI 5

#ifndef LAYER
#error "compile with -DLAYER=n, see base/layer.h"
#endif

#endif
