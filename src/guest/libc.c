/* libc.c: the system calls that wasi-libc wants, answered inside the guest, so that the module imports nothing but
 * the four functions of abi.h. There are no files, no environment and no descriptors; the clock is the host's, frozen
 * within a turn. Writing to a descriptor fails: the engine prints only when it is about to abort.
 */
#include <stdint.h>

#include "guest/host.h"

enum { WASI_OK = 0, WASI_BADF = 8, WASI_NOSYS = 52 };

#define WASI(name) __imported_wasi_snapshot_preview1_##name

int32_t WASI(clock_time_get)(int32_t id, int64_t precision, int32_t out);
int32_t WASI(clock_time_get)(int32_t id, int64_t precision, int32_t out) {
  (void)id, (void)precision;
  *(uint64_t *)(uintptr_t)out = (uint64_t)host_now() * 1000000;
  return WASI_OK;
}
int32_t WASI(clock_res_get)(int32_t id, int32_t out);
int32_t WASI(clock_res_get)(int32_t id, int32_t out) {
  (void)id;
  *(uint64_t *)(uintptr_t)out = 1000000;
  return WASI_OK;
}
int32_t WASI(fd_close)(int32_t fd);
int32_t WASI(fd_close)(int32_t fd) { return (void)fd, WASI_BADF; }
int32_t WASI(fd_fdstat_get)(int32_t fd, int32_t out);
int32_t WASI(fd_fdstat_get)(int32_t fd, int32_t out) { return (void)fd, (void)out, WASI_BADF; }
int32_t WASI(fd_seek)(int32_t fd, int64_t offset, int32_t whence, int32_t out);
int32_t WASI(fd_seek)(int32_t fd, int64_t offset, int32_t whence, int32_t out) {
  return (void)fd, (void)offset, (void)whence, (void)out, WASI_BADF;
}
int32_t WASI(fd_write)(int32_t fd, int32_t iovs, int32_t count, int32_t out);
int32_t WASI(fd_write)(int32_t fd, int32_t iovs, int32_t count, int32_t out) {
  return (void)fd, (void)iovs, (void)count, (void)out, WASI_BADF;
}
_Noreturn void WASI(proc_exit)(int32_t code);
_Noreturn void WASI(proc_exit)(int32_t code) {
  (void)code;
  __builtin_trap();
}
int32_t WASI(random_get)(int32_t p, int32_t n);
int32_t WASI(random_get)(int32_t p, int32_t n) {
  host_random((void *)(uintptr_t)p, (uint32_t)n);
  return WASI_OK;
}
int32_t WASI(sched_yield)(void);
int32_t WASI(sched_yield)(void) { return WASI_OK; }
