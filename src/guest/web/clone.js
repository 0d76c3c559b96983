// clone.js: structuredClone(), and which objects of the platform can be cloned (clone_write.c asks). What comes in may be from
// another isolate, so it is given to the constructors as anything from a Worker is.

function cannotClone(text) {
  return new DOMExceptionConstructor(text, 'DataCloneError');
}

const DOMExceptionGetMessage = getterOf(DOMException.prototype, 'message');
const DOMExceptionGetName = getterOf(DOMException.prototype, 'name');

function isDOMException(value) {
  try {
    DOMExceptionGetName(value);
    return true;
  } catch {
    return false;
  }
}

// [kind, …] from which cloneIn makes the object again; undefined: it is not the platform's.
function cloneOut(object) {
  if (object === globalObject) throw cannotClone('#<ServiceWorkerGlobalScope> could not be cloned.');
  if (isDOMException(object)) {
    return ['DOMException', DOMExceptionGetMessage(object), DOMExceptionGetName(object), object.stack];
  }
  const headers = headersList(object);
  if (headers !== null) return ['Headers', headers];
  const bytes = blobBytes(object);
  if (bytes !== null && ObjectPrototypeIsPrototypeOf(File.prototype, object) === false) {
    return ['Blob', bytes, blobType(object)];
  }
  if (isReadableStream(object)) throw cannotClone('ReadableStream can only be serialized for RPC.');
  if (isWritableStream(object)) throw cannotClone('WritableStream can only be serialized for RPC.');
  if (isAbortSignal(object)) throw cannotClone('AbortSignal serialization is not enabled.');
  if (isRequest(object)) return requestOut(object);
  if (isResponse(object)) return bareResponseOut(object);
  if (ObjectPrototypeIsPrototypeOf(RpcTarget.prototype, object)) {
    throw cannotClone('Remote RPC references can only be serialized for RPC.');
  }
  if (fetcherTarget(object) !== null) throw cannotClone('ServiceStub cannot be serialized in this context.');
  if (native.stubKind(object) >= 0) return undefined;
  const prototype = ObjectGetPrototypeOf(object);
  if (isIntlPrototype(prototype)) throw cannotClone(`#<${constructorName(object)}> could not be cloned.`);
  if (!isPlatformPrototype(prototype)) return undefined;
  throw cannotSerialize(object);
}

function cannotSerialize(object) {
  return cannotClone(
    `Could not serialize object of type "${constructorName(object) ?? 'Object'}". This type does not support serialization.`);
}

function requestOut(request) {
  if (!bodyIsEmpty(request)) throw cannotClone('ReadableStream can only be serialized for RPC.');
  return ['BareRequest', requestUrlOf(request), requestMethodOf(request), requestList(request),
    requestRest(request).redirect, requestCf(request)];
}

function bareResponseOut(response) {
  if (responseSocket(response) !== null) throw cannotClone('Could not serialize object of type "WebSocket". This type does not support serialization.');
  if (!bodyIsEmpty(response)) throw cannotClone('ReadableStream can only be serialized for RPC.');
  return ['BareResponse', responseStatus(response), responseStatusText(response), responseList(response), responseCf(response)];
}

function bareResponseIn(status, statusText, headers, cf) {
  if (status === 0) return responseError();
  return new Response(null, { __proto__: null, status, statusText, headers: headersIn(headers), cf });
}

function pairsOf(list) {
  const pairs = [];
  for (let i = 0; i + 1 < list.length; i += 2) pairs[pairs.length] = [list[i], list[i + 1]];
  return pairs;
}

// A flat list from another isolate.
function headersIn(list) {
  const given = [];
  for (let i = 0; i + 1 < list.length; i += 2) listAppend(given, headerName(`${list[i]}`), headerValue(list[i + 1]));
  return headersNew(given, false);
}

function cloneIn(value) {
  const { 0: kind, 1: first, 2: second, 3: third, 4: fourth, 5: fifth } = value;
  if (kind === 'DOMException') {
    const error = new DOMExceptionConstructor(`${first}`, `${second}`);
    ObjectDefineProperty(error, 'stack',
      { __proto__: null, value: `${third}`, writable: true, enumerable: false, configurable: true });
    return error;
  }
  if (kind === 'Blob') {
    const { type } = blobOptions({ __proto__: null, type: `${second}` }, 'Blob', 2);
    return new Blob(INTERNAL, bytesBorrow(first) ?? new Uint8ArrayConstructor(0), type);
  }
  if (kind === 'BareRequest') {
    return new Request(`${first}`, { __proto__: null, method: second, headers: headersIn(third),
      redirect: fourth, cf: fifth });
  }
  if (kind === 'BareResponse') return bareResponseIn(first, second, third, fourth);
  if (kind !== 'Headers') throw cannotClone('The serialized value is malformed.');
  return headersIn(first);
}

// A property's value, unless it is behind a getter or a proxy.
function plainData(object, key) {
  for (let at = object; at !== null && native.proxyDetails(at) === undefined; at = ObjectGetPrototypeOf(at)) {
    const found = ReflectGetOwnPropertyDescriptor(at, key);
    if (found !== undefined) return found.value;
  }
  return undefined;
}

// A proxy in the words of V8's error: what its target is, without a trap being called.
function proxyText(proxy) {
  let target = proxy;
  for (let pair; target !== null && (pair = native.proxyDetails(target)) !== undefined; ) target = pair[0];
  if (target === null) return 'null';
  if (typeof target === 'function') return FunctionPrototypeToString(target);
  if (isDOMException(target)) return '';
  if (native.classOf(target) === 'Error') return `${plainData(target, 'name')}: ${plainData(target, 'message')}`;
  const constructor = plainData(target, 'constructor');
  const name = typeof constructor === 'function' ? plainData(constructor, 'name') : '';
  const isNamed = plainData(target, 'toString') === ObjectPrototypeToStringMethod && typeof name === 'string' && name !== '';
  return isNamed ? `#<${name}>` : '[object Object]';
}
const ObjectPrototypeToStringMethod = Object.prototype.toString;

native.cloneHooks(cloneOut, cloneIn, { __proto__: null, none: NOTHING_TO_ITERATE, text: FunctionPrototypeToString, proxyText, BigInt,
  Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError, SuppressedError });

const structuredCloneMethod = {
  structuredClone(value, options = undefined) {
    requireGlobal(this);
    needArguments(arguments.length, 1, 'structuredClone', 'ServiceWorkerGlobalScope', 'Value');
    if (options != null && !isObject(options)) {
      needArguments(1, 2, 'structuredClone', 'ServiceWorkerGlobalScope', ['Value', 'StructuredCloneOptions']);
    }
    const transfer = options?.transfer;
    if (transfer === undefined) return native.deserialize(native.serialize(value));
    if (!isArray(transfer)) throw wrongField('StructuredCloneOptions', 'transfer', 'Array');
    const list = arrayCopy(transfer);
    for (let i = 0; i < list.length; i++) {
      if (!isObject(list[i]) || !isArrayBuffer(list[i])) throw new TypeError('Object is not transferable');
    }
    const bytes = native.serialize(value, list);
    for (let i = 0; i < list.length; i++) ArrayBufferPrototypeTransfer(list[i]);
    return native.deserialize(bytes);
  },
};
exposeInherited('structuredClone', structuredCloneMethod.structuredClone);
