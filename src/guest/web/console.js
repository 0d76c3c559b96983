// console.js: console. Values become text by Node's library (node/), of which workerd's is a copy. Every call becomes one
// text and a level: 0 debug, 1 info, 2 log, 3 warn, 4 error.

const LOG_DEBUG = 0, LOG_INFO = 1, LOG_LOG = 2, LOG_WARN = 3, LOG_ERROR = 4;

// State of the one console. Plain objects: nothing hashed may be in the image.
const consoleState = { __proto__: null, counts: null, timers: null, indent: '',
  tell: null }; // who takes the values of a call, instead of their text: (level, list)

// printf-like, as util.format; whatever the arguments do.
function formatLog(args) {
  if (args.length === 1 && typeof args[0] === 'string') return args[0];
  try {
    return ReflectApply(nodeLib.inspect.format, undefined, args);
  } catch (e) {
    return `<Formatting threw (${thrownText(e)})>`;
  }
}

const StringOf = String;
function thrownText(thrown) {
  try {
    return native.classOf(thrown) === 'Error' ? thrown.stack : StringOf(thrown);
  } catch {
    return 'what cannot be shown';
  }
}

function emit(level, text) {
  if (consoleState.tell !== null) {
    consoleState.tell(level, [text]);
    return;
  }
  const indent = consoleState.indent;
  native.log(level, indent === '' ? text : indent + StringPrototypeReplaceAll(text, '\n', `\n${indent}`));
}

function logAll(level, args) {
  if (consoleState.tell !== null) consoleState.tell(level, args);
  else emit(level, formatLog(args));
}

function failedAssertion(args) {
  const given = [args.length > 0 ? 'Assertion failed:' : 'Assertion failed'];
  for (let i = 0; i < args.length; i++) given[i + 1] = args[i];
  return given;
}

const labelOf = (label) => (label === undefined ? 'default' : `${label}`);

function elapsed(label, name) {
  const started = consoleState.timers?.[label];
  if (started === undefined) {
    emit(LOG_WARN, `Warning: No such label '${label}' for console.${name}()`);
    return null;
  }
  return `${label}: ${native.now() - started}ms`;
}

// ---- console.table

const tableCell = (value) => nodeLib.inspect.inspect(value, { __proto__: null, maxArrayLength: 3, breakLength: Infinity,
  depth: isObject(value) && !ArrayIsArray(value) && ObjectKeys(value).length > 2 ? -1 : 0 });

// The cells of the column with this head, added if there is none.
function tableColumn(table, head, rows) {
  for (let i = 0; i < table.heads.length; i++) if (table.heads[i] === head) return table.columns[i];
  const cells = [];
  for (let i = 0; i < rows; i++) cells[i] = '';
  table.heads[table.heads.length] = head;
  return (table.columns[table.columns.length] = cells);
}

// Columns of the rows' own properties in the order in which they are met; values that are no objects come last.
function tableOfRows(table, data) {
  const keys = ObjectKeys(data);
  const values = { __proto__: null, heads: [], columns: [] };
  const index = tableColumn(table, '(index)', 0);
  for (let i = 0; i < keys.length; i++) {
    const row = data[keys[i]];
    index[i] = keys[i];
    if (isObject(row)) {
      const names = ObjectKeys(row);
      for (let j = 0; j < names.length; j++) tableColumn(table, names[j], keys.length)[i] = tableCell(row[names[j]]);
    } else {
      tableColumn(values, 'Values', keys.length)[i] = tableCell(row);
    }
  }
  if (values.heads.length > 0) {
    table.heads[table.heads.length] = 'Values';
    table.columns[table.columns.length] = values.columns[0];
  }
}

function tableOfEntries(table, list, pairs) {
  for (let i = 0; i < list.length; i++) {
    const row = pairs ? MathFloor(i / 2) : i;
    tableColumn(table, '(iteration index)', 0)[row] = `${row}`;
    tableColumn(table, pairs && i % 2 === 0 ? 'Key' : 'Values', 0)[row] = tableCell(list[i]);
  }
}

