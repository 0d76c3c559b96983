// Constructors without new, and methods and getters on what is not theirs.
import { checks } from "../checks.js";

const MADE = `AbortController Blob ByteLengthQueuingStrategy CloseEvent CompressionStream CountQueuingStrategy CustomEvent
  DecompressionStream ErrorEvent Event EventSource EventTarget File FixedLengthStream FormData Headers
  IdentityTransformStream MessageChannel MessageEvent PerformanceMark PerformanceObserver ReadableStream
  ReadableStreamBYOBReader ReadableStreamDefaultReader Request Response TextDecoder TextDecoderStream
  TextEncoder TextEncoderStream TransformStream URL URLPattern URLSearchParams WebSocket WebSocketPair
  WebSocketRequestResponsePair WritableStream WritableStreamDefaultWriter`.split(/\s+/);
const ILLEGAL = `AbortSignal Body Cache CacheStorage Crypto CryptoKey ExtendableEvent FetchEvent MessagePort Navigator
  Performance PerformanceEntry PerformanceMeasure PerformanceObserverEntryList PerformanceResourceTiming
  PromiseRejectionEvent ReadableByteStreamController ReadableStreamBYOBRequest ReadableStreamDefaultController ScheduledEvent
  ServiceWorkerGlobalScope SubtleCrypto TailEvent TraceEvent TransformStreamDefaultController WorkerGlobalScope
  WritableStreamDefaultController`.split(/\s+/);

function thrown(run) {
  try {
    return String(run());
  } catch (e) {
    return `${e.name}: ${e.message}`;
  }
}

// Every getter and method of a prototype, on an empty object and on the prototype itself.
async function onOthers(name) {
  const refused = [];
  const prototype = globalThis[name].prototype;
  for (const key of Object.getOwnPropertyNames(prototype)) {
    if (key === "constructor") continue;
    const { get, value } = Object.getOwnPropertyDescriptor(prototype, key);
    const method = get ?? value;
    if (typeof method !== "function") continue;
    for (const other of [{}, prototype, null, "text"]) {
      let result = "nothing thrown";
      try {
        await method.call(other, new Uint8Array(1), new Uint8Array(1));
      } catch (e) {
        result = `${e.name}: ${e.message}`;
      }
      if (!result.startsWith("TypeError: Illegal invocation: function called with incorrect `this` reference.")) {
        refused.push(`${key}: ${result}`);
      }
    }
  }
  return refused;
}

const list = { "DOMException()": () => DOMException() };
for (const name of MADE) list[`${name}()`] = () => globalThis[name]();
for (const name of ILLEGAL) {
  list[`new ${name}(), ${name}(), extended`] = () => {
    const constructor = globalThis[name];
    class Extended extends constructor {}
    return [() => new constructor(), () => constructor(), () => new Extended(), () => Reflect.construct(constructor, [], Object)]
      .map(thrown);
  };
}
for (const name of [...MADE, ...ILLEGAL]) {
  if (name === "ServiceWorkerGlobalScope" || name === "WorkerGlobalScope") continue;
  list[`${name} on others`] = () => onOthers(name);
}
list["methods taken from their object"] = () => {
  const { randomUUID } = crypto, { now } = performance, { digest } = crypto.subtle, { sendBeacon } = navigator;
  return [() => randomUUID(), () => now(), () => sendBeacon("http://a/"), () => typeof digest].map(thrown);
};
export default checks(list);
