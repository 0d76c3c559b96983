// URLs by the platform's own URL; what Node.js adds to it.
'use strict';

const { StringPrototypeCharCodeAt, StringPrototypeIncludes, StringPrototypeReplaceAll, StringPrototypeSlice,
  decodeURIComponent, Number } =
  primordials;
const { codes: { ERR_INVALID_ARG_TYPE, ERR_INVALID_URL_SCHEME } } = require('internal/errors');
const { validateString } = require('internal/validators');
const { URL, URLSearchParams, URLPattern } = ours;

const isURL = (value) =>
  Boolean(value?.href && value.protocol && value.auth === undefined && value.path === undefined);

// With and without the colon, as url.parse() asks.
const protocols = (...names) => new primordials.SafeSet(names.flatMap((name) => [name, `${name}:`]));
const unsafeProtocol = protocols('javascript');
const hostlessProtocol = protocols('javascript');
const slashedProtocol = protocols('http', 'https', 'ftp', 'gopher', 'file', 'ws', 'wss');

function domainToASCII(domain) {
  if (arguments.length < 1) throw new ERR_INVALID_ARG_TYPE('domain', 'string', domain);
  return internalBinding('encoding_binding').toASCII(`${domain}`);
}

function domainToUnicode(domain) {
  if (arguments.length < 1) throw new ERR_INVALID_ARG_TYPE('domain', 'string', domain);
  return internalBinding('encoding_binding').toUnicode(`${domain}`);
}

function urlToHttpOptions(url) {
  const { hostname, pathname, port, username, password, search } = url;
  const options = {
    protocol: url.protocol,
    hostname: hostname && hostname[0] === '[' ? StringPrototypeSlice(hostname, 1, -1) : hostname,
    hash: url.hash,
    search,
    pathname,
    path: `${pathname || ''}${search || ''}`,
    href: url.href,
  };
  if (port !== '') options.port = Number(port);
  if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

function fileError(code, message) {
  const error = new Error(message);
  error.code = code;
  return error;
}
const pathError = (what) => fileError('ERR_INVALID_FILE_URL_PATH', `File URL path ${what}`);

function pathOfWindows(url) {
  const pathname = decodeURIComponent(StringPrototypeReplaceAll(url.pathname, '/', '\\'));
  if (url.hostname !== '') return `\\\\${domainToUnicode(url.hostname)}${pathname}`;
  const letter = StringPrototypeCharCodeAt(pathname, 1) | 0x20;
  if (letter < 97 || letter > 122 || pathname[2] !== ':') throw pathError('must be absolute');
  return StringPrototypeSlice(pathname, 1);
}

function encodedSeparator(pathname, backslash) {
  for (let i = 0; i < pathname.length; i++) {
    if (pathname[i] !== '%') continue;
    const third = StringPrototypeCharCodeAt(pathname, i + 2) | 0x20;
    if (pathname[i + 1] === '2' && third === 102) return true;
    if (backslash && pathname[i + 1] === '5' && third === 99) return true;
  }
  return false;
}

function fileURLToPath(path, options = undefined) {
  const windows = options?.windows;
  if (typeof path === 'string') path = new URL(path);
  else if (!isURL(path)) throw new ERR_INVALID_ARG_TYPE('path', ['string', 'URL'], path);
  if (path.protocol !== 'file:') throw new ERR_INVALID_URL_SCHEME('file');
  if (encodedSeparator(path.pathname, windows)) {
    throw pathError(windows ? 'must not include encoded \\ or / characters' : 'must not include encoded / characters');
  }
  if (windows) return pathOfWindows(path);
  if (path.hostname !== '') {
    throw fileError('ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux');
  }
  return decodeURIComponent(path.pathname);
}

const ESCAPED = [['%', '%25'], ['\\', '%5C'], ['\n', '%0A'], ['\r', '%0D'], ['\t', '%09'], ['?', '%3F'], ['#', '%23']];

function pathToFileURL(filepath, options = undefined) {
  validateString(filepath, 'filepath');
  const path = require('path');
  const windows = options?.windows;
  let resolved = windows ? path.win32.resolve(filepath) : path.posix.resolve(filepath);
  const separator = windows ? '\\' : '/';
  const last = filepath[filepath.length - 1];
  if ((last === '/' || (windows && last === '\\')) && resolved[resolved.length - 1] !== separator) resolved += '/';
  for (const [from, to] of ESCAPED) {
    if (windows && from === '\\') continue;
    if (StringPrototypeIncludes(resolved, from)) resolved = StringPrototypeReplaceAll(resolved, from, to);
  }
  const url = new URL('file://');
  url.pathname = windows ? StringPrototypeReplaceAll(resolved, '\\', '/') : resolved;
  return url;
}

const toPathIfFileURL = (value) => (isURL(value) ? fileURLToPath(value) : value);

module.exports = { URL, URLSearchParams, URLPattern, domainToASCII, domainToUnicode, fileURLToPath,
  hostlessProtocol, isURL, pathToFileURL, toPathIfFileURL, slashedProtocol, unsafeProtocol,
  urlToHttpOptions };
