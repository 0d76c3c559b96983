// eventsource.js: EventSource: a text/event-stream, from fetch() or from a stream that the Worker has.
//
// It belongs to the event (request) in which it was made: its requests, its timer and its listeners end with that.

const RETRY_DEFAULT = 2000;
const RETRY_MIN = 1000;
const RETRY_MAX = 10000;
const MAX_UNENDED = 1024 * 1024; // bytes of a line, or characters of a message, that has not ended
const NO_REQUEST = "An EventSource can only be created within the context of a worker request.";

const StreamLocked = getterOf(ReadableStream.prototype, "locked");
const StreamGetReader = uncurryThis(ReadableStream.prototype.getReader);
const StreamCancel = uncurryThis(ReadableStream.prototype.cancel);
const ReaderRead = uncurryThis(ReadableStreamDefaultReader.prototype.read);
const ReaderCancel = uncurryThis(ReadableStreamDefaultReader.prototype.cancel);
const ResponseBody = getterOf(Object.getPrototypeOf(Response.prototype), "body");
const responseRedirected = getterOf(Response.prototype, "redirected");
const responseUrl = getterOf(Response.prototype, "url");
const ControllerSignal = getterOf(AbortController.prototype, "signal");

// The lines of a stream that comes in pieces, and what they say to its source (a Source).
class EventStream {
  constructor(source) {
    this.source = source;
    this.kept = []; // pieces of the line that has not ended
    this.size = 0;
    this.started = false;
    this.skipLf = false; // the last piece ended in CR
    this.message = null; // { data, type, size }
  }
  // False: a line or a message became too long.
  write(bytes) {
    let from = 0;
    const length = TypedArrayGetByteLength(bytes);
    if (length === 0) return true;
    if (!this.started) {
      this.started = true;
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) from = 3;
    } else if (this.skipLf && bytes[0] === 10) {
      from = 1;
    }
    this.skipLf = bytes[length - 1] === 13;
    for (let i = from; i < length; i++) {
      if (bytes[i] !== 10 && bytes[i] !== 13) continue;
      this.keep(bytes, from, i);
      if (bytes[i] === 13 && bytes[i + 1] === 10) i++;
      from = i + 1;
      if (this.size > MAX_UNENDED) return false;
      this.line(native.utf8Decode(bytesConcat(this.kept, this.size), false, true));
      this.kept = [];
      this.size = 0;
      if (this.message !== null && this.message.size > MAX_UNENDED) return false;
    }
    this.keep(bytes, from, length);
    return this.size <= MAX_UNENDED;
  }
  keep(bytes, from, to) {
    if (to > from || this.kept.length === 0) this.kept[this.kept.length] = bytesCopy(bytesPart(bytes, from, to));
    this.size += to - from;
  }
  line(text) {
    if (text === "") {
      const { message } = this;
      this.message = null;
      if (message !== null) this.source.message(message);
      return;
    }
    const colon = StringPrototypeIndexOf(text, ":");
    if (colon === 0) return;
    const name = colon < 0 ? text : StringPrototypeSlice(text, 0, colon);
    const value = colon < 0 ? "" : StringPrototypeSlice(text, text[colon + 1] === " " ? colon + 2 : colon + 1);
    this.field(name, value);
  }
  field(name, value) {
    this.message ??= { __proto__: null, data: [], type: "message", size: 0 };
    if (name === "data") {
      this.message.data[this.message.data.length] = value;
      this.message.size += value.length + 1;
    } else if (name === "event") {
      this.message.type = value;
    } else if (name === "id") {
      this.source.lastEventId = value;
    } else if (name === "retry" && matches(/^[0-9]+$/, value)) {
      this.source.retry = MathMin(MathMax(+value, RETRY_MIN), RETRY_MAX);
    }
  }
}

// What an EventSource does.
class Source {
  constructor(event, target, url) {
    this.event = event;
    this.target = target;
    this.url = url;
    this.object = null;
    this.state = 0;
    this.lastEventId = "";
    this.retry = RETRY_DEFAULT;
    this.timer = 0;
    this.controller = null;
    this.reader = null;
    this.hadNoBody = false;
    this.handlers = { __proto__: null, open: null, message: null, error: null };
  }
  handle(type, value) {
    this.handlers[type] = isObject(value) ? value : null; // EventTarget calls what is under on…
  }

  start() {
    this.timer = 0;
    if (this.state === 2) return;
    const headers = { __proto__: null, accept: "text/event-stream", "cache-control": "no-cache" };
    if (this.lastEventId !== "") headers["last-event-id"] = this.lastEventId;
    this.controller = new AbortController();
    const init = { __proto__: null, headers, signal: ControllerSignal(this.controller) };
    PromisePrototypeThen(callFetch(this.target, this.url, init), (r) => this.answered(r), (e) => this.fail(e, false));
  }
  answered(response) {
    if (this.state === 2) return;
    const status = responseStatus(response);
    const list = responseList(response);
    const type = listGet(list, "content-type");
    const refuse = (text) => this.fail(new DOMExceptionConstructor(text, "AbortError"), false);
    if (status < 200 || status > 299) refuse(`The response status code was ${status}.`);
    else if (type === null) refuse("No content type header was present in the response.");
    else if (!matches(/^\s*text\/event-stream\s*(;|$)/i, type)) refuse(`The content type '${type}' is invalid.`);
    else this.opened(response);
  }
  opened(response) {
    if (responseRedirected(response)) this.url = responseUrl(response);
    const body = ResponseBody(response);
    if (body !== null) {
      this.run(body);
    } else if (this.hadNoBody) {
      this.fail(new Error("The server provided no content."), false);
    } else {
      this.hadNoBody = true;
      this.fail(new Error("The server provided no content. Will try reconnecting."), true);
    }
  }

