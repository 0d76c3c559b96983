// request.js: Request. Headers and signal objects are made when they are asked for.

const METHODS = { __proto__: null };
for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PURGE', 'COPY', 'LOCK',
  'MKCOL', 'MOVE', 'PROPFIND', 'PROPPATCH', 'SEARCH', 'UNLOCK', 'ACL', 'REPORT', 'MKACTIVITY', 'CHECKOUT', 'MERGE',
  'MSEARCH', 'NOTIFY', 'SUBSCRIBE', 'UNSUBSCRIBE', 'QUERY', 'BAN']) {
  METHODS[method] = METHODS[StringPrototypeToLowerCase(method)] = method;
}
const CACHE_MODES = { __proto__: null, 'no-store': true, 'no-cache': true };
const REDIRECT_MESSAGE = 'Invalid redirect value, must be one of "follow" or "manual" ("error" won\'t be implemented ' +
  'since it does not make sense at the edge; use "manual" and check the response status code).';

// What few requests set; shared until one does.
const REQUEST_REST =
  ObjectFreeze({ __proto__: null, redirect: 'follow', signal: null, cache: undefined, cfText: undefined });
const INCOMING_REST =
  ObjectFreeze({ __proto__: null, redirect: 'manual', signal: null, cache: undefined, cfText: undefined });

// What a Worker gave as init: its members read once, in workerd's order, each of a type that it may have.
function requestGiven(init) {
  const given = { __proto__: null, method: init.method, headers: undefined, body: undefined, redirect: undefined,
    signal: undefined, cache: undefined, cf: undefined, integrity: undefined };
  if (given.method !== undefined) given.method = `${given.method}`;
  given.headers = init.headers;
  if (given.headers !== undefined && !canFill(given.headers)) {
    throw wrongField('RequestInitializerDict', 'headers', 'Headers or Sequence or object');
  }
  given.body = init.body;
  if (given.body != null && !isObject(given.body)) given.body = `${given.body}`;
  given.redirect = init.redirect;
  if (given.redirect !== undefined) given.redirect = `${given.redirect}`;
  const fetcher = init.fetcher;
  if (fetcher != null) throw wrongField('RequestInitializerDict', 'fetcher', 'Fetcher');
  given.cf = init.cf;
  if (given.cf !== undefined && !isObject(given.cf)) throw wrongField('RequestInitializerDict', 'cf', 'Object');
  given.cache = init.cache;
  if (given.cache !== undefined) given.cache = `${given.cache}`;
  given.integrity = init.integrity;
  if (given.integrity !== undefined) given.integrity = `${given.integrity}`;
  given.signal = init.signal;
  if (given.signal != null && !isAbortSignal(given.signal)) {
    throw wrongField('RequestInitializerDict', 'signal', 'AbortSignal');
  }
  const encode = init.encodeResponseBody;
  if (encode !== undefined) checkEncoding('encodeResponseBody', encode);
  if (given.cache !== undefined && CACHE_MODES[given.cache] === undefined) {
    throw new TypeError(`Unsupported cache mode: ${given.cache}`);
  }
  return given;
}

function requestCheck({ integrity, cf, cache }) {
  if (cf !== undefined) cfCheck(cf, cache);
  if (integrity === undefined || integrity === '') return;
  throw new TypeError(
    'Subrequest integrity checking is not implemented. The integrity option must be either undefined or an empty string.');
}

function requestMethod(given) {
  const known = METHODS[given] ?? METHODS[StringPrototypeToLowerCase(given)];
  if (known === undefined) throw new TypeError(`Invalid HTTP method string: ${given}`);
  return known;
}

