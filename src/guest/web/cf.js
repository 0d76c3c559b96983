// cf.js: the `cf` of requests and responses. It is JSON from the moment at which a Worker gave it: what is kept is its
// text, until somebody asks for the object. What came from another isolate may be any text.

// The text of what a Worker gave, or has made of the object since.
function cfWrite(cf) {
  const text = JSONStringify(cf);
  if (text === undefined) throw new SyntaxError('"undefined" is not valid JSON');
  if (text[0] !== '{' && text[0] !== '[') throw new TypeError("The 'cf' field is not an object as JSON.");
  return text;
}

// undefined: it is no object.
function cfRead(text) {
  try {
    const value = JSONParse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function freezeAll(root) {
  const all = [root];
  for (let i = 0; i < all.length; i++) {
    const keys = ObjectKeys(ObjectFreeze(all[i]));
    for (let k = 0; k < keys.length; k++) {
      const value = all[i][keys[k]];
      if (isObject(value)) all[all.length] = value;
    }
  }
  return root;
}

// ---- what fields of it say of caching, when it is sent

const TTL_AND_CONTROL =
  "The 'cacheControl' and 'cacheTtl' options on cf are mutually exclusive. Use 'cacheControl' for explicit " +
  "Cache-Control header directives, or 'cacheTtl' for a simplified TTL, but not both.";
const MODE_AND_CONTROL =
  "The 'cacheControl' option on cf cannot be used together with the 'cache' request option. The 'cache' option " +
  "('no-store'/'no-cache') maps to cache TTL behavior internally, which conflicts with explicit Cache-Control directives.";

const shown = (value) => (ArrayIsArray(value) ? '[object Array]' : isObject(value) ? '#<Object>' : `${value}`);

// Of what a Worker gave.
function cfCheck(cf, mode) {
  if (cf.cacheControl === undefined) return;
  if (cf.cacheTtl !== undefined) throw new TypeError(TTL_AND_CONTROL);
  if (mode !== undefined) throw new TypeError(MODE_AND_CONTROL);
}

function cfSetMode(cf, mode) {
  if (mode === 'no-store') {
    if (ObjectHasOwn(cf, 'cacheTtl') && cf.cacheTtl !== -1) {
      throw new TypeError(`CacheTtl: ${shown(cf.cacheTtl)}, is not compatible with cache: no-store header.`);
    }
    cf.cacheTtl = -1;
    cf.cacheLevel = 'bypass';
  } else {
    cf.cacheForceRevalidate = true;
  }
}

function cfSetControl(cf, mode) {
  const ttl = cf.cacheTtl;
  if (mode !== undefined) cf.cacheControl = mode;
  else if (typeof ttl === 'number' && ttl === (ttl | 0)) cf.cacheControl = ttl === -1 ? 'no-store' : `max-age=${ttl}`;
}

// What goes to whom a request is sent; undefined: nothing. mode: the request's `cache`, or undefined.
function cfToSend(text, mode) {
  if (mode === undefined && !StringPrototypeIncludes(text, '"cacheTtl"')) return text;
  const cf = text === undefined ? {} : cfRead(text);
  if (cf === undefined || ArrayIsArray(cf)) return text;
  ObjectSetPrototypeOf(cf, null);
  if (mode !== undefined) cfSetMode(cf, mode);
  if (!ObjectHasOwn(cf, 'cacheControl')) cfSetControl(cf, mode);
  return JSONStringify(cf);
}
