// errors.js: errors as they cross: what was thrown here as [name, message, stack], and the other way round.

function text(value) {
  try {
    return `${value}`;
  } catch {
    return "";
  }
}

function property(object, name) {
  try {
    const v = object[name];
    return v === undefined || v === null ? "" : text(v);
  } catch {
    return "";
  }
}

// The frames of a stack: the lines after the one that says what happened.
function framesOf(stack) {
  if (StringPrototypeStartsWith(stack, "    at ")) return stack;
  const at = StringPrototypeIndexOf(stack, "\n    at ");
  return at < 0 ? "" : StringPrototypeSlice(stack, at + 1);
}

// What was thrown as [name, message, frames]; never throws, whatever it is.
function describe(thrown) {
  if (typeof thrown === "object" && thrown !== null) {
    const name = property(thrown, "name"), message = property(thrown, "message");
    if (name !== "" || message !== "") return [name || "Error", message, framesOf(property(thrown, "stack"))];
  }
  return ["Error", typeof thrown === "symbol" ? "Symbol()" : text(thrown), ""];
}

const NATIVE_ERRORS = { __proto__: null, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const DOM_ERRORS = ["AbortError", "DataCloneError", "InvalidStateError", "NotSupportedError", "OperationError",
  "QuotaExceededError", "TimeoutError", "InvalidAccessError", "NetworkError", "SyntaxError"];

const headOf = (name, message) => `${name}${message === "" ? "" : ": "}${message}`;

// What came in an ERROR. thrown: it as data; undefined: there are only texts.
function rebuild(name, message, stack, thrown = undefined) {
  if (thrown !== undefined) {
    if (name === "InternalError" && isInstance(ErrorPrototype, thrown)) define(thrown, "name", name); // the engine's own
    if (stack !== "" && isInstance(ErrorPrototype, thrown)) define(thrown, "stack", `${headOf(name, message)}\n${stack}`);
    return thrown;
  }
  const domError = name !== "SyntaxError" && ArrayPrototypeIncludes(DOM_ERRORS, name);
  const error = domError ? new DOMException(message, name) : new (NATIVE_ERRORS[name] ?? Error)(message);
  if (!domError && error.name !== name) define(error, "name", name);
  if (stack !== "") define(error, "stack", `${headOf(name, message)}\n${stack}`);
  return error;
}

function define(object, name, value) {
  ObjectDefineProperty(object, name, { __proto__: null, value, writable: true, configurable: true, enumerable: false });
}

function sendError(stream, thrown) {
  const { 0: name, 1: message, 2: stack } = describe(thrown);
  native.error(stream, 0, name, message, stack, thrown, 0);
}
