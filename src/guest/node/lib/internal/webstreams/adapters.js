// Between Node.js's streams and the platform's.
'use strict';

const { PromisePrototypeThen, Uint8Array } = primordials;
const { Buffer } = require('buffer');
const { ReadableStream, WritableStream } = ours;
const { destroyer } = require('internal/streams/destroy');
const { eos } = require('internal/streams/end-of-stream');
const { AbortError } = require('internal/errors');

const bytesOf = (chunk) =>
  (Buffer.isBuffer(chunk) ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) : chunk);

function newReadableStreamFromStreamReadable(readable, options = {}) {
  let done = false;
  let controller;
  readable.pause();
  eos(readable, { writable: false }, (error) => {
    if (done) return;
    done = true;
    if (error) controller.error(error);
    else controller.close();
  });
  return new ReadableStream({
    start(c) {
      controller = c;
      readable.on('data', (chunk) => {
        if (done) return;
        controller.enqueue(readable.readableObjectMode ? chunk : bytesOf(chunk));
        if (controller.desiredSize <= 0) readable.pause();
      });
      readable.pause();
    },
    pull() {
      readable.resume();
    },
    cancel(reason) {
      done = true;
      destroyer(readable, reason ?? new AbortError());
    },
  }, options.strategy ?? { highWaterMark: readable.readableObjectMode ? readable.readableHighWaterMark : 0 });
}

function newWritableStreamFromStreamWritable(writable) {
  let controller;
  eos(writable, (error) => {
    if (error) controller.error(error);
  });
  return new WritableStream({
    start(c) {
      controller = c;
    },
    write(chunk) {
      if (writable.write(chunk) || writable.destroyed) return undefined;
      return new Promise((resolve) => writable.once('drain', resolve));
    },
    close() {
      return new Promise((resolve, reject) => writable.end((error) => (error ? reject(error) : resolve())));
    },
    abort(reason) {
      destroyer(writable, reason);
    },
  });
}

function newStreamReadableFromReadableStream(stream, options = {}) {
  const Readable = require('internal/streams/readable');
  const reader = stream.getReader();
  let closed = false;
  const readable = new Readable({
    objectMode: options.objectMode,
    highWaterMark: options.highWaterMark,
    encoding: options.encoding,
    signal: options.signal,
    read() {
      PromisePrototypeThen(reader.read(), ({ done, value }) => {
        if (done) closed = true;
        readable.push(done ? null : value);
      }, (error) => destroyer(readable, error));
    },
    destroy(error, callback) {
      if (closed) {
        callback(error);
        return;
      }
      closed = true;
      const over = () => callback(error);
      PromisePrototypeThen(reader.cancel(error), over, over);
    },
  });
  return readable;
}

function newStreamWritableFromWritableStream(stream, options = {}) {
  const Writable = require('internal/streams/writable');
  const writer = stream.getWriter();
  let closed = false;
  return new Writable({
    objectMode: options.objectMode,
    highWaterMark: options.highWaterMark,
    decodeStrings: options.decodeStrings,
    signal: options.signal,
    write(chunk, encoding, callback) {
      PromisePrototypeThen(writer.write(chunk), () => callback(), callback);
    },
    final(callback) {
      closed = true;
      PromisePrototypeThen(writer.close(), () => callback(), callback);
    },
    destroy(error, callback) {
      if (closed) {
        callback(error);
        return;
      }
      const over = () => callback(error);
      PromisePrototypeThen(error ? writer.abort(error) : writer.close(), over, over);
    },
  });
}

const newReadableWritablePairFromDuplex = (duplex) => ({
  writable: newWritableStreamFromStreamWritable(duplex),
  readable: newReadableStreamFromStreamReadable(duplex),
});

function newStreamDuplexFromReadableWritablePair({ readable, writable } = {}, options = {}) {
  const Duplex = require('internal/streams/duplex');
  return Duplex.from({
    readable: newStreamReadableFromReadableStream(readable, options),
    writable: newStreamWritableFromWritableStream(writable, options),
  });
}

module.exports = { newReadableStreamFromStreamReadable, newWritableStreamFromStreamWritable,
  newStreamReadableFromReadableStream, newStreamWritableFromWritableStream, newReadableWritablePairFromDuplex,
  newStreamDuplexFromReadableWritablePair };
