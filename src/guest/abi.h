/* abi.h: what the guest imports and exports; the only header of guest/ that the host includes.
 *
 * The guest is one WebAssembly module. Pointers are offsets in its memory.
 *
 * Exports
 *   boot(ptr, len) -> i32   once, before the image is taken: starts the engine and evaluates the platform (the
 *                           JavaScript of src/guest/web, one script). 0, or a pointer to what went wrong (a C string)
 *   room(len) -> ptr        memory for the frames of the next turn; 0: out of memory
 *   turn(ptr, len)          handle these frames, run jobs until none is left
 *   hash_seed() -> i32      for the test that two isolates of one image differ
 *   __stack_pointer         the wasm global, exported so that the host finds it in its instance
 * Imports, module "mayfly"
 *   send(ptr, len)          one frame; the host checks it and stamps the isolate. A bad one ends the isolate
 *   now() -> f64            wall clock, ms since 1970, the same throughout a turn
 *   random(ptr, len)        fill with random bytes, len <= 65536
 *   wake(f64)               call turn(0, 0) at that time (ms since 1970); replaces the previous; infinity: never
 * Nothing else: libc's system calls are answered inside the guest (guest/libc.c).
 */
#ifndef MAYFLY_GUEST_ABI_H
#define MAYFLY_GUEST_ABI_H

enum { GUEST_RANDOM_MAX = 65536 };

#endif
