/* spin.h: looking a little longer before sleeping, on a link over which two sides talk in turns.
 *
 * To sleep and to be woken costs more than many a turn takes. After something was said whose answer tends to come
 * within microseconds a side looks on for at most SPIN_NS, giving its processor to whoever can use it between two
 * looks. It does so only as long as that pays: after looking in vain a few times, or when the processor was given away
 * for long and nothing had come meanwhile (others need it), it sleeps at once for a while. So an idle link costs
 * nothing, and a busy machine little.
 */
#ifndef MAYFLY_BASE_SPIN_H
#define MAYFLY_BASE_SPIN_H

#include <stdbool.h>
#include <stdint.h>

struct spin {
  uint64_t until_ns;    /* 0: nothing is expected */
  uint64_t rest_ns;     /* not before */
  unsigned vain, found; /* in a row */
  unsigned rests;       /* the next one is twice as long with each, until it pays again */
};

/* An answer may come soon. */
void spin_expect(struct spin *s);
/* Nothing has come so far, and the processor was yielded since. False: it is time to sleep. */
bool spin_more(struct spin *s);
/* Something came. */
void spin_found(struct spin *s);

#endif
