// misc.js: the small globals: navigator, queueMicrotask, reportError, atob, btoa,
// self. DOMException is the engine's own.

class Navigator {
  #own = true;
  sendBeacon(url, body = undefined) {
    this.#own;
    needArguments(arguments.length, 1, 'sendBeacon', 'Navigator');
    return sendBeacon(`${url}`, body);
  }
  get languages() {
    this.#own;
    return ['en'];
  }
  get language() {
    this.#own;
    return 'en';
  }
  get platform() {
    this.#own;
    return '';
  }
  get hardwareConcurrency() {
    this.#own;
    return 1;
  }
  get userAgent() {
    this.#own;
    return 'Cloudflare-Workers';
  }
}
exposeIllegal(Navigator);
exposeOwn('navigator', new Navigator());
exposeOwn('self', globalThis);
exposeOwn('origin', 'null', false);

const enqueueMicrotask = queueMicrotask;
const decodeBase64 = atob;
const encodeBase64 = btoa;
const ATOB_INVALID = "atob() called with invalid base64-encoded data. (Only whitespace, '+', '/', alphanumeric " +
  "ASCII, and up to two terminal '=' signs when the input data length is divisible by 4 are allowed.)";
const BTOA_INVALID = 'btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.';

function convertBase64(convert, text, message) {
  try {
    return convert(text);
  } catch {
    throw new DOMExceptionConstructor(message, 'InvalidCharacterError');
  }
}

function runAsMicrotask(callback) {
  enqueueMicrotask(() => {
    try {
      ReflectApply(callback, globalObject, []);
    } catch (error) {
      reportException(error);
    }
  });
}

// Named as written here.
const functions = {
  atob(data) {
    requireGlobal(this);
    needArguments(arguments.length, 1, 'atob', 'ServiceWorkerGlobalScope');
    return convertBase64(decodeBase64, `${data}`, ATOB_INVALID);
  },
  btoa(data) {
    requireGlobal(this);
    needArguments(arguments.length, 1, 'btoa', 'ServiceWorkerGlobalScope');
    return convertBase64(encodeBase64, `${data}`, BTOA_INVALID);
  },
  queueMicrotask(callback) {
    requireGlobal(this);
    if (typeof callback !== 'function') {
      needArguments(0, 1, 'queueMicrotask', 'ServiceWorkerGlobalScope', 'function');
    }
    runAsMicrotask(callback);
  },
  reportError(error) {
    requireGlobal(this);
    needArguments(arguments.length, 1, 'reportError', 'ServiceWorkerGlobalScope', 'Value');
    reportException(error);
  },
};
for (const name of ObjectKeys(functions)) exposeInherited(name, functions[name]);
