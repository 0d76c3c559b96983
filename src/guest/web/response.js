// response.js: Response. The Headers object is made when it is asked for.

const NULL_BODY_STATUS = { __proto__: null, 101: true, 204: true, 205: true, 304: true };
const REDIRECT_STATUS = { __proto__: null, 301: true, 302: true, 303: true, 307: true, 308: true };
const STATUS_TEXT = /^[^\0-\x1f]*$/;

function toInteger(value) {
  const number = MathTrunc(+value);
  if (number - number !== 0) return 0;
  if (number > 2147483647 || number < -2147483648) {
    throw new TypeError('Value out of range. Must be between -2147483648 and 2147483647 (inclusive).');
  }
  return number;
}

// What a Worker gave as init: its members read once, in workerd's order, each of a type that it may have.
function responseGiven(init) {
  const { status, statusText, headers, cf, webSocket, encodeBody } = init;
  const given = { __proto__: null, status: 200, statusText: '', headers, cf, webSocket: webSocket ?? null,
    manual: false };
  if (status !== undefined) given.status = toInteger(status);
  if (statusText !== undefined) given.statusText = `${statusText}`;
  if (headers !== undefined && !canFill(headers)) {
    throw wrongField('InitializerDict', 'headers', 'Headers or Sequence or object');
  }
  if (cf !== undefined && !isObject(cf)) throw wrongField('InitializerDict', 'cf', 'Object');
  if (webSocket != null && !isWebSocket(webSocket)) throw wrongField('InitializerDict', 'webSocket', 'WebSocket');
  if (encodeBody !== undefined) given.manual = checkEncoding('encodeBody', encodeBody);
  return given;
}

function checkEncoding(field, value) {
  const mode = `${value}`;
  if (mode !== 'automatic' && mode !== 'manual') throw new TypeError(`${field}: unexpected value: ${mode}`);
  return mode === 'manual';
}

let isResponse;
let responseList;
let responseFill;
let responseInternals;
let responseSocket; // its WebSocket, or null
let responseStatus, responseStatusText, responseCf;

class Response extends Body {
  #status = 200;
  #statusText = '';
  #list = null; // null: [] or, with a type, that one header
  #type = null;
  #headers = null;
  #immutable = false;
  #rest = null; // what few responses have: { error, url, redirected, cfText, cf, webSocket, manual }; as a request's

  constructor(body = null, init = undefined) {
    if (body === INTERNAL) {
      super(INTERNAL, init);
      return;
    }
    if (body == null) {
      super(INTERNAL, null);
    } else {
      super(INTERNAL, extractBody(body));
      this.#type = extractedType;
    }
    if (init != null) this.#init(init);
  }

  static {
    isResponse = (value) => isObject(value) && #status in value;
    responseList = (response) => response.#flat();
    responseSocket = (response) => response.#rest?.webSocket ?? null;
    responseStatus = (response) => response.#status;
    responseCf = (response) => response.#cf();
    responseStatusText = (response) => response.#statusText;
    responseFill = (response, status, statusText, list, rest, immutable) => {
      response.#status = status;
      response.#statusText = statusText;
      response.#list = list;
      response.#rest = rest;
      response.#immutable = immutable;
      return response;
    };
    responseInternals = (response, out) => {
      out.status = response.#status;
      out.statusText = response.#statusText;
      out.headers = response.#flat();
      out.manual = response.#rest?.manual ?? false;
      return out;
    };
  }

