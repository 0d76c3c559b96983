/* clone_parts.h: what clone_write.c and clone_read.c share: the form of values, and what the platform gave at boot. */
#ifndef MAYFLY_GUEST_CLONE_PARTS_H
#define MAYFLY_GUEST_CLONE_PARTS_H

#include "guest/clone.h"

/* One byte before each value. Objects are numbered in the order in which they start; T_REF names one. */
enum tag {
  T_UNDEFINED = 1,
  T_NULL,
  T_TRUE,
  T_FALSE,
  T_INT,
  T_DOUBLE,
  T_BIGINT, /* str, decimal */
  T_LATIN1,
  T_UTF16,
  T_REF,
  T_OBJECT, /* u32 count, then key (a string value), value */
  T_ARRAY,  /* u32 length, then as T_OBJECT */
  T_DENSE,  /* u32 length, then each value */
  T_DATE,
  T_REGEXP,
  T_MAP,
  T_SET,
  T_BUFFER,
  T_VIEW,  /* i8 kind, u8 tracks length, buffer (a value), u32 offset, u32 count of elements */
  T_ERROR, /* name, message, stack, u8 has cause, cause, u8 has errors, errors, then as T_OBJECT; by RPC cause and
              errors are properties like any */
  T_BOX,
  T_HOST,      /* an object of the platform: a value from which the platform makes it again */
  T_RESIZABLE, /* as T_BUFFER, then u32 the most bytes that it may have */
  T_MORE,      /* as clone_more has it */
};

/* See clone_hooks(). */
struct clone_host {
  JSValue out, in, makers;
};
extern struct clone_host clone_host;

#endif
