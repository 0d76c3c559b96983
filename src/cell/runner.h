/* runner.h: the threads of a cell that poll the link and run isolates in their lanes. */
#ifndef MAYFLY_CELL_RUNNER_H
#define MAYFLY_CELL_RUNNER_H

#include <stddef.h>

struct cell;

/* Starts one more, also after lock-down. Under the lock. 0, or -1 with a message: no room for another. */
int runner_start(struct cell *cell, char *err, size_t err_size);
/* Gives back what threads that have ended held. Under the lock; such a thread never takes it again. */
void runner_reap(struct cell *cell);
/* Work was found that the calling thread will not do itself: wakes somebody who may. Under the lock. */
void runner_call(struct cell *cell);

#endif
