// bodies.js: bodies that come and go in BODY frames, within the credit of each stream.

// A body that arrives in BODY frames. `inline` is all of it when it came whole with its head.
class NetBody {
  constructor(stream, length, inline, end) {
    this.stream = stream;
    this.length = length;
    this.whole = true; // its chunks are given to readers as they came
    this.inline = end ? inline : null;
    this.queue = new Queue();
    this.free = TypedArrayGetByteLength(inline); // bytes at the front of the queue that took no credit
    if (this.free > 0) this.queue.put(inline);
    this.ended = end;
    this.error = null;
    this.waiter = null;
    this.eaten = 0;
    this.cancelled = false;
  }
  read() {
    if (this.queue.length) return promiseResolved(this.take());
    if (this.error !== null) return promiseRejected(this.error);
    if (this.ended) return promiseResolved(null);
    io++;
    return new Promise((resolve, reject) => { this.waiter = { resolve, reject }; });
  }
  take() {
    const chunk = this.queue.take(), length = TypedArrayGetByteLength(chunk);
    const free = length < this.free ? length : this.free;
    this.free -= free;
    this.eaten += length - free;
    if (this.eaten >= ACKNOWLEDGE && !this.ended) {
      native.window(this.stream, this.eaten);
      this.eaten = 0;
    }
    return chunk;
  }
  settle(chunk, error) {
    const waiter = this.waiter;
    this.waiter = null;
    if (waiter === null) return false;
    io--;
    if (error !== null) waiter.reject(error);
    else waiter.resolve(chunk);
    return true;
  }
  arrived(chunk, end) {
    if (this.cancelled || this.ended) return;
    this.ended = end;
    if (TypedArrayGetByteLength(chunk) > 0) {
      this.queue.put(chunk);
      if (this.waiter !== null) this.settle(this.take(), null);
    }
    if (end && !this.queue.length) this.settle(null, null);
  }
  fail(error) {
    if (this.ended || this.error !== null) return;
    this.error = error;
    this.settle(null, error);
  }
  // Nobody reads it any more; its sender is not told, and gets no more credit.
  drop() {
    this.cancelled = true;
    this.queue = new Queue();
    this.settle(null, null);
  }
  // Its reader gets the error now, whatever has arrived.
  abort(error) {
    if (this.cancelled || this.error !== null) return;
    this.queue = new Queue();
    this.inline = null;
    this.error = error;
    this.settle(null, error);
  }
  cancel() {
    if (this.cancelled || this.ended) return;
    this.cancelled = true;
    this.queue = new Queue();
    this.settle(null, null);
    native.cancel(this.stream);
  }
}

// The sending end of a body, within its credit.
class Sender {
  constructor(stream) {
    this.stream = stream;
    this.credit = WINDOW;
    this.waiter = null;
    this.stopped = false;
  }
  room() {
    if (this.credit > 0 || this.stopped) return undefined;
    io++;
    return new Promise((resolve) => { this.waiter = resolve; });
  }
  wake() {
    const waiter = this.waiter;
    this.waiter = null;
    if (waiter === null) return;
    io--;
    waiter();
  }
  grant(credit) {
    this.credit += credit;
    this.wake();
  }
  stop() {
    this.stopped = true;
    this.wake();
  }
  async send(chunk) {
    const length = TypedArrayGetByteLength(chunk);
    for (let at = 0; at < length && !this.stopped;) {
      if (this.credit <= 0) await this.room();
      if (this.stopped) return;
      const n = MathMin(this.credit, length - at);
      native.body(this.stream, chunk, at, n, false);
      this.credit -= n;
      at += n;
    }
  }
}

// Sends what did not fit the head, then everything that `source` gives, then the end. `failed` is told what the source
// failed with.
async function pump(sender, rest, source, failed = null) {
  try {
    if (rest !== undefined) await sender.send(rest);
    while (source !== null && !sender.stopped) {
      const chunk = await source.read();
      if (chunk === null) break;
      await sender.send(chunk);
    }
    if (!sender.stopped) native.body(sender.stream, NO_BYTES, 0, 0, true);
    else if (source !== null) source.cancel(undefined);
  } catch (e) {
    if (sender.stopped) return;
    sendError(sender.stream, e);
    if (failed !== null) failed(e);
  }
}

// A body as responseParts and requestParts give it: what goes along with the head, and what is read afterwards.
function split(body) {
  if (body === null || typeof body === "string" || TypedArrayGetTag(body) === "Uint8Array") return { now: body, source: null };
  if (body instanceof NetBody) {
    if (body.inline !== null) return { now: body.inline, source: null };
    return { now: null, source: body };
  }
  return { now: null, source: isReadableStream(body) ? streamToNetReader(body) : body };
}
