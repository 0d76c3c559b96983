// pipe.js: pipeTo() and pipeThrough(): a reader and a writer of the platform's own, and one chunk after the other.

function readPipeOptions(options, method) {
  if (options != null && !isObject(options)) needArguments(1, 2, method, 'ReadableStream', ['', 'PipeToOptions']);
  const preventAbort = !!options?.preventAbort;
  const preventCancel = !!options?.preventCancel;
  const preventClose = !!options?.preventClose;
  const signal = options?.signal;
  if (signal !== undefined && !isAbortSignal(signal)) throw wrongField('PipeToOptions', 'signal', 'AbortSignal');
  return { __proto__: null, preventAbort, preventCancel, preventClose, signal };
}

class Pipe {
  constructor(source, destination, how) {
    this.whole = true; // of the requests: chunks as they come
    this.source = source;
    this.destination = destination;
    this.how = how;
    this.reader = new Reader(source, false);
    this.writer = new Writer(destination);
    source.disturbed = true;
    this.result = deferred();
    this.last = null; // the promise of the last write
    this.over = this.stepping = this.more = false;
  }
  begin() {
    const { source, destination, how } = this;
    if (how.signal !== undefined) {
      if (AbortSignalGetAborted(how.signal)) this.aborted(AbortSignalGetReason(how.signal));
      else signalAddAlgorithm(how.signal, (reason) => this.aborted(reason));
    }
    const failed = (stream, next) => (stream.state === 'errored' || stream.state === 'erroring') && !this.over && next();
    failed(source, () => this.sourceFailed());
    failed(destination, () => this.destinationFailed());
    if (!this.over && source.state === 'closed') this.sourceClosed();
    if (!this.over && (destination.closing() || destination.state === 'closed')) this.destinationClosed();
    if (this.over) return this.result.promise;
    PromisePrototypeThen(this.reader.closedPromise(), () => {}, () => this.sourceFailed());
    PromisePrototypeThen(this.writer.closedPromise(), () => this.destinationClosed(), () => this.destinationFailed());
    this.step();
    return this.result.promise;
  }
  step() {
    if (this.stepping) {
      this.more = true;
      return;
    }
    this.stepping = true;
    do {
      this.more = false;
      if (!this.over) this.next();
    } while (this.more);
    this.stepping = false;
  }
  next() {
    const { destination } = this;
    if (!destination.blocked()) this.reader.read(this);
    else PromisePrototypeThen(this.writer.readyPromise(), () => this.step(), () => this.destinationFailed());
  }
  chunk(value) {
    const { destination } = this;
    if (this.over) return;
    this.last = tryPromise(() => destination.write(value));
    const drained = destination.drained;
    if (drained === undefined) {
      ignoreRejection(this.last);
      this.step();
    } else {
      const next = () => PromisePrototypeThen(destination.drained(), () => this.step());
      PromisePrototypeThen(this.last, next, () => this.writeFailed());
    }
  }
  close() {
    this.sourceClosed();
  }
  error() {
    this.sourceFailed();
  }

  // ---- ends
  sourceFailed() {
    const reason = this.source.failure;
    this.shut(this.how.preventAbort ? null : () => this.destination.abort(reason), [reason]);
  }
  // A chunk that a byte sink does not take, or the sink's own failure.
  writeFailed() {
    const { destination } = this;
    if (destination.state === 'writable') {
      destination.abort(new TypeError('This WritableStream only supports writing byte types.'));
    }
    this.destinationFailed();
  }
  destinationFailed() {
    const reason = this.destination.failure;
    this.shut(this.how.preventCancel ? null : () => this.source.cancel(reason), [reason]);
  }
  sourceClosed() {
    const { destination } = this;
    this.shut(this.how.preventClose || destination.closing() ? null : () => destination.close(), null);
  }
  destinationClosed() {
    const error = new TypeError('This destination writable stream is closed.');
    this.shut(this.how.preventCancel ? null : () => this.source.cancel(error), [error]);
  }
  aborted(reason) {
    const { source, destination, how } = this;
    this.shut(async () => {
      const first = how.preventAbort || destination.state !== 'writable' ? undefined : destination.abort(reason);
      const second = how.preventCancel || source.state !== 'readable' ? undefined : source.cancel(reason);
      await first;
      await second;
    }, [reason]);
  }
  // Ends once what was read is written: `action` first, if any. failure: null, or [what pipeTo() rejects with].
  shut(action, failure) {
    if (this.over) return;
    this.over = true;
    const act = () => {
      const done = action === null ? promiseResolved(undefined) : tryPromise(action);
      PromisePrototypeThen(done, () => this.finish(failure), (error) => this.finish([error]));
    };
    if (this.last === null || this.destination.state !== 'writable') act();
    else PromisePrototypeThen(this.last, act, act);
  }
  finish(failure) {
    this.writer.release();
    if (this.reader.stream !== null) this.source.controller.release(true);
    this.reader.requests = new Queue();
    this.reader.release();
    if (failure === null) this.result.resolve();
    else this.result.reject(failure[0]);
  }
}
const AbortSignalGetAborted = getterOf(AbortSignal.prototype, 'aborted');
const AbortSignalGetReason = getterOf(AbortSignal.prototype, 'reason');

function pipe(source, destination, how) {
  const { preventAbort, preventCancel, preventClose, signal } = how;
  if (signal === undefined && !preventAbort && !preventCancel && !preventClose) {
    const lent = destination.lend?.(source);
    if (lent !== undefined) return lent;
  }
  return new Pipe(source, destination, how).begin();
}
