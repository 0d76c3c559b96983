/* monitor.h: the thread that watches over turns. */
#ifndef MAYFLY_CELL_MONITOR_H
#define MAYFLY_CELL_MONITOR_H

#include <stddef.h>

struct cell;

/* Once per process, before lock-down: the signal by which a runner's thread is told to lower its priority. */
int monitor_setup(char *err, size_t err_size);
/* Watches until the cell is stopped, then ends all turns and waits for all runners. */
void monitor_run(struct cell *cell);

#endif
