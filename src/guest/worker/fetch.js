// fetch.js: fetch() of the global scope and of entrypoints: schemes, redirects, data: URLs.

const MAX_REDIRECTS = 20;
const ONE_TIME_BODY =
  "A request with a one-time-use body (it was initialized from a stream, not a buffer) encountered a redirect requiring " +
  "the body to be retransmitted. To avoid this error in the future, construct this request from a buffer-like body " +
  "initializer.";
const BAD_LOCATION = "Invalid Location header; unable to follow redirect.";
const DATA_TYPE = "text/plain;charset=US-ASCII";

const isHttp = (url) => matches(/^https?:/, url);

function isRedirect(status) {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function withoutFragment(url) {
  const at = StringPrototypeIndexOf(url, "#");
  return at < 0 ? url : StringPrototypeSlice(url, 0, at);
}

// Scheme, host and port of a URL that was parsed and is http or https.
const originOf = (url) => {
  const found = RegExpPrototypeExec(/^(https?:\/\/)(?:[^/@]*@)?([^/]*)/, url);
  return found[1] + found[2];
};

// Where a redirect leads.
function locationOf(location, base) {
  const parsed = native.urlParse(location, base);
  if (parsed === null || !isHttp(parsed[0])) throw new TypeError(BAD_LOCATION);
  return withoutFragment(parsed[0]);
}

// The request that follows an answer with this status. `replay`: its body can be sent again.
function redirectedParts(parts, status, url, replay) {
  const next = { __proto__: null, ...parts, url };
  if (!replay && status !== 303) throw new TypeError(ONE_TIME_BODY);
  const drop = status === 303 || ((status === 301 || status === 302) && parts.method === "POST");
  if (drop) {
    if (parts.method !== "HEAD") next.method = "GET";
    next.body = null;
  }
  if (originOf(url) !== originOf(parts.url)) {
    next.headers = arrayCopy(parts.headers);
    listDelete(next.headers, "authorization");
    next.foreign = true;
  }
  return next;
}

// Repeated headers as one: so they go to the network.
function joined(list) {
  const seen = { __proto__: null };
  let repeated = false;
  for (let i = 0; i < list.length; i += 2) {
    if (seen[list[i]] !== undefined) repeated = true;
    seen[list[i]] = true;
  }
  if (!repeated) return list;
  const result = [];
  for (let i = 0; i < list.length; i += 2) {
    if (seen[list[i]] === null) continue;
    seen[list[i]] = null;
    listAppend(result, list[i], listGet(list, list[i]));
  }
  return result;
}

// What a Worker is told of a body whose length is known, as the network would.
function withLength(list, body) {
  const length = typeof body === "string" ? TypedArrayGetByteLength(native.utf8Encode(body))
    : ArrayBufferIsView(body) ? TypedArrayGetByteLength(body) : body?.length;
  if (length === undefined || listGet(list, "content-length") !== null) return list;
  const longer = ["content-length", `${length}`];
  for (let i = 0; i < list.length; i++) longer[i + 2] = list[i];
  return longer;
}

// Of a request whose `cache` is set.
function withCacheControl(list) {
  const longer = arrayCopy(list);
  for (let i = 0; i < CACHE_HEADERS.length; i++) {
    const name = CACHE_HEADERS[i];
    if (listGet(list, name)) continue;
    listDelete(longer, name);
    listAppend(longer, name, "no-cache");
  }
  return longer;
}
const CACHE_HEADERS = ["cache-control", "pragma"];

// What few requests have.
function setCaching(parts, request) {
  const text = requestCfText(request), { cache } = requestRest(request);
  if (text === undefined && cache === undefined) return;
  parts.cf = cfToSend(text, cache);
  if (cache !== undefined) parts.headers = withCacheControl(parts.headers);
}

async function callFetch(target, input, init) {
  const request = new Request(input === undefined ? "undefined" : input, init);
  let parts = requestParts(request);
  setCaching(parts, request);
  const network = target.channel === 0;
  if (network && !isHttp(parts.url)) return fetchOther(parts);
  parts.url = withoutFragment(parts.url);
  parts.headers = network ? joined(parts.headers) : withLength(parts.headers, parts.body);
  const kept = parts.body === null || typeof parts.body === "string" || ArrayBufferIsView(parts.body);
  const replay = kept && !parts.streamed;
  const urls = [parts.url];
  for (;;) {
    const response = await callOnce(target, parts, urls.length > 1);
    if (parts.redirect === "manual" || !isRedirect(responseStatus(response))) return response;
    const location = listGet(responseList(response), "location");
    if (location === null || location === "") return response;
    if (urls.length > MAX_REDIRECTS) throw new TypeError(`Too many redirects.${ArrayPrototypeJoin(urls, ", ")}`);
    const source = bodyTake(response, "");
    if (source !== null) source.cancel(undefined);
    parts = redirectedParts(parts, responseStatus(response), locationOf(location, parts.url), replay);
    urls[urls.length] = parts.url;
  }
}


// navigator.sendBeacon(): a POST whose answer nobody waits for but the event. False: there is no event.
function sendBeacon(url, body) {
  if (current === null) return false;
  waitFor(current, PromisePrototypeThen(callFetch(OUTBOUND, url, { method: "POST", body }), (response) => {
    const source = bodyTake(response, "");
    if (source !== null) source.cancel(undefined);
  }));
  return true;
}

// ---- other schemes

function fetchOther(parts) {
  const data = StringPrototypeStartsWith(parts.url, "data:") ? dataOf(withoutFragment(parts.url)) : null;
  if (data === null) throw new TypeError(`Fetch API cannot load: ${parts.url}`);
  if (parts.signal !== null && AbortSignalGetAborted(parts.signal)) throw AbortSignalGetReason(parts.signal);
  return responseFromNet(200, "OK", ["content-type", data.type], parts.method === "GET" ? data.bytes : NO_BYTES);
}

const hexValue = (code) => {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
};

function percentDecoded(text) {
  const bytes = native.utf8Encode(text);
  const length = TypedArrayGetByteLength(bytes);
  let to = 0;
  for (let i = 0; i < length; i++) {
    const high = bytes[i] === 37 && i + 2 < length ? hexValue(bytes[i + 1]) : -1;
    const low = high < 0 ? -1 : hexValue(bytes[i + 2]);
    bytes[to++] = low < 0 ? bytes[i] : 16 * high + low;
    if (low >= 0) i += 2;
  }
  return bytesCopy(bytesPart(bytes, 0, to));
}

const MIME_ESSENCE = /^[\t ]*([!#$%&'*+\-.^_`|~\w]+\/[!#$%&'*+\-.^_`|~\w]+)[\t ]*(?:;|$)/;

// A MIME type as it is written out (MIME Sniffing, 4.5); the default for what is none.
function mimeType(text) {
  const essence = RegExpPrototypeExec(MIME_ESSENCE, text);
  if (essence === null) return DATA_TYPE;
  const parameter = /;[\t ]*([!#$%&'*+\-.^_`|~\w]+)=([^;]*[^;\t ])/g;
  let type = StringPrototypeToLowerCase(essence[1]);
  for (let m; (m = RegExpPrototypeExec(parameter, text)) !== null; ) type += `;${StringPrototypeToLowerCase(m[1])}=${m[2]}`;
  return type;
}

// Type and bytes of a data: URL (Fetch, 6); null when it is none.
function dataOf(url) {
  const comma = StringPrototypeIndexOf(url, ",");
  if (comma < 0) return null;
  let type = StringPrototypeSlice(url, 5, comma), bytes = percentDecoded(StringPrototypeSlice(url, comma + 1));
  const base64 = RegExpPrototypeExec(/; *base64 *$/i, type);
  if (base64 !== null) {
    type = StringPrototypeSlice(type, 0, base64.index);
    bytes = base64Bytes(utf8Text(bytes));
  }
  return { type: mimeType(StringPrototypeStartsWith(type, ";") ? `text/plain${type}` : type), bytes };
}

const bytesFromBase64 = Uint8Array.fromBase64;

const BASE64 = /[A-Za-z0-9+/]+/g;

// What is no letter of base64 is passed over, and at the end a letter alone.
function base64Bytes(text) {
  let letters = "";
  BASE64.lastIndex = 0;
  for (let m; (m = RegExpPrototypeExec(BASE64, text)) !== null; ) letters += m[0];
  if (letters.length % 4 === 1) letters = StringPrototypeSlice(letters, 0, -1);
  return ReflectApply(bytesFromBase64, Uint8ArrayConstructor, [letters]);
}
