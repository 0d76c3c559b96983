/* library.h: functions of a shared library that is loaded when it is first needed. */
#ifndef MAYFLY_GATEWAY_LIBRARY_H
#define MAYFLY_GATEWAY_LIBRARY_H

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

/* Puts the function's address into a pointer to a function. */
static inline bool library_find(void *library, const char *name, void *function) {
  void *found = dlsym(library, name);
  memcpy(function, &found, sizeof found);
  return found;
}

#endif
