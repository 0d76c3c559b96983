// performance.js: performance and its entries. As in workerd, observers are never called, and what is about Node's loop
// or the network's timing is there and says nothing.

const TIMELINE_TYPES = ['measure', 'mark'];
let isEntry;

class PerformanceEntry {
  #name;
  #type;
  #start;
  #duration;
  constructor(name, type, start, duration) {
    this.#name = name;
    this.#type = type;
    this.#start = start;
    this.#duration = duration;
  }
  get name() {
    return this.#name;
  }
  get entryType() {
    return this.#type;
  }
  get startTime() {
    return this.#start;
  }
  get duration() {
    return this.#duration;
  }
  toJSON() {
    return { name: this.#name, entryType: this.#type, startTime: this.#start, duration: this.#duration };
  }
}
exposeIllegal(PerformanceEntry);

const entryJSON = uncurryThis(PerformanceEntry.prototype.toJSON);
const entryName = getterOf(PerformanceEntry.prototype, 'name');
const entryType = getterOf(PerformanceEntry.prototype, 'entryType');
const entryStart = getterOf(PerformanceEntry.prototype, 'startTime');

function detailed(entry, detail) {
  const json = entryJSON(entry);
  if (detail !== null) json.detail = detail;
  return json;
}

function readDetail(options) {
  const detail = options?.detail;
  if (detail !== undefined && !isObject(detail)) throw wrongField('Options', 'detail', 'Object');
  return detail ?? null;
}

const currentTime = () => MathFloor(native.now());

class PerformanceMark extends PerformanceEntry {
  #detail;
  constructor(name, options = undefined) {
    if (arguments.length < 1) throw wrongParameter('PerformanceMark', 1, 'string');
    const text = `${name}`;
    if (options != null && !isObject(options)) {
      throw new TypeError(
        "Failed to construct 'PerformanceMark': constructor parameter 2 is not of type 'Options'.");
    }
    const detail = readDetail(options);
    const start = options?.startTime;
    super(text, 'mark', start === undefined ? currentTime() : +start, 0);
    this.#detail = detail;
  }
  get detail() {
    return this.#detail;
  }
  toJSON() {
    return detailed(this, this.#detail);
  }
}
exposeInterface(PerformanceMark);

class PerformanceMeasure extends PerformanceEntry {
  #detail;
  constructor(name, start, end, detail) {
    super(name, 'measure', start, end - start > 0 ? end - start : 0);
    this.#detail = detail;
  }
  get detail() {
    return this.#detail;
  }
  toJSON() {
    return detailed(this, this.#detail);
  }
}
exposeIllegal(PerformanceMeasure);

// What is never made, and the members that it would have.
class PerformanceResourceTiming extends PerformanceEntry {}
for (const name of ['connectEnd', 'connectStart', 'decodedBodySize', 'domainLookupEnd', 'domainLookupStart',
  'encodedBodySize', 'fetchStart', 'initiatorType', 'nextHopProtocol', 'redirectEnd', 'redirectStart', 'requestStart',
  'responseEnd', 'responseStart', 'responseStatus', 'secureConnectionStart', 'transferSize', 'workerStart']) {
  ObjectDefineProperty(PerformanceResourceTiming.prototype, name, {
    __proto__: null,
    get: ReflectGetOwnPropertyDescriptor({
      get [name]() {
        throw new TypeError(ILLEGAL_INVOCATION);
      },
    }, name).get,
    enumerable: true,
    configurable: true,
  });
}
exposeIllegal(PerformanceResourceTiming);

class PerformanceObserverEntryList {
  getEntries() {
    throw new TypeError(ILLEGAL_INVOCATION);
  }
  getEntriesByType() {
    throw new TypeError(ILLEGAL_INVOCATION);
  }
  getEntriesByName() {
    throw new TypeError(ILLEGAL_INVOCATION);
  }
}
exposeIllegal(PerformanceObserverEntryList);

class PerformanceObserver {
  #own = true;
  constructor(callback) {
    if (arguments.length < 1) throw wrongParameter('PerformanceObserver', 1, 'Value');
  }
  static get supportedEntryTypes() {
    return arrayCopy(TIMELINE_TYPES);
  }
  disconnect() {
    this.#own;
  }
  observe(options = undefined) {
    this.#own;
    if (options != null && !isObject(options)) {
      needArguments(0, 1, 'observe', 'PerformanceObserver', 'ObserveOptions');
    }
    const types = options?.entryTypes;
    if (types !== undefined && !ArrayIsArray(types)) throw wrongField('ObserveOptions', 'entryTypes', 'Array');
  }
  takeRecords() {
    this.#own;
    return [];
  }
}
exposeInterface(PerformanceObserver);

// ---- what says nothing

const EventCountsIterator = makePairIterator('EventCounts');

class EventCounts {
  #none = [];
  get size() {
    return this.#none.length;
  }
  get(type) {
    this.#none;
    needArguments(arguments.length, 1, 'get', 'EventCounts');
    return undefined;
  }
  has(type) {
    this.#none;
    needArguments(arguments.length, 1, 'has', 'EventCounts');
    return false;
  }
  entries() {
    return new EventCountsIterator(this.#none, 2);
  }
  keys() {
    return new EventCountsIterator(this.#none, 0);
  }
  values() {
    return new EventCountsIterator(this.#none, 1);
  }
  forEach(callback) {
    this.#none;
    if (typeof callback !== 'function') needArguments(0, 1, 'forEach', 'EventCounts', 'function');
  }
}
ObjectDefineProperty(EventCounts.prototype, SymbolIterator,
  { __proto__: null, value: EventCounts.prototype.entries, writable: true, enumerable: false, configurable: true });
hideConstructor(EventCounts);

const LOOP_TIMES = { __proto__: null, nodeStart: 0, v8Start: 0, bootstrapComplete: 0, environment: 0, loopStart: 0,
  loopExit: 0, idleTime: 0, uvMetricsInfo: null };

class PerformanceNodeTiming extends PerformanceEntry {
  constructor() {
    super('node', 'node', 0, 0);
    const names = ObjectKeys(LOOP_TIMES);
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      const value = name === 'uvMetricsInfo' ? { loopCount: 0, events: 0, eventsWaiting: 0 } : 0;
      ObjectDefineProperty(this, name,
        { __proto__: null, value, writable: false, enumerable: true, configurable: true });
    }
  }
  toJSON() {
    return { ...entryJSON(this), ...LOOP_TIMES, uvMetricsInfo: this.uvMetricsInfo };
  }
}
hideConstructor(PerformanceNodeTiming);

// ---- performance

class Performance extends EventTarget {
  #entries = null; // a list, once there is one

  #add(entry) {
    const entries = (this.#entries ??= []);
    entries[entries.length] = entry;
    return entry;
  }

  // The entries of a type and a name, each where it is given.
  #find(type, name) {
    const entries = this.#entries ?? [], found = [];
    for (let i = 0; i < entries.length; i++) {
      if (type !== undefined && entryType(entries[i]) !== type) continue;
      if (name === undefined || entryName(entries[i]) === name) found[found.length] = entries[i];
    }
    return found;
  }

  // A name: what has it, of whatever type, as in workerd.
  #clear(type, name) {
    const entries = this.#entries ?? [], kept = [];
    for (let i = 0; i < entries.length; i++) {
      const goes = name === undefined ? entryType(entries[i]) === type : entryName(entries[i]) === name;
      if (!goes) kept[kept.length] = entries[i];
    }
    this.#entries = kept.length === 0 ? null : kept;
  }

