// inspect.js: values as text for console, laid out as Node's util.inspect does it (so does workerd): two levels deep,
// one line where it fits into 76 columns, arrays of short things in columns.
// It reads a Worker's objects and so may run its getters' proxies; it runs no getter of a plain object.

const INSPECT_DEPTH = 2;
const INSPECT_WIDTH = 80;
const INSPECT_COMPACT = 3; // levels joined on one line
const INSPECT_ITEMS = 100;
const KEY_PLAIN = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
const CLASS_SOURCE = /^class(?:\s|\{)/;
const ERROR_TAG = '[object Error]';

const StringPrototypeReplaceAll = uncurryThis(String.prototype.replaceAll);
const MapEntries = uncurryThis(Map.prototype.entries);
const MapGetSize = getterOf(Map.prototype, 'size');
const MapIteratorNext = uncurryThis(ObjectGetPrototypeOf(new Map().entries()).next);
const SetValues = uncurryThis(Set.prototype.values);
const SetGetSize = getterOf(Set.prototype, 'size');
const SetIteratorNext = uncurryThis(ObjectGetPrototypeOf(new Set().values()).next);
const DateToISOString = uncurryThis(Date.prototype.toISOString);
const DateGetTime = uncurryThis(Date.prototype.getTime);
const RegExpPrototypeToString = uncurryThis(RegExp.prototype.toString);
const SymbolPrototypeToString = uncurryThis(Symbol.prototype.toString);
const NumberPrototypeValueOf = uncurryThis(Number.prototype.valueOf);
const BooleanPrototypeValueOf = uncurryThis(Boolean.prototype.valueOf);
const BigIntPrototypeValueOf = uncurryThis(BigInt.prototype.valueOf);
const SymbolPrototypeValueOf = uncurryThis(Symbol.prototype.valueOf);
const ObjectPrototypePropertyIsEnumerable = uncurryThis(Object.prototype.propertyIsEnumerable);
const WeakMapPrototype = WeakMap.prototype;
const WeakSetPrototype = WeakSet.prototype;
const MapPrototype = Map.prototype;
const SetPrototype = Set.prototype;
const DatePrototype = Date.prototype;
const RegExpPrototype = RegExp.prototype;
const ErrorPrototype = Error.prototype;
const { sqrt: MathSqrt, round: MathRound } = Math;

const isInstance = (prototype, value) => ObjectPrototypeIsPrototypeOf(prototype, value);

function quoteString(text) {
  let quote = "'";
  if (StringPrototypeIncludes(text, "'")) {
    if (!StringPrototypeIncludes(text, '"')) quote = '"';
    else if (!StringPrototypeIncludes(text, '`') && !StringPrototypeIncludes(text, '${')) quote = '`';
  }
  let out = quote;
  for (let i = 0; i < text.length; i++) out += escapeCharacter(text, i, quote);
  return out + quote;
}

const ESCAPES = { __proto__: null, '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };

function escapeCharacter(text, i, quote) {
  const c = text[i];
  const code = StringPrototypeCharCodeAt(c, 0);
  if (c === quote) return `\\${c}`;
  if (ESCAPES[c] !== undefined) return ESCAPES[c];
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return `\\x${HEX_UPPER[code >> 4]}${HEX_UPPER[code & 15]}`;
  return c;
}
const HEX_UPPER = '0123456789ABCDEF';

function formatPrimitive(value, context) {
  switch (typeof value) {
    case 'string':
      return quoteString(value);
    case 'number':
      return ObjectIs(value, -0) ? '-0' : `${value}`;
    case 'bigint':
      return `${value}n`;
    case 'symbol':
      return SymbolPrototypeToString(value);
    default:
      return `${value}`;
  }
}

// The name of what made an object; null when its prototype chain has none.
function constructorName(object) {
  for (let at = object; at !== null; at = ObjectGetPrototypeOf(at)) {
    const descriptor = ReflectGetOwnPropertyDescriptor(at, 'constructor');
    if (descriptor !== undefined && typeof descriptor.value === 'function') {
      const name = ReflectGetOwnPropertyDescriptor(descriptor.value, 'name')?.value;
      const made = isInstance(descriptor.value.prototype ?? ErrorPrototype, object);
      if (made && typeof name === 'string' && name !== '') return name;
    }
  }
  return null;
}

function tagOf(object, name) {
  let tag;
  try {
    tag = object[Symbol.toStringTag];
  } catch {
    tag = '';
  }
  return typeof tag === 'string' && tag !== '' && tag !== name ? tag : '';
}

function prefixOf(object, fallback, size = '') {
  const name = constructorName(object);
  const tag = tagOf(object, name ?? fallback);
  const text = name === null ? `[${fallback}${size}: null prototype] ` : `${name}${size} `;
  return tag === '' ? text : `${text}[${tag}] `;
}

function formatKey(key) {
  if (typeof key === 'symbol') return SymbolPrototypeToString(key);
  return matches(KEY_PLAIN, key) ? key : quoteString(key);
}

function formatProperty(context, object, key, level, arrayLike) {
  const descriptor = ReflectGetOwnPropertyDescriptor(object, key) ?? { __proto__: null, value: object[key] };
  let text;
  if (descriptor.get !== undefined) {
    text = descriptor.set === undefined ? '[Getter]' : '[Getter/Setter]';
  } else if (descriptor.set !== undefined) {
    text = '[Setter]';
  } else {
    const indent = arrayLike ? 0 : 2;
    context.indent += indent;
    text = formatValue(context, descriptor.value, level);
    context.indent -= indent;
  }
  const name = formatKey(key);
  return `${descriptor.enumerable === false ? `[${name}]` : name}: ${text}`;
}

// Own enumerable keys, symbols last; without the indices of something like an array.
function inspectKeys(object, arrayLike) {
  const keys = [];
  const own = ReflectOwnKeys(object);
  for (let i = 0; i < own.length; i++) {
    const key = own[i];
    if (arrayLike && typeof key === 'string' && `${key >>> 0}` === key) continue;
    if (ObjectPrototypePropertyIsEnumerable(object, key)) keys[keys.length] = key;
  }
  return keys;
}

function moreItems(output, left) {
  if (left > 0) output[output.length] = `... ${left} more item${left > 1 ? 's' : ''}`;
}

function formatArray(context, array, level) {
  const output = [];
  let i = 0;
  for (; i < array.length && output.length < INSPECT_ITEMS; i++) {
    if (ObjectHasOwn(array, i)) {
      context.indent += 2;
      output[output.length] = formatValue(context, array[i], level);
      context.indent -= 2;
      continue;
    }
    let holes = 1;
    while (i + 1 < array.length && !ObjectHasOwn(array, i + 1) && holes < 1e6) i++, holes++;
    output[output.length] = `<${holes} empty item${holes > 1 ? 's' : ''}>`;
  }
  moreItems(output, array.length - i);
  return output;
}

function formatTypedArray(array) {
  const output = [];
  const length = array.length;
  for (let i = 0; i < length && i < INSPECT_ITEMS; i++) output[i] = formatPrimitive(array[i]);
  moreItems(output, length - INSPECT_ITEMS);
  return output;
}

function formatCollection(context, next, iterator, size, pairs, level) {
  const output = [];
  context.indent += 2;
  for (let step = next(iterator); !step.done && output.length < INSPECT_ITEMS; step = next(iterator)) {
    output[output.length] = pairs
      ? `${formatValue(context, step.value[0], level)} => ${formatValue(context, step.value[1], level)}`
      : formatValue(context, step.value, level);
  }
  context.indent -= 2;
  moreItems(output, size - INSPECT_ITEMS);
  return output;
}

function formatPairs(context, list, level) {
  const output = [];
  context.indent += 2;
  for (let i = 0; i < list.length; i += 2) {
    output[output.length] = `${quoteString(list[i])} => ${formatValue(context, list[i + 1], level)}`;
  }
  context.indent -= 2;
  return output;
}

function formatBuffer(context, buffer, level) {
  const bytes = new Uint8ArrayConstructor(buffer);
  const size = TypedArrayGetByteLength(bytes);
  let text = '';
  for (let i = 0; i < size && i < 50; i++) text += `${i ? ' ' : ''}${HEX[bytes[i] >> 4]}${HEX[bytes[i] & 15]}`;
  if (size > 50) text += ` ... ${size - 50} more byte${size > 51 ? 's' : ''}`;
  return [`[Uint8Contents]: <${text}>`, `byteLength: ${size}`];
}

function functionBase(value) {
  const source = FunctionPrototypeToString(value);
  const name = ReflectGetOwnPropertyDescriptor(value, 'name')?.value;
  const named = typeof name === 'string' && name !== '';
  if (matches(CLASS_SOURCE, source)) {
    const parent = ObjectGetPrototypeOf(value)?.name;
    return `[class ${named ? name : '(anonymous)'}${parent ? ` extends ${parent}` : ''}]`;
  }
  const kind = constructorName(value) ?? 'Function';
  return `[${kind}${named ? `: ${name}` : ' (anonymous)'}]`;
}

// An error's first line and frames, in brackets when it has no frames.
function errorBase(error, context) {
  const [name, message, frames] = describe(error);
  const kind = constructorName(error) ?? 'Error';
  const first = name === 'Error' && kind !== 'Error' ? `${kind} [${name}]` : name;
  const head = message === '' ? first : `${first}: ${message}`;
  const trace = StringPrototypeTrimEnd(frames);
  const text = trace === '' ? `[${head}]` : `${head}\n${trace}`;
  if (context.indent === 0) return text;
  return StringPrototypeReplaceAll(text, '\n', `\n${StringPrototypeRepeat(' ', context.indent)}`);
}

const isErrorObject = (value) => isInstance(ErrorPrototype, value) || ObjectPrototypeToString(value) === ERROR_TAG;

// A boxed primitive's text; null when it is none.
function boxedText(object) {
  for (const [kind, unbox] of BOXES) {
    try {
      return `[${kind}: ${formatPrimitive(unbox(object))}]`;
    } catch {
      continue;
    }
  }
  return null;
}
const BOXES = [['Number', NumberPrototypeValueOf], ['String', StringPrototypeValueOf],
  ['Boolean', BooleanPrototypeValueOf], ['BigInt', BigIntPrototypeValueOf], ['Symbol', SymbolPrototypeValueOf]];

// Runs a primordial on a value that may be of another kind: its result, or undefined.
function attempt(primordial, value) {
  try {
    return primordial(value);
  } catch {
    return undefined;
  }
}

// The attributes of one of the platform's own objects, from the getters of its class and those it extends.
function platformEntries(context, object, level) {
  const output = [];
  context.indent += 2;
  for (let at = ObjectGetPrototypeOf(object); isPlatformPrototype(at); at = ObjectGetPrototypeOf(at)) {
    const keys = ObjectKeys(at);
    for (let i = 0; i < keys.length; i++) {
      const get = ReflectGetOwnPropertyDescriptor(at, keys[i]).get;
      if (get === undefined) continue;
      let value;
      try {
        value = ReflectApply(get, object, []);
      } catch {
        continue;
      }
      output[output.length] = `${keys[i]}: ${formatValue(context, value, level)}`;
    }
  }
  context.indent -= 2;
  return output;
}

// What a kind of object shows. bare: base is the whole text when nothing follows.
function shapeOf(context, value, level) {
  const shape = { __proto__: null, base: '', open: '{', close: '}', items: [], arrayLike: false, bare: false };
  if (ArrayIsArray(value)) {
    const prefix = prefixOf(value, 'Array', `(${value.length})`);
    if (prefix !== `Array(${value.length}) `) shape.open = `${prefix}[`;
    else shape.open = '[';
    shape.close = ']';
    shape.arrayLike = true;
    shape.items = formatArray(context, value, level);
  } else if (typeof value === 'function') {
    shape.base = functionBase(value);
    shape.bare = true;
  } else {
    shapeOfObject(context, value, level, shape);
  }
  return shape;
}

function shapeOfObject(context, value, level, shape) {
  const tag = attempt(TypedArrayGetTag, value);
  if (tag !== undefined) {
    shape.open = `${prefixOf(value, tag, `(${value.length})`)}[`;
    shape.close = ']';
    shape.arrayLike = true;
    shape.items = formatTypedArray(value);
  } else if (isInstance(MapPrototype, value) && attempt(MapGetSize, value) !== undefined) {
    const size = MapGetSize(value);
    shape.open = `${prefixOf(value, 'Map', `(${size})`)}{`;
    shape.items = formatCollection(context, MapIteratorNext, MapEntries(value), size, true, level);
  } else if (isInstance(SetPrototype, value) && attempt(SetGetSize, value) !== undefined) {
    const size = SetGetSize(value);
    shape.open = `${prefixOf(value, 'Set', `(${size})`)}{`;
    shape.items = formatCollection(context, SetIteratorNext, SetValues(value), size, false, level);
  } else if (isErrorObject(value)) {
    shapeOfError(context, value, level, shape);
  } else if (isInstance(DatePrototype, value) && attempt(DateGetTime, value) !== undefined) {
    shape.base = DateGetTime(value) === DateGetTime(value) ? DateToISOString(value) : 'Invalid Date';
    shape.bare = true;
  } else if (isInstance(RegExpPrototype, value)) {
    shape.base = attempt(RegExpPrototypeToString, value) ?? 'RegExp';
    shape.bare = true;
  } else if (isArrayBuffer(value)) {
    shape.open = `${prefixOf(value, 'ArrayBuffer')}{`;
    shape.items = formatBuffer(context, value, level);
  } else if (attempt(DataViewGetByteLength, value) !== undefined) {
    shape.open = `${prefixOf(value, 'DataView')}{`;
    context.indent += 2;
    shape.items = [`byteLength: ${DataViewGetByteLength(value)}`, `byteOffset: ${DataViewGetByteOffset(value)}`,
      `buffer: ${formatValue(context, DataViewGetBuffer(value), level)}`];
    context.indent -= 2;
  } else if (isInstance(WeakMapPrototype, value) || isInstance(WeakSetPrototype, value)) {
    shape.open = `${prefixOf(value, 'WeakMap')}{`;
    shape.items = ['<items unknown>'];
  } else if (isPlatformPrototype(ObjectGetPrototypeOf(value))) {
    shapeOfPlatform(context, value, level, shape);
  } else {
    shapeOfPlain(value, shape);
  }
}

function shapeOfPlain(value, shape) {
  const boxed = boxedText(value);
  if (boxed !== null) {
    shape.base = boxed;
    shape.bare = true;
    shape.arrayLike = attempt(StringPrototypeValueOf, value) !== undefined;
    return;
  }
  const prefix = prefixOf(value, 'Object');
  if (prefix !== 'Object ') shape.open = `${prefix}{`;
}

function shapeOfError(context, value, level, shape) {
  shape.base = errorBase(value, context);
  shape.bare = true;
  if (!ObjectHasOwn(value, 'cause') && !ArrayIsArray(value.errors)) return;
  context.indent += 2;
  if (ObjectHasOwn(value, 'cause')) shape.items[0] = `[cause]: ${formatValue(context, value.cause, level)}`;
  if (ArrayIsArray(value.errors)) {
    shape.items[shape.items.length] = `[errors]: ${formatValue(context, value.errors, level)}`;
  }
  context.indent -= 2;
}

function shapeOfPlatform(context, value, level, shape) {
  const list = headersList(value) ?? searchParamsList(value) ?? formDataList(value);
  if (list === null) {
    shape.open = `${prefixOf(value, 'Object')}{`;
    shape.items = platformEntries(context, value, level);
    return;
  }
  const shown = headersList(value) === null ? list : listSorted(list);
  shape.open = `${prefixOf(value, 'Object', `(${shown.length / 2})`)}{`;
  shape.items = formatPairs(context, shown, level);
  if (headersList(value) !== null) shape.items[shape.items.length] = `[immutable]: ${headersImmutable(value)}`;
}

function joinShape(context, shape, level, value) {
  let output = shape.items;
  const { base, open, close } = shape;
  const before = base === '' ? '' : `${base} `;
  const entries = output.length;
  if (shape.arrayLike && entries > 6) output = groupItems(context, output, value);
  if (context.deepest - level < INSPECT_COMPACT && entries === output.length) {
    let length = output.length * 2 + context.indent + open.length + base.length + 10;
    for (let i = 0; i < output.length; i++) length += output[i].length;
    if (length <= INSPECT_WIDTH && !StringPrototypeIncludes(base, '\n')) {
      const joined = ArrayPrototypeJoin(output, ', ');
      if (!StringPrototypeIncludes(joined, '\n')) return `${before}${open} ${joined} ${close}`;
    }
  }
  const line = `\n${StringPrototypeRepeat(' ', context.indent)}`;
  return `${before}${open}${line}  ${ArrayPrototypeJoin(output, `,${line}  `)}${line}${close}`;
}

// Lays short items out in columns, numbers to the right.
function groupItems(context, output, value) {
  const more = output.length > INSPECT_ITEMS ? 1 : 0;
  const count = output.length - more;
  let total = 0;
  let longest = 0;
  for (let i = 0; i < count; i++) {
    total += output[i].length + 2;
    longest = MathMax(longest, output[i].length);
  }
  const widest = longest + 2;
  if (widest * 3 + context.indent >= INSPECT_WIDTH || !(total / widest > 5 || longest <= 6)) return output;
  const biased = MathMax(widest - 3 - MathSqrt(widest - total / output.length), 1);
  const columns = MathMin(MathRound(MathSqrt(2.5 * biased * count) / biased),
    MathFloor((INSPECT_WIDTH - context.indent) / widest), INSPECT_COMPACT * 4, 15);
  if (columns <= 1) return output;
  return layColumns(output, count, columns, numeric(value, output.length) ? StringPrototypePadStart :
    StringPrototypePadEnd);
}

function numeric(value, count) {
  for (let i = 0; i < count; i++) if (typeof value[i] !== 'number' && typeof value[i] !== 'bigint') return false;
  return true;
}

function layColumns(output, count, columns, pad) {
  const widths = [];
  for (let i = 0; i < columns; i++) {
    let width = 0;
    for (let j = i; j < count; j += columns) width = MathMax(width, output[j].length);
    widths[i] = width + 2;
  }
  const lines = [];
  for (let i = 0; i < count; i += columns) {
    const last = MathMin(i + columns, count) - 1;
    let line = '';
    for (let j = i; j < last; j++) line += pad(`${output[j]}, `, widths[j - i]);
    line += pad === StringPrototypePadStart ? pad(output[last], widths[last - i] - 2) : output[last];
    lines[lines.length] = line;
  }
  if (count < output.length) lines[lines.length] = output[count];
  return lines;
}

function formatObject(context, value, level) {
  for (let i = 0; i < context.seen.length; i++) {
    if (context.seen[i] !== value) continue;
    if (context.circular[i] === undefined) context.circular[i] = ++context.references;
    return `[Circular *${context.circular[i]}]`;
  }
  if (level > context.depth) {
    const name = constructorName(value);
    return `[${ArrayIsArray(value) ? 'Array' : name ?? 'Object: null prototype'}]`;
  }
  const at = context.seen.length;
  context.seen[at] = value;
  context.circular[at] = undefined;
  context.deepest = level;
  const shape = shapeOf(context, value, level + 1);
  const keys = inspectKeys(value, shape.arrayLike);
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] === 'cause' && isErrorObject(value)) continue;
    shape.items[shape.items.length] = formatProperty(context, value, keys[i], level + 1, false);
  }
  context.seen.length = at;
  const reference = context.circular[at];
  const text = shape.items.length > 0 ? joinShape(context, shape, level, value) :
    shape.bare ? shape.base : `${shape.open}${shape.close}`;
  return reference === undefined ? text : `<ref *${reference}> ${text}`;
}

function formatValue(context, value, level) {
  return isObject(value) ? formatObject(context, value, level) : formatPrimitive(value, context);
}

function inspect(value, depth = INSPECT_DEPTH) {
  const context = { __proto__: null, depth, indent: 0, deepest: 0, seen: [], circular: [], references: 0 };
  return formatValue(context, value, 0);
}