function requestUrl(text) {
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
let requestCf, requestCfText;
let requestFill; // (request, parts): for the platform's own requests

class Request extends Body {
  #method = 'GET';
  #url;
  #list;
  #headers = null;
  #immutable = false;
  // { redirect, signal, cache, cfText, streamed: its body was given as a stream }, never changed in place; with cfText
  // perhaps cf, the object made of it, and cfFixed: nobody can change that
  #rest = REQUEST_REST;

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
    const text = from === null ? `${input}` : '';
    const given = init == null ? null : requestGiven(init);
    const url = from === null ? requestUrl(text) : null;
    if (given !== null) requestCheck(given);
    super(INTERNAL, requestContent(from, given));
    const type = extractedType;
    if (from !== null) this.#copy(from);
    else this.#url = url;
    if (given !== null) this.#init(given);
    const cfText = given === null || given.cf === undefined ? undefined : cfWrite(given.cf);
    this.#list ??= [];
    if (type !== null && !listHas(this.#list, 'content-type')) listAppend(this.#list, 'content-type', type);
    if (this.#method === 'GET' || this.#method === 'HEAD') {
      if (!bodyIsEmpty(this)) throw new TypeError('Request with a GET or HEAD method cannot have a body.');
    }
    if (given !== null) this.#initRest(given, cfText);
    if (given !== null && given.body != null) this.#noteBody(given.body);
  }

  static {
    isRequest = (value) => isObject(value) && #url in value;
    requestList = (request) => request.#list;
    requestMethodOf = (request) => request.#method;
    requestUrlOf = (request) => request.#url;
    requestRest = (request) => request.#rest;
    requestCf = (request) => request.#cf();
    requestCfText = (request) => (request.#rest.cf === undefined ? request.#rest.cfText : cfWrite(request.#rest.cf));
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
    this.#list = arrayCopy(from.#list);
    const rest = from.#rest;
    this.#rest = rest.cfText === undefined ? rest
      : { __proto__: null, ...rest, cfText: requestCfText(from), cf: undefined, cfFixed: false };
  }

  #init({ method, headers }) {
    if (method !== undefined) this.#method = requestMethod(method);
    if (headers === undefined) return;
    this.#list = [];
    listFill(this.#list, headers);
  }

  #initRest({ redirect, signal, cache }, cfText) {
    if (redirect === undefined && signal === undefined && cache === undefined && cfText === undefined) return;
    const rest = { __proto__: null, ...this.#rest };
    if (redirect !== undefined) {
      if (redirect !== 'follow' && redirect !== 'manual') throw new TypeError(REDIRECT_MESSAGE);
      rest.redirect = redirect;
    }
    if (signal !== undefined) {
      rest.signal = signal;
      rest.bare = false; // true: the signal was made because it was asked for; nobody can abort it
    }
    if (cache !== undefined) rest.cache = cache;
    if (cfText !== undefined) {
      rest.cfText = cfText;
      rest.cf = undefined;
    }
    this.#rest = rest;
  }

  #cf() {
    const rest = this.#rest;
    if (rest.cfText === undefined || rest.cf !== undefined) return rest.cf;
    const cf = cfRead(rest.cfText);
    if (rest.cfFixed && cf !== undefined) freezeAll(cf);
    this.#rest = { __proto__: null, ...rest, cf };
    return cf;
  }

  #noteBody(body) {
    const streamed = isObject(body) && isReadableStream(body);
    if (streamed !== (this.#rest.streamed === true)) this.#rest = { __proto__: null, ...this.#rest, streamed };
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
    this.#rest;
    return null;
  }
  get signal() {
    if (this.#rest.signal === null) {
      this.#rest = { __proto__: null, ...this.#rest, signal: new AbortSignal(INTERNAL), bare: true };
    }
    return this.#rest.signal;
  }
  get cf() {
    return this.#cf();
  }
  get integrity() {
    this.#rest;
    return '';
  }
  get keepalive() {
    this.#rest;
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
    streamed: requestRest(request).streamed === true,
    redirect: requestRest(request).redirect,
    signal: requestRest(request).signal, // null: nobody can abort it
    cf: undefined, // its text; fetch() sets it
  };
}
