// ReadableStreamBYOBRequest: what may be answered, and when.
import { checks } from "../checks.js";

// What a read gets, and what the answer of pull() to its request came to.
const byob = (answer) => {
  let outcome;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      try {
        outcome = answer(controller.byobRequest, controller);
      } catch (e) {
        outcome = e;
        controller.close();
      }
    },
  });
  const read = stream.getReader({ mode: "byob" }).read(new Uint8Array(4));
  return read.then((result) => [result, outcome], (e) => [e, outcome]);
};

export default checks([
  () => byob((q) => { q.view.buffer.transfer(); q.respond(1); }),
  () => byob((q) => { q.respondWithNewView(new Uint8Array(q.view.buffer, 0, 0)); }),
  () => byob((q) => { const v = q.view; v[0] = 5; q.respondWithNewView(new Uint8Array(v.buffer, 0, 2)); return v.byteLength; }),
  () => byob((q) => { const v = q.view; q.respondWithNewView(new Uint8Array(v.buffer, 1, 2)); }),
  () => byob((q) => { q.respondWithNewView(1); }),
  () => byob((q) => { q.respondWithNewView(); }),
  () => byob((q) => { q.respond(); }),
  () => byob((q) => { q.respond(-1); }),
  () => byob((q) => { q.respond("x"); }),
  () => byob((q, c) => { c.error(new RangeError("e")); q.respond(1); }),
  () => byob((q, c) => { c.enqueue(new Uint8Array([9])); q.respond(1); }),
  () => byob((q, c) => { c.close(); q.respond(0); }),
  () => byob((q, c) => { q.respond(2); q.respond(1); }),
]);
