// caches.js: what a Worker finds of workerd's by name and can do little with: caches, where none is configured; the
// events of Workers that are no modules, which nobody makes here; WebSocketRequestResponsePair.

const MAX_CACHE_NAME = 1023;
let ownCache, ownCaches; // throw for what is none

class Cache {
  #name;
  constructor(name) {
    this.#name = name;
  }
  static {
    ownCache = (value) => value.#name;
  }
  #checkName() {
    if (this.#name !== null && this.#name.length > MAX_CACHE_NAME) throw new TypeError("Cache name is too long.");
  }
  async match(request, options = undefined) {
    this.#name;
    const { method } = cacheRequest(request, "match", options);
    if (method !== "GET" && !options?.ignoreMethod) return undefined;
    this.#checkName();
    throw noCache();
  }
  async put(request, response) {
    this.#name;
    const kinds = ["Request or string", "Response"];
    needArguments(arguments.length, 1, "put", "Cache", kinds);
    if (!isResponse(response)) needArguments(1, 2, "put", "Cache", kinds);
    const { method } = new Request(request);
    if (method !== "GET") throw new TypeError("Cannot cache response to non-GET request.");
    const status = response.status;
    if (status === 206) throw new TypeError("Cannot cache response to a range request (206 Partial Content).");
    if (StringPrototypeIncludes(listGet(responseList(response), "vary") ?? "", "*")) {
      throw new TypeError("Cannot cache response with 'Vary: *' header.");
    }
    if (status === 304) return;
    this.#checkName();
    const source = bodyTake(response, "The ReadableStream has been locked to a reader.");
    if (isObject(source) && !ArrayBufferIsView(source)) source.cancel(undefined);
    throw noCache();
  }
  async delete(request, options = undefined) {
    this.#name;
    const { method } = cacheRequest(request, "delete", options);
    if (method !== "GET" && !options?.ignoreMethod) return false;
    this.#checkName();
    throw noCache();
  }
}

const noCache = () => new ErrorConstructor("No Cache was configured");

function cacheRequest(request, method, options) {
  const kinds = ["Request or string", "CacheQueryOptions"];
  if (request === undefined) needArguments(0, 1, method, "Cache", kinds);
  if (options != null && !isObject(options)) needArguments(1, 2, method, "Cache", kinds);
  return new Request(request);
}

class CacheStorage {
  #own = true;
  static {
    ownCaches = (value) => value.#own;
  }
  async open(name) {
    this.#own;
    needArguments(arguments.length, 1, "open", "CacheStorage");
    return new Cache(`${name}`);
  }
}

// The methods of the standard that workerd has by name only.
function defineUnimplemented(constructor, own, names) {
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    constructor.prototype[name] = {
      async [name]() {
        own(this);
        throw new ErrorConstructor(
          `Failed to execute '${name}' on '${constructor.name}': the method is not implemented.`);
      },
    }[name];
  }
}
defineUnimplemented(Cache, ownCache, ["add", "addAll", "keys", "matchAll"]);
defineUnimplemented(CacheStorage, ownCaches, ["delete", "has", "keys", "match"]);
exposeIllegal(Cache);
exposeIllegal(CacheStorage);
const caches = new CacheStorage();
ObjectDefineProperty(caches, "default",
  { __proto__: null, value: new Cache(null), writable: false, enumerable: true, configurable: true });
exposeOwn("caches", caches);

// ---- events

class ExtendableEvent extends Event {
  #own = true;
  waitUntil() {
    this.#own;
  }
}
class FetchEvent extends ExtendableEvent {
  #own = true;
  respondWith() {
    this.#own;
  }
  passThroughOnException() {
    this.#own;
  }
}
class ScheduledEvent extends ExtendableEvent {
  #own = true;
  noRetry() {
    this.#own;
  }
}
class TailEvent extends ExtendableEvent {}
for (const constructor of [ExtendableEvent, FetchEvent, ScheduledEvent, TailEvent]) exposeIllegal(constructor);
exposeInherited("TraceEvent", scopePrototype.TailEvent);

// ---- automatic answers of Durable Objects' WebSockets

class WebSocketRequestResponsePair {
  #request;
  #response;
  constructor(request, response) {
    if (arguments.length < 2) throw wrongParameter("WebSocketRequestResponsePair", arguments.length + 1, "string");
    this.#request = usv(request);
    this.#response = usv(response);
  }
  get request() {
    return this.#request;
  }
  get response() {
    return this.#response;
  }
}
exposeInterface(WebSocketRequestResponsePair);
