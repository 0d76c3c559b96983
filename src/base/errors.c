/* errors.c: see errors.def. */
#include "base/errors.h"

static const struct {
  const char *name, *message;
} table[] = {
#define ERROR(id, name, message) {name, message},
#include "base/errors.def"
#undef ERROR
};

const char *error_name(unsigned code) { return code < ERROR_CODES ? table[code].name : "Error"; }
const char *error_message(unsigned code) { return code < ERROR_CODES ? table[code].message : "unknown error"; }
