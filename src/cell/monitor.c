/* monitor.c: see monitor.h.
 *
 * While turns are run it looks every TICK_NS; when there have been none for a while it sleeps until the next begins.
 * At each look, a turn
 *   past its processor time, or of an isolate that was closed meanwhile, is ended
 *   that has run for longer than a tick is slow: it no longer counts as running, so that another runner takes over
 *   that has used DEMOTE_NS while others had work runs at the lowest priority from then on. Only its own thread may do
 *   that (the jail's rule), in a signal handler, and there is no way back without privilege: the thread ends with
 *   its turn, and a new one takes its place.
 * All this under the cell's lock, which is held only for short whiles. */
#include "cell/monitor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "cell/core.h"
#include "cell/route.h"
#include "cell/runner.h"

#define TICK_NS 2000000u
#define DEMOTE_NS 4000000u
#define CPU_SLACK_NS 200000u /* as old as the reading may be that a turn is measured from, see turn.c */
enum { QUIET_TICKS = 32, LOWEST_PRIORITY = 19, DEMOTE_SIGNAL = SIGUSR1 };

static void on_demote(int number) {
  (void)number;
  int saved = errno;
  setpriority(PRIO_PROCESS, 0, LOWEST_PRIORITY);
  errno = saved;
}

int monitor_setup(char *err, size_t err_size) {
  struct sigaction action = {.sa_handler = on_demote, .sa_flags = SA_ONSTACK | SA_RESTART};
  sigfillset(&action.sa_mask); /* so that nothing leaves the turn from inside the handler */
  sigdelset(&action.sa_mask, SIGSEGV);
  if (!sigaction(DEMOTE_SIGNAL, &action, NULL)) return 0;
  snprintf(err, err_size, "sigaction: %s", strerror(errno));
  return -1;
}

static void kill_turn(const struct runner *runner, enum turn_end why) {
  uint64_t turn = runner->lane ? lane_current(runner->lane) : 0;
  if (turn) lane_kill(runner->lane, turn, why);
}

static uint64_t used_ns(const struct runner *runner) {
  uint64_t now = lane_cpu_ns(runner->lane);
  return now > runner->cpu_base_ns ? now - runner->cpu_base_ns : 0;
}

static void demote(struct runner *runner) {
  if (pthread_kill(runner->thread, DEMOTE_SIGNAL)) return;
  runner->demoted = true;
}

static void look_at(struct cell *cell, struct runner *runner, uint64_t now) {
  if (!runner->isolate || now - runner->started_ns < TICK_NS) return;
  if (runner->isolate->closed) kill_turn(runner, TURN_CLOSED);
  if (!runner->slow) {
    runner->slow = true;
    cell->running--;
  }
  uint64_t used = used_ns(runner);
  if (used > CPU_SLACK_NS && used - CPU_SLACK_NS > runner->allow_ns) kill_turn(runner, TURN_CPU);
  bool neighbours = cell->turns != runner->started_turns;
  if (!runner->demoted && neighbours && used > DEMOTE_NS) demote(runner);
}

/* There are as many runners as may run, besides the slow ones, and one of them looks at the link. */
static void fill_up(struct cell *cell) {
  unsigned fresh = 0;
  for (size_t i = 0; i < RUNNERS_MAX; i++) {
    const struct runner *runner = &cell->runners[i];
    fresh += runner->used && !runner->slow && !runner->demoted && !runner->surplus;
  }
  char err[160];
  if (fresh < cell->active_max && runner_start(cell, err, sizeof err)) {
    if (!fresh) route_drain(cell); /* all are slow: at least hear what the gateway says */
  } else if (!cell->polling && cell->running < cell->active_max && cell->idle_count) {
    pthread_cond_signal(&cell->idle);
  }
}

static bool look(struct cell *cell) {
  uint64_t now = cell_now_ns();
  bool busy = false;
  for (size_t i = 0; i < RUNNERS_MAX; i++) {
    struct runner *runner = &cell->runners[i];
    if (!runner->used || !runner->lane) continue;
    busy = busy || runner->isolate;
    look_at(cell, runner, now);
  }
  runner_reap(cell);
  fill_up(cell);
  return busy;
}

static void pause_tick(void) {
  struct timespec tick = {.tv_nsec = TICK_NS};
  nanosleep(&tick, NULL);
}

/* After the stop. */
static void end_all(struct cell *cell) {
  pthread_mutex_lock(&cell->lock);
  for (runner_reap(cell); cell->runner_count; runner_reap(cell)) {
    pthread_cond_broadcast(&cell->idle);
    for (size_t i = 0; i < RUNNERS_MAX; i++)
      if (cell->runners[i].used && cell->runners[i].isolate) kill_turn(&cell->runners[i], TURN_CLOSED);
    pthread_mutex_unlock(&cell->lock);
    pause_tick();
    pthread_mutex_lock(&cell->lock);
  }
  pthread_mutex_unlock(&cell->lock);
}

void monitor_run(struct cell *cell) {
  uint64_t seen = 0;
  int quiet = 0;
  pthread_mutex_lock(&cell->lock);
  while (!atomic_load(&cell->stop)) {
    quiet = look(cell) || cell->turns != seen ? 0 : quiet + 1;
    seen = cell->turns;
    if (quiet > QUIET_TICKS) {
      cell->monitor_sleeps = true;
      pthread_cond_wait(&cell->monitor, &cell->lock);
      cell->monitor_sleeps = false;
      quiet = 0;
    }
    pthread_mutex_unlock(&cell->lock);
    pause_tick();
    pthread_mutex_lock(&cell->lock);
  }
  pthread_mutex_unlock(&cell->lock);
  end_all(cell);
}