  run(stream) {
    this.state = 1;
    targetDeliver(this.object, newTrustedEvent("open"));
    if (this.state === 2) {
      PromisePrototypeThen(StreamCancel(stream), () => {}, () => {});
      return;
    }
    const parser = new EventStream(this);
    this.reader = StreamGetReader(stream);
    const next = () => PromisePrototypeThen(ReaderRead(this.reader), read, (e) => this.fail(e, false));
    const read = ({ done, value }) => {
      if (this.state === 2) return;
      const bytes = done ? null : bytesBorrow(value);
      if (done) this.fail(new Error("The server disconnected."), this.url !== null);
      else if (bytes === null) this.fail(new TypeError("This TransformStream is being used as a byte stream, but received " +
        "an object of non-ArrayBuffer/ArrayBufferView type on its writable side."), false);
      else if (!parser.write(bytesCopy(bytes))) this.fail(new Error("A message of the event stream is too long."), false);
      else next();
    };
    next();
  }
  message({ data, type }) {
    const text = ArrayPrototypeJoin(data, "\n");
    if (this.state === 2 || text === "") return;
    const origin = this.url === null ? INTERNAL : originOf(this.url);
    const init = { __proto__: null, data: text, origin, lastEventId: this.lastEventId };
    const thrown = targetDeliver(this.object, trustedEvent(new MessageEvent(type, init)));
    if (thrown !== null) this.fail(thrown.error, false);
  }

  fail(error, again) {
    if (this.state === 2) return;
    this.release();
    this.state = again ? 0 : 2;
    targetDeliver(this.object, trustedEvent(new ErrorEvent("error", { __proto__: null, error })));
    if (!again || this.state === 2) return;
    current = this.event;
    this.timer = addTimer("setTimeout", () => this.start(), this.retry, [], false);
  }
  close() {
    if (this.state === 2) return;
    this.state = 2;
    this.release();
  }
  release() {
    const { controller, reader } = this;
    this.controller = this.reader = null;
    if (this.timer !== 0) clearTimer(this.timer);
    if (reader !== null) PromisePrototypeThen(ReaderCancel(reader), () => {}, () => {});
    if (controller !== null) signalAbort(ControllerSignal(controller), abortError());
  }
}

class EventSource extends EventTarget {
  #source;
  constructor(url, init = undefined) {
    if (url === INTERNAL) {
      super();
      this.#source = init;
      init.object = this;
      return;
    }
    if (url === undefined) throw wrongParameter("EventSource", 1, "string");
    const text = `${url}`;
    if (init != null && !isObject(init)) throw wrongParameter("EventSource", 2, "EventSourceInit");
    const fetcher = init?.fetcher;
    const target = fetcher === undefined ? OUTBOUND : fetcherTarget(fetcher);
    if (target === null) throw wrongField("EventSourceInit", "fetcher", "Fetcher");
    const credentials = !!init?.withCredentials;
    if (current === null) throw new DOMExceptionConstructor(NO_REQUEST, "NotSupportedError");
    if (credentials) throw new DOMExceptionConstructor(
      "The init.withCredentials option is not supported. It must be false or undefined.", "NotSupportedError");
    const parsed = native.urlParse(text);
    if (parsed === null) throw new DOMExceptionConstructor(
      `Cannot open an EventSource to '${text}'. The URL is invalid.`, "SyntaxError");
    super();
    this.#source = new Source(current, target, parsed[0]);
    this.#source.object = this;
    this.#source.start();
  }

  static from(stream) {
    if (!isReadableStream(stream)) needArguments(0, 1, "from", "EventSource", "JsReadableStream");
    if (current === null) throw new DOMExceptionConstructor(NO_REQUEST, "NotSupportedError");
    if (StreamLocked(stream)) throw new TypeError("This ReadableStream is locked.");
    if (readableInside(stream).disturbed) throw new TypeError("This ReadableStream has already been read from.");
    const source = new Source(current, null, null);
    const result = new EventSource(INTERNAL, source);
    source.run(stream);
    return result;
  }

  close() {
    this.#source.close();
  }
  get url() {
    return this.#source.url ?? "";
  }
  get withCredentials() {
    return this.#source === null;
  }
  get readyState() {
    return this.#source.state;
  }
  get onopen() {
    return this.#source.handlers.open;
  }
  set onopen(value) {
    this.#source.handle("open", value);
  }
  get onmessage() {
    return this.#source.handlers.message;
  }
  set onmessage(value) {
    this.#source.handle("message", value);
  }
  get onerror() {
    return this.#source.handlers.error;
  }
  set onerror(value) {
    this.#source.handle("error", value);
  }
}
exposeInterface(EventSource);
const EVENT_SOURCE_STATES = ["CONNECTING", "OPEN", "CLOSED"];
for (let i = 0; i < EVENT_SOURCE_STATES.length; i++) {
  const descriptor = { __proto__: null, value: i, writable: false, enumerable: true, configurable: true };
  Object.defineProperty(EventSource, EVENT_SOURCE_STATES[i], descriptor);
  Object.defineProperty(EventSource.prototype, EVENT_SOURCE_STATES[i], descriptor);
}
Object.defineProperty(EventSource.prototype, Symbol.dispose,
  { __proto__: null, value() { this.close(); }, writable: true, enumerable: false, configurable: true });
