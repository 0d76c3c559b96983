/* process.h: one cell process: its memory link, its eventfds, its start and its end.
 *
 * A process is started from this very program under the name CELL_ARGV0, with the descriptors of cell/cell.h and
 * nothing else, so that nothing of the gateway's memory is in it. The link's memfd is sealed against shrinking and
 * growing before anybody else has it.
 */
#ifndef MAYFLY_GATEWAY_PROCESS_H
#define MAYFLY_GATEWAY_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/layer.h"
#include "cell/jail.h"
#if LAYER < LAYER_GATEWAY
#error "process.h belongs to the gateway"
#endif

struct process {
  pid_t pid;
  int pidfd;    /* readable when it ended */
  int wake;     /* the cell sleeps on it */
  int notified; /* the gateway sleeps on it */
  void *memory; /* the link, ring_link_size() bytes */
};

struct process_plan {
  enum sandbox_mode sandbox;
  unsigned offered; /* jail_offered() */
  unsigned lanes;
  int image; /* process_open_image() */
};

int process_start(struct process *p, const struct process_plan *plan, char *err, size_t err_size);
/* Asks for its death; process_reap tells when it has come. */
void process_kill(const struct process *p);
/* Gives up the link; the process itself is still to be reaped. */
void process_unlink(struct process *p);
/* Waits for the end and closes the pidfd. Says in `how` what it died of. */
void process_reap(struct process *p, char *how, size_t how_size);

/* The descriptor from which cells map the guest's image: the program's own file. Or -1 with a message. */
int process_open_image(char *err, size_t err_size);

#endif
