// Every interface of the web platform: which members it and its prototype have, and of what kind each is.
import { checks } from "../checks.js";

const INTERFACES = `AbortController AbortSignal Blob Body ByteLengthQueuingStrategy Cache CacheStorage CloseEvent CompressionStream
  CountQueuingStrategy Crypto CryptoKey CustomEvent DOMException DecompressionStream ErrorEvent Event EventSource
  EventTarget ExtendableEvent FetchEvent File FixedLengthStream FormData Headers IdentityTransformStream MessageChannel
  MessageEvent MessagePort Navigator Performance PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver
  PerformanceObserverEntryList PerformanceResourceTiming PromiseRejectionEvent ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest
  ReadableStreamDefaultController ReadableStreamDefaultReader Request Response ScheduledEvent
  ServiceWorkerGlobalScope SubtleCrypto TailEvent TextDecoder
  TextDecoderStream TextEncoder TextEncoderStream TransformStream TransformStreamDefaultController URL URLPattern
  URLSearchParams WebSocket WebSocketPair WebSocketRequestResponsePair WorkerGlobalScope WritableStream WritableStreamDefaultController
  WritableStreamDefaultWriter`.split(/\s+/);
const FUNCTIONS = `addEventListener atob btoa clearInterval clearTimeout dispatchEvent fetch queueMicrotask
  removeEventListener reportError setInterval setTimeout structuredClone clearImmediate setImmediate`.split(/\s+/);
const OBJECTS = `console crypto navigator performance scheduler self globalThis WebAssembly process Buffer global
  Atomics Intl SharedArrayBuffer InternalError caches`.split(/\s+/);

function kind(object, key) {
  const d = Object.getOwnPropertyDescriptor(object, key);
  if (d.get) return d.set ? "get set" : "get";
  return typeof d.value === "function" ? "function" : typeof d.value;
}

// Without what every function and class has, and what workerd keeps for its own console.
const UNTOLD = ["length", "name", "prototype", "arguments", "caller", "Symbol(cloudflare:internal-class)",
  "Symbol(kResourceTypeInspect)", "constructor", "Symbol(immutable)", "Symbol(length)", "Symbol(state)",
  "Symbol(supportsBYOB)", "Symbol(expectsBytes)", "Symbol(Symbol.toStringTag)"];
const members = (object) => Reflect.ownKeys(object).map((key) => [String(key), key])
  .filter(([name]) => !UNTOLD.includes(name)).map(([name, key]) => `${name}: ${kind(object, key)}`).sort().join(", ");

const list = {};
for (const name of INTERFACES) {
  list[`${name} statics`] = () => members(globalThis[name]);
  if (name !== "ServiceWorkerGlobalScope") list[`${name} prototype`] = () => members(globalThis[name].prototype);
  list[`${name} tag, parent`] = () => [globalThis[name].prototype[Symbol.toStringTag],
    Object.getPrototypeOf(globalThis[name].prototype)?.constructor?.name];
}
for (const name of FUNCTIONS) list[name] = () => [typeof globalThis[name], globalThis[name].name];
for (const name of OBJECTS) list[name] = () => [name in globalThis, typeof globalThis[name]];
export default checks(list);
