/* rt.c: the run-time support that wasm2c's output calls, in place of wabt's own, which keeps one jump buffer and one
 * signal stack per process. Everything here acts on the calling thread's lane, but for the function types, which are
 * written once by rt_setup and only read afterwards.
 *
 * Memory is never checked by the generated code: the reservation's guard does it (slot.h).
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "isolate/inside.h"

enum { TYPES_MAX = 1024, TYPE_LENGTH_MAX = 62 };

static struct {
  uint8_t params, results;
  uint8_t kind[TYPE_LENGTH_MAX];
} types[TYPES_MAX];
static uint32_t type_count;
static bool types_lost;
static pthread_once_t types_once = PTHREAD_ONCE_INIT;

void wasm_rt_init(void) {}
bool wasm_rt_is_initialized(void) { return true; }
void wasm_rt_free(void) {}

/* Equal signatures get equal numbers; 0 is for empty table entries. */
uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...) {
  if (type_count == TYPES_MAX || params > TYPE_LENGTH_MAX || results > TYPE_LENGTH_MAX - params) {
    types_lost = true;
    return 0;
  }
  memset(&types[type_count], 0, sizeof types[0]);
  types[type_count].params = (uint8_t)params;
  types[type_count].results = (uint8_t)results;
  va_list list;
  va_start(list, results);
  for (uint32_t i = 0; i < params + results; i++) types[type_count].kind[i] = (uint8_t)va_arg(list, int);
  va_end(list);
  for (uint32_t i = 0; i < type_count; i++) {
    if (!memcmp(&types[i], &types[type_count], sizeof types[0])) return i + 1;
  }
  return ++type_count;
}

static void types_register(void) { Z_engine_init_module(); }

int rt_setup(void) {
  pthread_once(&types_once, types_register);
  return types_lost ? -1 : 0;
}

static const char *const trap_names[] = {
    [WASM_RT_TRAP_NONE] = "no trap",
    [WASM_RT_TRAP_OOB] = "memory or table access out of bounds",
    [WASM_RT_TRAP_INT_OVERFLOW] = "integer overflow",
    [WASM_RT_TRAP_DIV_BY_ZERO] = "integer divided by zero",
    [WASM_RT_TRAP_INVALID_CONVERSION] = "invalid conversion to integer",
    [WASM_RT_TRAP_UNREACHABLE] = "unreachable code reached",
    [WASM_RT_TRAP_CALL_INDIRECT] = "bad indirect call",
    [WASM_RT_TRAP_UNCAUGHT_EXCEPTION] = "uncaught exception",
    [WASM_RT_TRAP_EXHAUSTION] = "native stack exhausted",
};

const char *wasm_rt_strerror(wasm_rt_trap_t trap) {
  return (size_t)trap < sizeof trap_names / sizeof trap_names[0] ? trap_names[trap] : "unknown trap";
}

void wasm_rt_trap(wasm_rt_trap_t trap) {
  trap_leave(lane_here, trap == WASM_RT_TRAP_EXHAUSTION ? TURN_STACK : TURN_TRAP, wasm_rt_strerror(trap));
}

static void memory_enter(wasm_rt_memory_t *memory, const struct slot *slot) {
  memory->data = slot->base;
  memory->pages = slot->pages;
  memory->max_pages = SLOT_PAGES_MAX;
  memory->size = slot->pages * SLOT_PAGE;
}

/* While an instance is made: its memory is the beginning of the lane's blank slot. */
void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint32_t pages, uint32_t max_pages) {
  struct lane *lane = lane_here;
  (void)max_pages;
  if (slot_grow(lane->slot, pages) == UINT32_MAX) trap_leave(lane, TURN_MEMORY, "no memory for an instance");
  memory_enter(memory, lane->slot);
}

/* Growth past the isolate's limit ends the turn, so that no catch in the guest can swallow it; but a single request
 * that could never be met just fails, so that new ArrayBuffer(2 ** 31) is an ordinary RangeError. */
uint32_t wasm_rt_grow_memory(wasm_rt_memory_t *memory, uint32_t delta) {
  struct lane *lane = lane_here;
  struct slot *slot = lane->slot;
  if (delta > slot->limit_pages) return UINT32_MAX;
  if ((uint64_t)slot->pages + delta > slot->limit_pages) trap_leave(lane, TURN_MEMORY, "memory limit");
  host_enter(lane);
  uint32_t old = slot_grow(slot, delta);
  memory_enter(memory, slot);
  host_leave(lane);
  return old;
}

void wasm_rt_free_memory(wasm_rt_memory_t *memory) { (void)memory; } /* it is a slot's */

void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t *table, uint32_t elements, uint32_t max_elements) {
  table->data = calloc(elements ? elements : 1, sizeof *table->data);
  if (!table->data) trap_leave(lane_here, TURN_MEMORY, "no memory for a function table");
  table->size = elements;
  table->max_size = max_elements;
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t *table) {
  free(table->data);
  table->data = NULL;
}
