// response.js: Response. The Headers object is made when it is asked for.

const NULL_BODY_STATUS = { __proto__: null, 101: true, 204: true, 205: true, 304: true };
const REDIRECT_STATUS = { __proto__: null, 301: true, 302: true, 303: true, 307: true, 308: true };
const STATUS_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

function responseStatus(value) {
  const status = MathTrunc(+value);
  if (!(status >= 200 && status <= 599)) {
    throw new RangeError('Responses may only be constructed with status codes in the range 200 to 599, inclusive.');
  }
  return status;
}

let isResponse;
let responseList;
let responseFill;
let responseInternals;

class Response extends Body {
  #status = 200;
  #statusText = '';
  #list = null; // null: [] or, with a type, that one header
  #type = null;
  #headers = null;
  #immutable = false;
  #rest = null; // what few responses have: { error, url, redirected, cf }

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
    if (init != null) this.#init(init, body);
  }

  static {
    isResponse = (value) => isObject(value) && #status in value;
    responseList = (response) => response.#flat();
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
      return out;
    };
  }

  #init(init, body) {
    if (!isObject(init)) throw wrongParameter('Response', 2, 'InitializerDict or Response');
    const { status, statusText, headers, cf, webSocket } = init;
    if (status !== undefined) this.#status = responseStatus(status);
    if (statusText !== undefined) {
      const text = `${statusText}`;
      if (!matches(STATUS_TEXT, text)) throw new TypeError('Invalid statusText');
      this.#statusText = text;
    }
    if (headers !== undefined) this.#initHeaders(headers);
    if (cf !== undefined) this.#rest = { __proto__: null, cf };
    if (webSocket != null) throw wrongField('InitializerDict', 'webSocket', 'WebSocket');
    if (NULL_BODY_STATUS[this.#status] && body != null && body !== '') {
      throw new TypeError('Response with null body status (101, 204, 205, or 304) cannot have a body.');
    }
  }

  #initHeaders(headers) {
    const list = [];
    if (!listFill(list, headers)) throw wrongField('InitializerDict', 'headers', 'Headers or Sequence or object');
    if (this.#type !== null && !listHas(list, 'content-type')) listAppend(list, 'content-type', this.#type);
    this.#list = list;
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
    return null;
  }
  get cf() {
    return this.#rest?.cf;
  }
  get type() {
    return this.#rest?.error ? 'error' : 'default';
  }
  clone() {
    const copy = new Response(INTERNAL, bodyClone(this));
    return responseFill(copy, this.#status, this.#statusText, ArrayPrototypeSlice(this.#flat()), this.#rest,
      this.#immutable);
  }

  static error() {
    return responseFill(new Response(INTERNAL, null), 0, '', [], { __proto__: null, error: true }, true);
  }
  static redirect(url, status = 302) {
    const code = MathTrunc(+status);
    const parsed = native.urlParse(`${url}`);
    if (parsed === null) throw new TypeError(`Unable to parse URL: ${url}`);
    if (!REDIRECT_STATUS[code]) {
      throw new RangeError(
        `${code} is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308.`);
    }
    return responseFill(new Response(INTERNAL, null), code, '', ['location', parsed[0]], null, true);
  }
  static json(data, init = undefined) {
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
  const parts = { __proto__: null, status: 0, statusText: '', headers: null, body: null };
  parts.body = bodyTake(response, 'The ReadableStream has been locked to a reader.');
  return responseInternals(response, parts);
}