function tableText(data) {
  const table = { __proto__: null, heads: [], columns: [] };
  const kind = native.classOf(data);
  if (kind === 'Map' || kind === 'Set' || kind === 'Map Iterator' || kind === 'Set Iterator') {
    const { 0: list, 1: pairs } = previewEntries(data, true);
    tableOfEntries(table, list, pairs);
  } else {
    tableOfRows(table, data);
  }
  return nodeLib.cliTable(table.heads, table.columns);
}

const consoleMethods = {
  __proto__: {},
  debug(...args) {
    logAll(LOG_DEBUG, args);
  },
  error(...args) {
    logAll(LOG_ERROR, args);
  },
  info(...args) {
    logAll(LOG_INFO, args);
  },
  log(...args) {
    logAll(LOG_LOG, args);
  },
  warn(...args) {
    logAll(LOG_WARN, args);
  },
  dir(value = undefined, options = undefined) {
    emit(LOG_LOG, nodeLib.inspect.inspect(value, { customInspect: false, ...options }));
  },
  dirxml(...args) {
    emit(LOG_LOG, formatLog(args));
  },
  table(data = undefined) {
    emit(LOG_LOG, isObject(data) ? tableText(data) : formatLog([data]));
  },
  trace(...args) {
    const stack = StringPrototypeTrimEnd(framesOf(new ErrorConstructor().stack));
    const text = formatLog(args);
    emit(LOG_LOG, `Trace${text === '' ? '' : `: ${text}`}\n${stack}`);
  },
  group(...args) {
    if (args.length > 0) emit(LOG_LOG, formatLog(args));
    consoleState.indent += '  ';
  },
  groupCollapsed(...args) {
    if (args.length > 0) emit(LOG_LOG, formatLog(args));
    consoleState.indent += '  ';
  },
  groupEnd() {
    consoleState.indent = StringPrototypeSlice(consoleState.indent, 2);
  },
  clear() {},
  count(label = undefined) {
    const counts = (consoleState.counts ??= { __proto__: null });
    const name = labelOf(label);
    counts[name] = (counts[name] ?? 0) + 1;
    emit(LOG_LOG, `${name}: ${counts[name]}`);
  },
  countReset(label = undefined) {
    const name = labelOf(label);
    if (consoleState.counts?.[name] === undefined) emit(LOG_WARN, `Warning: Count for '${name}' does not exist`);
    else delete consoleState.counts[name];
  },
  assert(condition = undefined, ...args) {
    if (condition) return;
    if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`;
    else args = failedAssertion(args);
    emit(LOG_WARN, formatLog(args));
  },
  profile() {},
  profileEnd() {},
  time(label = undefined) {
    const timers = (consoleState.timers ??= { __proto__: null });
    const name = labelOf(label);
    if (timers[name] !== undefined) emit(LOG_WARN, `Warning: Label '${name}' already exists for console.time()`);
    else timers[name] = native.now();
  },
  timeLog(label = undefined, ...args) {
    const text = elapsed(labelOf(label), 'timeLog');
    if (text !== null) emit(LOG_LOG, args.length > 0 ? `${text} ${formatLog(args)}` : text);
  },
  timeEnd(label = undefined) {
    const name = labelOf(label);
    const text = elapsed(name, 'timeEnd');
    if (text === null) return;
    delete consoleState.timers[name];
    emit(LOG_LOG, text);
  },
  timeStamp() {},
  context() {
    return consoleMethods;
  },
};
for (const name of ['debug', 'error', 'info', 'log', 'warn']) {
  ObjectDefineProperty(consoleMethods[name], 'name', { __proto__: null, value: '', configurable: true });
}
ObjectDefineProperty(consoleMethods, Symbol.toStringTag,
  { __proto__: null, value: 'console', writable: false, enumerable: false, configurable: true });
defineGlobal('console', consoleMethods);