  #timeOfMark(name) {
    const marks = this.#find('mark', name);
    return marks.length === 0 ? undefined : entryStart(marks[0]);
  }

  get timeOrigin() {
    this.#entries;
    return 0;
  }
  now() {
    this.#entries;
    return currentTime();
  }
  get eventCounts() {
    this.#entries;
    return new EventCounts();
  }
  clearMarks(name = undefined) {
    this.#entries;
    this.#clear('mark', name === undefined ? undefined : `${name}`);
  }
  clearMeasures(name = undefined) {
    this.#entries;
    this.#clear('measure', name === undefined ? undefined : `${name}`);
  }
  clearResourceTimings() {
    this.#entries;
  }
  getEntries() {
    return this.#find(undefined, undefined);
  }
  getEntriesByName(name, type = undefined) {
    this.#entries;
    needArguments(arguments.length, 1, 'getEntriesByName', 'Performance');
    const text = `${name}`;
    return this.#find(type === undefined ? undefined : `${type}`, text);
  }
  getEntriesByType(type) {
    this.#entries;
    needArguments(arguments.length, 1, 'getEntriesByType', 'Performance');
    return this.#find(`${type}`, undefined);
  }
  mark(name, options = undefined) {
    this.#entries;
    needArguments(arguments.length, 1, 'mark', 'Performance');
    const text = `${name}`;
    if (options != null && !isObject(options)) needArguments(1, 2, 'mark', 'Performance', ['string', 'Options']);
    return this.#add(new PerformanceMark(text, options));
  }
  measure(name, startOrOptions = undefined, endMark = undefined) {
    this.#entries;
    needArguments(arguments.length, 1, 'measure', 'Performance');
    const text = `${name}`;
    let start, end, detail = null;
    if (isObject(startOrOptions)) {
      detail = readDetail(startOrOptions);
      const { start: from } = startOrOptions;
      start = from === undefined ? 0 : +from;
      const { duration } = startOrOptions;
      const length = duration === undefined ? undefined : +duration;
      const { end: to } = startOrOptions;
      end = to !== undefined ? +to : length === undefined ? undefined : start + length;
    } else if (startOrOptions != null) {
      start = this.#timeOfMark(`${startOrOptions}`);
      end = endMark === undefined ? undefined : this.#timeOfMark(`${endMark}`);
    }
    return this.#add(new PerformanceMeasure(text, start ?? 0, end ?? currentTime(), detail));
  }
  setResourceTimingBufferSize(size) {
    this.#entries;
    needArguments(arguments.length, 1, 'setResourceTimingBufferSize', 'Performance', 'unsigned integer');
    wholeNumber(size);
  }
  toJSON() {
    this.#entries;
    return { timeOrigin: 0 };
  }
  get nodeTiming() {
    this.#entries;
    return new PerformanceNodeTiming();
  }
  eventLoopUtilization() {
    this.#entries;
    return { idle: 0, active: 0, utilization: 0 };
  }
  markResourceTiming() {
    this.#entries;
  }
  timerify(callback) {
    this.#entries;
    if (typeof callback !== 'function') needArguments(0, 1, 'timerify', 'Performance', 'function');
    return callback;
  }
}
exposeIllegal(Performance);
exposeOwn('performance', new Performance());
