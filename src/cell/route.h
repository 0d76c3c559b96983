/* route.h: frames from the gateway, taken from the ring to where they belong. */
#ifndef MAYFLY_CELL_ROUTE_H
#define MAYFLY_CELL_ROUTE_H

struct cell;

/* Takes some frames, without waiting; under the cell's lock. A frame that the gateway must not send stops the cell. */
void route_drain(struct cell *cell);

#endif
