// fetch.js: fetch() of the global scope and of entrypoints: schemes, redirects, data: URLs.

const MAX_REDIRECTS = 20;
const ONE_TIME_BODY =
  "A request with a one-time-use body (it was initialized from a stream, not a buffer) encountered a redirect requiring " +
  "the body to be retransmitted. To avoid this error in the future, construct this request from a buffer-like body " +
  "initializer.";
const BAD_LOCATION = "Invalid Location header; unable to follow redirect.";
const DATA_TYPE = "text/plain;charset=US-ASCII";

const isHttp = (url) => url.startsWith("http:") || url.startsWith("https:");

function isRedirect(status) {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function withoutFragment(url) {
  const at = url.indexOf("#");
  return at < 0 ? url : url.slice(0, at);
}

const originOf = (url) => new URL(url).origin;

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
    next.headers = parts.headers.slice();
    listDelete(next.headers, "authorization");
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

async function callFetch(target, input, init) {
  let parts = requestParts(new Request(input === undefined ? "undefined" : input, init));
  const network = target.channel === 0;
  if (network && !isHttp(parts.url)) return fetchOther(parts);
  parts.url = withoutFragment(parts.url);
  if (network) parts.headers = joined(parts.headers);
  const replay = parts.body === null || typeof parts.body === "string" || parts.body instanceof Uint8Array;
  const urls = [parts.url];
  for (;;) {
    const response = await callOnce(target, parts, urls.length > 1);
    if (parts.redirect === "manual" || !isRedirect(response.status)) return response;
    const location = listGet(responseList(response), "location");
    if (location === null || location === "") return response;
    if (urls.length > MAX_REDIRECTS) throw new TypeError(`Too many redirects.${urls.join(", ")}`);
    const source = bodyTake(response, "");
    if (source !== null) source.cancel(undefined);
    parts = redirectedParts(parts, response.status, locationOf(location, parts.url), replay);
    urls.push(parts.url);
  }
}

// ---- other schemes

function fetchOther(parts) {
  const data = parts.url.startsWith("data:") ? dataOf(withoutFragment(parts.url)) : null;
  if (data === null) throw new TypeError(`Fetch API cannot load: ${parts.url}`);
  if (parts.signal !== null) parts.signal.throwIfAborted();
  return responseFromNet(200, "OK", ["content-type", data.type], parts.method === "GET" ? data.bytes : NO_BYTES);
}

function percentDecoded(text) {
  const bytes = native.utf8Encode(text);
  let to = 0;
  for (let i = 0; i < bytes.length; i++) {
    const hex = bytes[i] === 37 && /^[0-9a-f]{2}$/i.test(text.slice(i + 1, i + 3));
    bytes[to++] = hex ? parseInt(text.slice(i + 1, i + 3), 16) : bytes[i];
    if (hex) i += 2;
  }
  return bytes.slice(0, to);
}

// A MIME type as it is written out (MIME Sniffing, 4.5); the default for what is none.
function mimeType(text) {
  const [essence, ...parameters] = text.split(";");
  if (!/^[!#$%&'*+\-.^_`|~\w]+\/[!#$%&'*+\-.^_`|~\w]+$/.test(essence.trim())) return DATA_TYPE;
  const kept = parameters.map((p) => /^\s*([!#$%&'*+\-.^_`|~\w]+)=(.*?)\s*$/.exec(p)).filter((m) => m !== null && m[2] !== "");
  return essence.trim().toLowerCase() + kept.map((m) => `;${m[1].toLowerCase()}=${m[2]}`).join("");
}

// Type and bytes of a data: URL (Fetch, 6); null when it is none.
function dataOf(url) {
  const comma = url.indexOf(",");
  if (comma < 0) return null;
  let type = url.slice(5, comma).trim(), bytes = percentDecoded(url.slice(comma + 1));
  const base64 = /; *base64$/i.exec(type);
  if (base64 !== null) {
    type = type.slice(0, base64.index);
    bytes = base64Bytes(String.fromCharCode(...bytes));
  }
  return { type: mimeType(type.startsWith(";") ? `text/plain${type}` : type), bytes };
}

function base64Bytes(text) {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return NO_BYTES;
  }
}