  #init(init) {
    if (!isObject(init)) throw wrongParameter('Response', 2, 'InitializerDict or Response');
    const { status, statusText, headers, cf, webSocket, manual } = responseGiven(init);
    if (NULL_BODY_STATUS[status] && bodyDropEmpty(this)) this.#type = null;
    if (headers !== undefined) this.#initHeaders(headers);
    if (webSocket !== null) {
      if (status !== 101) throw new RangeError('Responses with a WebSocket must have status code 101.');
    } else if (!(status >= 200 && status <= 599)) {
      throw new RangeError('Responses may only be constructed with status codes in the range 200 to 599, inclusive.');
    }
    if (!matches(STATUS_TEXT, statusText)) throw new TypeError('Invalid statusText');
    this.#status = status;
    this.#statusText = statusText;
    const cfText = cf === undefined ? undefined : cfWrite(cf);
    if (cf !== undefined || webSocket !== null || manual) {
      this.#rest = { __proto__: null, cfText, cf: undefined, webSocket, manual };
    }
    if (NULL_BODY_STATUS[status] && !bodyIsEmpty(this)) {
      throw new TypeError('Response with null body status (101, 204, 205, or 304) cannot have a body.');
    }
  }

  #initHeaders(headers) {
    const list = [];
    listFill(list, headers);
    if (this.#type !== null && !listHas(list, 'content-type')) listAppend(list, 'content-type', this.#type);
    this.#list = list;
  }

  #cf() {
    const rest = this.#rest;
    if (rest === null || rest.cfText === undefined || rest.cf !== undefined) return rest?.cf;
    const cf = cfRead(rest.cfText);
    this.#rest = { __proto__: null, ...rest, cf };
    return cf;
  }

  #copiedRest() {
    const rest = this.#rest;
    if (rest === null || rest.cf === undefined) return rest;
    return { __proto__: null, ...rest, cfText: cfWrite(rest.cf), cf: undefined };
  }

  #flat() {
    if (this.#list === null) this.#list = this.#type === null ? [] : ['content-type', this.#type];
    return this.#list;
  }

  get status() {
    return this.#status;
  }
  get statusText() {
    return this.#statusText;
  }
  get headers() {
    return (this.#headers ??= headersNew(this.#flat(), this.#immutable));
  }
  get ok() {
    return this.#status >= 200 && this.#status < 300;
  }
  get redirected() {
    return this.#rest?.redirected ?? false;
  }
  get url() {
    return this.#rest?.url ?? '';
  }
  get webSocket() {
    return this.#rest?.webSocket ?? null;
  }
  get cf() {
    return this.#cf();
  }
  get type() {
    return this.#rest?.error ? 'error' : 'default';
  }
  clone() {
    if (responseSocket(this) !== null) throw new TypeError('Cannot clone a response to a WebSocket handshake.');
    const copy = new Response(INTERNAL, bodyClone(this));
    return responseFill(copy, this.#status, this.#statusText, arrayCopy(this.#flat()),
      this.#copiedRest(), this.#immutable);
  }

  static error() {
    return responseFill(new Response(INTERNAL, null), 0, '', [], { __proto__: null, error: true }, true);
  }
  static redirect(url, status = 302) {
    needArguments(arguments.length, 1, 'redirect', 'Response');
    const text = `${url}`, code = toInteger(status);
    if (!REDIRECT_STATUS[code]) {
      throw new RangeError(
        `${code} is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308.`);
    }
    const parsed = native.urlParse(text);
    if (parsed === null) throw new TypeError(`Unable to parse URL: ${text}`);
    return responseFill(new Response(INTERNAL, null), code, '', ['location', parsed[0]], null, true);
  }
  static json(data, init = undefined) {
    needArguments(arguments.length, 1, 'json', 'Response', 'Value');
    const text = JSONStringify(data);
    const response = new Response(text === undefined ? 'undefined' : text);
    response.#type = 'application/json';
    if (init != null) response.#init(init, text);
    return response;
  }
}
exposeInterface(Response);

// ---- for worker.js

// A response that came from outside. headers: a flat list of valid, lower-case names and values, which it keeps.
function responseFromNet(status, statusText, headers, net, rest = null) {
  return responseFill(new Response(INTERNAL, net), status, statusText, headers, rest, true);
}

// What is sent of a response; its body is used from here on.
function responseParts(response) {
  if (!isResponse(response)) {
    throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'.");
  }
  const parts = { __proto__: null, status: 0, statusText: '', headers: null, manual: false, body: null };
  parts.body = bodyTake(response, 'The ReadableStream has been locked to a reader.');
  return responseInternals(response, parts);
}
