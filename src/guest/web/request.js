// request.js: Request. Headers and signal objects are made when they are asked for.

const METHODS = { __proto__: null };
for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PURGE', 'COPY', 'LOCK',
  'MKCOL', 'MOVE', 'PROPFIND', 'PROPPATCH', 'SEARCH', 'UNLOCK', 'ACL', 'REPORT', 'MKACTIVITY', 'CHECKOUT', 'MERGE',
  'MSEARCH', 'NOTIFY', 'SUBSCRIBE', 'UNSUBSCRIBE', 'QUERY', 'BAN']) {
  METHODS[method] = METHODS[StringPrototypeToLowerCase(method)] = method;
}
const CACHE_MODES = { __proto__: null, 'no-store': true, 'no-cache': true, reload: true };
const REDIRECT_MESSAGE = 'Invalid redirect value, must be one of "follow" or "manual" ("error" won\'t be implemented ' +
  'since it does not make sense at the edge; use "manual" and check the response status code).';

// What few requests set; shared until one does.
const REQUEST_REST =
  ObjectFreeze({ __proto__: null, redirect: 'follow', signal: null, cache: undefined, cf: undefined });
const INCOMING_REST =
  ObjectFreeze({ __proto__: null, redirect: 'manual', signal: null, cache: undefined, cf: undefined });

function requestMethod(method) {
  const given = `${method}`;
  const known = METHODS[given] ?? METHODS[StringPrototypeToLowerCase(given)];
  if (known === undefined) throw new TypeError(`Invalid HTTP method string: ${given}`);
  return known;
}

function requestUrl(input) {
  const text = `${input}`;
  const parsed = native.urlParse(text);
  if (parsed === null) throw new TypeError(`Invalid URL: ${text}`);
  return parsed[0];
}

// The body of a new request: from init, else taken from the request it is made from.
function requestContent(input, init) {
  const given = init === null ? undefined : init.body;
  if (given != null) return extractBody(given);
  extractedType = null;
  if (input === null) return null;
  if (bodyIsUsed(input)) throw new TypeError('Cannot reconstruct a Request with a used body.');
  const taken = bodyTake(input, 'This ReadableStream is locked to a reader, and cannot be used as a body.');
  return isReadableStream(taken) ? streamOfSource(streamToNetReader(taken, false)) : taken;
}

let isRequest;
let requestList;
let requestMethodOf;
let requestUrlOf;
let requestRest;
let requestFill; // (request, parts): for the platform's own requests

class Request extends Body {
  #method = 'GET';
  #url;
  #list;
  #headers = null;
  #immutable = false;
  #rest = REQUEST_REST; // { redirect, signal, cache, cf }, never changed in place

  constructor(input, init = undefined) {
    if (input === INTERNAL) {
      super(INTERNAL, init);
      return;
    }
    if (input === undefined) throw wrongParameter('Request', 1, 'Request or string');
    if (init != null && !isObject(init)) {
      throw wrongParameter('Request', 2, 'RequestInitializerDict or Request');
    }
    const from = isRequest(input) ? input : null;
    const url = from === null ? requestUrl(input) : null;
    super(INTERNAL, requestContent(from, init ?? null));
    const type = extractedType;
    if (from !== null) this.#copy(from);
    else this.#url = url;
    this.#list ??= [];
    if (init != null) this.#init(init);
    if (type !== null && !listHas(this.#list, 'content-type')) listAppend(this.#list, 'content-type', type);
    if (!bodyIsEmpty(this) && (this.#method === 'GET' || this.#method === 'HEAD')) {
      throw new TypeError('Request with a GET or HEAD method cannot have a body.');
    }
  }

  static {
    isRequest = (value) => isObject(value) && #url in value;
    requestList = (request) => request.#list;
    requestMethodOf = (request) => request.#method;
    requestUrlOf = (request) => request.#url;
    requestRest = (request) => request.#rest;
    requestFill = (request, method, url, list, init) => {
      request.#method = method;
      request.#url = url;
      request.#list = list;
      request.#immutable = true;
      request.#rest = init === undefined ? INCOMING_REST : { __proto__: null, ...INCOMING_REST, ...init };
      return request;
    };
  }

  #copy(from) {
    this.#method = from.#method;
    this.#url = from.#url;
    this.#list = ArrayPrototypeSlice(from.#list);
    this.#rest = from.#rest;
  }

  #init(init) {
    const { method, headers, redirect, signal, cache, cf } = init;
    if (method !== undefined) this.#method = requestMethod(method);
    if (headers !== undefined) {
      this.#list = [];
      if (!listFill(this.#list, headers)) {
        throw wrongField('RequestInitializerDict', 'headers', 'Headers or Sequence or object');
      }
    }
    if (redirect === undefined && signal === undefined && cache === undefined && cf === undefined) return;
    const rest = { __proto__: null, ...this.#rest };
    if (redirect !== undefined) {
      if (redirect !== 'follow' && redirect !== 'manual') throw new TypeError(REDIRECT_MESSAGE);
      rest.redirect = redirect;
    }
    if (signal !== undefined) {
      if (signal !== null && !isAbortSignal(signal)) {
        throw wrongField('RequestInitializerDict', 'signal', 'AbortSignal');
      }
      rest.signal = signal;
    }
    if (cache !== undefined) {
      if (CACHE_MODES[cache] === undefined) throw new TypeError(`Unsupported cache mode: ${cache}`);
      rest.cache = cache;
    }
    if (cf !== undefined) rest.cf = cf;
    this.#rest = rest;
  }

  get method() {
    return this.#method;
  }
  get url() {
    return this.#url;
  }
  get headers() {
    return (this.#headers ??= headersNew(this.#list, this.#immutable));
  }
  get redirect() {
    return this.#rest.redirect;
  }
  get fetcher() {
    return null;
  }
  get signal() {
    if (this.#rest.signal === null) {
      this.#rest = { __proto__: null, ...this.#rest, signal: new AbortSignal(INTERNAL) };
    }
    return this.#rest.signal;
  }
  get cf() {
    return this.#rest.cf;
  }
  get integrity() {
    return '';
  }
  get keepalive() {
    return false;
  }
  get cache() {
    return this.#rest.cache;
  }
  clone() {
    const copy = new Request(INTERNAL, bodyClone(this));
    copy.#copy(this);
    copy.#immutable = this.#immutable;
    return copy;
  }
}
exposeInterface(Request);

// ---- for worker.js

// A request that came from outside. headers: a flat list of valid, lower-case names and values, which it keeps.
function requestFromNet(method, url, headers, net, init = undefined) {
  return requestFill(new Request(INTERNAL, net), method, url, headers, init);
}

// What is sent of a request; its body is used from here on.
function requestParts(request) {
  if (!isRequest(request)) throw wrongParameter('Request', 1, 'Request or string');
  return {
    __proto__: null,
    method: requestMethodOf(request),
    url: requestUrlOf(request),
    headers: requestList(request),
    body: bodyTake(request, 'The ReadableStream has been locked to a reader.'),
    redirect: requestRest(request).redirect,
    signal: requestRest(request).signal, // null: nobody can abort it
  };
}
