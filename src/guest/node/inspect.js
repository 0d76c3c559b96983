// inspect.js: how util.inspect, and so console, shows objects of the platform: as an object of what their getters give,
// with a few hidden properties, under the name of their class. bundle-node.mjs puts the calls into the library.

const ownNames = Object.getOwnPropertyNames;
const ObjectPrototype = Object.prototype;

let shownEntries; // what stands for an object with entries -> those, flat

const nameOfGlobal = (name) => {
  const value = ReflectGetOwnPropertyDescriptor(globalThis, name).value;
  return !matches(/^[A-Z][a-zA-Z0-9]+$/, name) || isPlatformPrototype(value?.prototype) ? '' : name;
};

// The language's own classes, by name; the platform's are not among them.
const builtInNames = () => ownNames(globalThis).map(nameOfGlobal);

const DOMExceptionPrototype = DOMExceptionConstructor.prototype;

// The first of an object's prototypes that is the platform's; null: it is none of the platform's objects.
function platformPrototypeOf(value) {
  let at = ObjectGetPrototypeOf(value);
  while (at !== null && at !== DOMExceptionPrototype && !isPlatformPrototype(at)) at = ObjectGetPrototypeOf(at);
  return at;
}

// Is this where the walk along the prototypes of one of the platform's objects ends?
const isLast = (prototype) => prototype === null || prototype === ObjectPrototype || prototype === DOMExceptionPrototype;

function entriesShown(object) {
  const list = headersList(object);
  return list !== null ? listSorted(list) : searchParamsList(object) ?? formDataList(object);
}

// [name, value, ...] of what is to be seen only here.
function hiddenOf(object) {
  const prototype = platformPrototypeOf(object);
  if (prototype === Headers.prototype) return ['immutable', headersImmutable(object)];
  if (prototype === ReadableStream.prototype) {
    const { state, controller } = readableInside(object);
    const length = controller.knownLength?.() ?? -1;
    return ['state', state, 'supportsBYOB', controller.readInto !== undefined,
      'length', length < 0 ? undefined : BigIntOf(length)];
  }
  if (prototype === WritableStream.prototype) {
    const inside = writableInside(object);
    return ['state', inside.state, 'expectsBytes', inside.expectsBytes === true];
  }
  return [];
}

function addShown(shown, name, value, enumerable) {
  ObjectDefineProperty(shown, name, { __proto__: null, value, enumerable, configurable: true, writable: true });
}

// Of a DOMException these are its own in workerd.
const DOM_ERROR_OWN = ['code', 'name', 'message', 'stack'];

function addNames(shown, object, names, withEntries) {
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    const value = object[name];
    if (typeof value === 'function' || ObjectPrototypePropertyIsEnumerable(object.constructor, name)) continue;
    if (name !== 'size' || !withEntries) addShown(shown, name, value, true);
  }
}

// Called as a nodejs.util.inspect.custom is.
function inspectOfPlatform(depth, options, inspect) {
  const name = pairIteratorName(this) ?? this.constructor.name;
  if (depth < 0) return options.stylize(`[${name}]`, 'special');
  const shown = {};
  const entries = entriesShown(this);
  if (entries !== null) {
    shownEntries ??= new WeakMap();
    WeakMapSet(shownEntries, shown, entries);
  }
  if (isInstance(DOMExceptionPrototype, this)) addNames(shown, this, DOM_ERROR_OWN, false);
  for (let at = this; !isLast(at); at = ObjectGetPrototypeOf(at)) addNames(shown, this, ownNames(at), entries !== null);
  const hidden = hiddenOf(this);
  for (let i = 0; i < hidden.length; i += 2) addShown(shown, hidden[i], hidden[i + 1], false);
  const text = inspect(shown, { ...options, depth: options.depth == null ? null : depth, showHidden: true });
  return entries === null ? `${name} ${text}` : `${name}${StringPrototypeSlice(text, 'Object'.length)}`;
}

function inspectorOf(value) {
  const prototype = platformPrototypeOf(value);
  return prototype === null || prototype === nodeProcess ? undefined : inspectOfPlatform;
}
const entriesOf = (value) => (shownEntries === undefined ? undefined : WeakMapGet(shownEntries, value));
