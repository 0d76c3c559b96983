// streams.js: the streams, from the library that platform.sh wraps, and what the rest of the platform does with them.
// A stream made for a body that nobody has read yet carries the body's source as a private stamp: when such a stream
// is handed on whole (new Response(request.body)), the source goes on and the bytes never pass through a stream.

const streams = streamsPonyfill(AbortController, DOMException, queueMicrotask, undefined);
for (const name of ['ReadableStream', 'ReadableStreamDefaultController', 'ReadableByteStreamController',
  'ReadableStreamBYOBRequest', 'ReadableStreamDefaultReader', 'ReadableStreamBYOBReader', 'WritableStream',
  'WritableStreamDefaultController', 'WritableStreamDefaultWriter', 'TransformStream',
  'TransformStreamDefaultController', 'ByteLengthQueuingStrategy', 'CountQueuingStrategy']) {
  ObjectDefineProperty(streams[name], 'name',
    { __proto__: null, value: name, writable: false, enumerable: false, configurable: true });
  platformPrototypes[platformPrototypes.length] = streams[name].prototype;
  defineGlobal(name, streams[name]);
}
const { ReadableStream, TransformStream } = streams;

const ReadableStreamGetReader = uncurryThis(ReadableStream.prototype.getReader);
const ReadableStreamTee = uncurryThis(ReadableStream.prototype.tee);
const ReadableStreamCancel = uncurryThis(ReadableStream.prototype.cancel);
const ReadableStreamGetLocked = getterOf(ReadableStream.prototype, 'locked');
const ReaderRead = uncurryThis(streams.ReadableStreamDefaultReader.prototype.read);
const ReaderCancel = uncurryThis(streams.ReadableStreamDefaultReader.prototype.cancel);
const ByteControllerEnqueue = uncurryThis(streams.ReadableByteStreamController.prototype.enqueue);
const ByteControllerClose = uncurryThis(streams.ReadableByteStreamController.prototype.close);
const ByteControllerGetRequest = getterOf(streams.ReadableByteStreamController.prototype, 'byobRequest');
const RequestRespond = uncurryThis(streams.ReadableStreamBYOBRequest.prototype.respond);
const TransformGetReadable = getterOf(TransformStream.prototype, 'readable');
const TransformGetWritable = getterOf(TransformStream.prototype, 'writable');
const TransformEnqueue = uncurryThis(streams.TransformStreamDefaultController.prototype.enqueue);

const ReadableStreamPrototype = ReadableStream.prototype;
const isReadableStream = (value) => ObjectPrototypeIsPrototypeOf(ReadableStreamPrototype, value);
const streamDisturbed = (stream) => stream._disturbed === true;
const streamLocked = (stream) => ReadableStreamGetLocked(stream);

const NOT_BYTES_WRITTEN = 'This TransformStream is being used as a byte stream, but received an object of ' +
  'non-ArrayBuffer/ArrayBufferView type on its writable side.';

let stampSource; // (stream, source): note what the stream would yield
let stampedSource; // the source noted, or undefined

// Puts a private field on an object that it did not make: a base class whose constructor returns its argument.
class SourceStamp extends (function (object) { return object; }) {
  #source;
  constructor(stream, source) {
    super(stream);
    this.#source = source;
  }
  static {
    stampSource = (stream, source) => new SourceStamp(stream, source);
    stampedSource = (stream) => (#source in stream ? stream.#source : undefined);
  }
}

function closeByteStream(controller) {
  ByteControllerClose(controller);
  const request = ByteControllerGetRequest(controller);
  if (request !== null) RequestRespond(request, 0);
}

// Bytes that may be handed over with their buffer: itself when it fills its buffer, else a copy.
function bytesOwn(bytes) {
  return TypedArrayGetByteLength(bytes) === ArrayBufferGetByteLength(TypedArrayGetBuffer(bytes)) ? bytes :
    bytesCopy(bytes);
}

function enqueueWhole(controller, bytes) {
  if (TypedArrayGetByteLength(bytes) > 0) ByteControllerEnqueue(controller, bytesOwn(bytes));
  closeByteStream(controller);
}

async function pullFromNet(controller, net) {
  let chunk;
  do chunk = await net.read(); while (chunk !== null && TypedArrayGetByteLength(chunk) === 0);
  if (chunk === null) closeByteStream(controller);
  else ByteControllerEnqueue(controller, bytesOwn(chunk));
}

// The stream of a body's source: a string, bytes (handed over), or what came from outside (net).
function streamOfSource(source) {
  const stream = new ReadableStream({
    __proto__: null,
    type: 'bytes',
    pull(controller) {
      if (typeof source === 'string') return enqueueWhole(controller, native.utf8Encode(source));
      if (ArrayBufferIsView(source)) return enqueueWhole(controller, source);
      if (source.inline) return enqueueWhole(controller, source.inline);
      return pullFromNet(controller, source);
    },
    cancel(reason) {
      if (typeof source === 'object' && !ArrayBufferIsView(source) && !source.inline) source.cancel(reason);
    },
  }, { __proto__: null, highWaterMark: 0 });
  stampSource(stream, source);
  return stream;
}

// Takes the source out of a stream nobody has read, leaving it locked and disturbed; undefined when it has none.
function streamTakeSource(stream) {
  const source = stampedSource(stream);
  if (source === undefined || streamDisturbed(stream)) return undefined;
  ReadableStreamGetReader(stream);
  stream._disturbed = true;
  return source;
}

// A body that was used up, for those who ask for its stream afterwards.
function streamUsedUp() {
  const stream = streamOfSource('');
  ignoreRejection(ReadableStreamCancel(stream));
  ReadableStreamGetReader(stream);
  return stream;
}

// Something to pump any stream with: read() gives a Uint8Array, null at the end; it rejects when the stream fails or
// yields something that is not bytes. Strings are let through as UTF-8 when textToo is true.
function streamToNetReader(stream, textToo = true) {
  const reader = ReadableStreamGetReader(stream);
  return {
    __proto__: null,
    inline: null,
    length: -1,
    async read() {
      for (;;) {
        const { done, value } = await ReaderRead(reader);
        if (done) return null;
        const bytes = textToo && typeof value === 'string' ? native.utf8Encode(value) : bytesBorrow(value);
        if (bytes === null) {
          const error = new TypeError('This ReadableStream did not return bytes.');
          ignoreRejection(ReaderCancel(reader, error));
          throw error;
        }
        if (TypedArrayGetByteLength(bytes) > 0) return bytes;
      }
    },
    cancel(reason) {
      ignoreRejection(ReaderCancel(reader, reason));
    },
  };
}

// All the bytes of a net object or a reader, as one array that the caller may keep.
async function readToEnd(net) {
  if (net.inline) return net.inline;
  const chunks = [];
  let total = 0;
  for (;;) {
    const chunk = await net.read();
    if (chunk === null) break;
    chunks[chunks.length] = chunk;
    total += TypedArrayGetByteLength(chunk);
  }
  return bytesConcat(chunks, total);
}
