// misc.js: the small globals: performance, navigator, queueMicrotask, reportError, atob, btoa,
// self. DOMException is the engine's own.

class Performance extends EventTarget {
  constructor(token) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    super();
  }
  get timeOrigin() {
    return 0;
  }
  now() {
    return MathFloor(native.now());
  }
  toJSON() {
    return { timeOrigin: 0 };
  }
}
exposeInterface(Performance);
defineGlobal('performance', new Performance(INTERNAL));

class Navigator {
  constructor(token) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
  }
  get userAgent() {
    return 'Cloudflare-Workers';
  }
  get language() {
    return 'en';
  }
  get languages() {
    return ['en'];
  }
  get platform() {
    return '';
  }
  get hardwareConcurrency() {
    return 1;
  }
}
exposeInterface(Navigator);
defineGlobal('navigator', new Navigator(INTERNAL));
defineGlobal('self', globalThis);
defineGlobal('origin', 'null');

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

// Called without a this, and named as written here.
const functions = {
  atob(data) {
    needArguments(arguments.length, 1, 'atob', 'ServiceWorkerGlobalScope');
    return convertBase64(decodeBase64, `${data}`, ATOB_INVALID);
  },
  btoa(data) {
    needArguments(arguments.length, 1, 'btoa', 'ServiceWorkerGlobalScope');
    return convertBase64(encodeBase64, `${data}`, BTOA_INVALID);
  },
  queueMicrotask(callback) {
    if (typeof callback !== 'function') {
      needArguments(0, 1, 'queueMicrotask', 'ServiceWorkerGlobalScope', 'function');
    }
    enqueueMicrotask(() => {
      try {
        callback();
      } catch (error) {
        reportException(error);
      }
    });
  },
  reportError(error) {
    needArguments(arguments.length, 1, 'reportError', 'ServiceWorkerGlobalScope', 'Value');
    reportException(error);
  },
};
for (const name of ObjectKeys(functions)) defineGlobal(name, functions[name]);
