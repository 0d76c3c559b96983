/* errors.h: the codes of errors.def. Code 0, ERROR_THROWN, stands for "the Worker threw it". */
#ifndef MAYFLY_BASE_ERRORS_H
#define MAYFLY_BASE_ERRORS_H

enum error_code {
#define ERROR(id, name, message) ERROR_##id,
#include "base/errors.def"
#undef ERROR
  ERROR_CODES
};

const char *error_name(unsigned code);    /* "Error" for an unknown code */
const char *error_message(unsigned code); /* static */

#endif
