// console.js: console. Every call becomes one text and a level: 0 debug, 1 info, 2 log, 3 warn, 4 error.

const LOG_DEBUG = 0, LOG_INFO = 1, LOG_LOG = 2, LOG_WARN = 3, LOG_ERROR = 4;

// State of the one console. Plain objects: nothing hashed may be in the image.
const consoleState = { __proto__: null, counts: null, timers: null, indent: '' };

function substitute(directive, value) {
  switch (directive) {
    case 's':
      if (typeof value === 'bigint') return `${value}n`;
      if (typeof value === 'number') return formatPrimitive(value);
      if (!isObject(value)) return typeof value === 'string' ? value : formatPrimitive(value);
      return inspect(value, 0);
    case 'd':
      return typeof value === 'bigint' ? `${value}n` : isObject(value) ? 'NaN' : formatNumber(value, Number);
    case 'i':
      return typeof value === 'bigint' ? `${value}n` : isObject(value) ? 'NaN' : formatNumber(value, NumberParseInt);
    case 'f':
      return formatNumber(value, NumberParseFloat);
    case 'j':
      return JSONStringify(value) ?? 'undefined';
    case 'c':
      return '';
    default:
      return inspect(value, directive === 'o' ? 4 : INSPECT_DEPTH);
  }
}
const { parseInt: NumberParseInt, parseFloat: NumberParseFloat } = Number;
const formatNumber = (value, convert) => (typeof value === 'symbol' ? 'NaN' : formatPrimitive(convert(value)));

const DIRECTIVES = { __proto__: null, s: true, d: true, i: true, f: true, j: true, o: true, O: true, c: true };

// printf-like, as util.format
function formatLog(args) {
  if (args.length === 0) return '';
  let next = 0;
  let out = '';
  if (typeof args[0] === 'string') {
    const format = args[0];
    next = 1;
    if (args.length === 1 || !StringPrototypeIncludes(format, '%')) {
      out = format;
    } else {
      for (let i = 0; i < format.length; i++) {
        const c = format[i];
        const directive = c === '%' ? format[i + 1] : undefined;
        if (directive === '%') {
          out += '%';
          i++;
        } else if (directive !== undefined && DIRECTIVES[directive] && next < args.length) {
          out += substitute(directive, args[next++]);
          i++;
        } else {
          out += c;
        }
      }
    }
  }
  for (let i = next; i < args.length; i++) {
    if (i > 0) out += ' ';
    out += typeof args[i] === 'string' ? args[i] : inspect(args[i]);
  }
  return out;
}

function emit(level, text) {
  const indent = consoleState.indent;
  native.log(level, indent === '' ? text : indent + StringPrototypeReplaceAll(text, '\n', `\n${indent}`));
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

function tableRows(data) {
  const keys = ObjectKeys(data);
  const columns = [];
  const rows = [];
  let values = false;
  for (let i = 0; i < keys.length; i++) {
    const row = data[keys[i]];
    const cells = { __proto__: null };
    rows[i] = { __proto__: null, index: keys[i], cells, value: undefined };
    if (!isObject(row)) {
      rows[i].value = inspect(row, 0);
      values = true;
      continue;
    }
    for (const key of ObjectKeys(row)) {
      cells[key] = inspect(row[key], 0);
      if (!columns.includes(key)) columns[columns.length] = key;
    }
  }
  return { columns, rows, values };
}

function tableText({ columns, rows, values }) {
  const head = ['(index)', ...columns];
  if (values) head[head.length] = 'Values';
  const lines = [head];
  for (const row of rows) {
    const line = [row.index];
    for (const column of columns) line[line.length] = row.cells[column] ?? '';
    if (values) line[line.length] = row.value ?? '';
    lines[lines.length] = line;
  }
  const widths = [];
  for (let c = 0; c < head.length; c++) {
    widths[c] = 2;
    for (const line of lines) widths[c] = MathMax(widths[c], line[c].length + 2);
  }
  const rule = (left, middle, right) => {
    let text = left;
    for (let c = 0; c < widths.length; c++) text += (c ? middle : '') + StringPrototypeRepeat('─', widths[c]);
    return text + right;
  };
  const render = (line) => {
    let text = '│';
    for (let c = 0; c < line.length; c++) text += ` ${StringPrototypePadEnd(line[c], widths[c] - 1)}│`;
    return text;
  };
  let text = `${rule('┌', '┬', '┐')}\n${render(head)}\n${rule('├', '┼', '┤')}\n`;
  for (let i = 1; i < lines.length; i++) text += `${render(lines[i])}\n`;
  return text + rule('└', '┴', '┘');
}

const consoleMethods = {
  debug(...args) {
    emit(LOG_DEBUG, formatLog(args));
  },
  error(...args) {
    emit(LOG_ERROR, formatLog(args));
  },
  info(...args) {
    emit(LOG_INFO, formatLog(args));
  },
  log(...args) {
    emit(LOG_LOG, formatLog(args));
  },
  warn(...args) {
    emit(LOG_WARN, formatLog(args));
  },
  dir(value = undefined, options = undefined) {
    const depth = options?.depth;
    emit(LOG_LOG, inspect(value, depth === null ? Infinity : depth === undefined ? INSPECT_DEPTH : +depth));
  },
  dirxml(...args) {
    emit(LOG_LOG, formatLog(args));
  },
  table(data = undefined) {
    emit(LOG_LOG, isObject(data) ? tableText(tableRows(data)) : formatLog([data]));
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
    else ArrayPrototypeSplice(args, 0, 0, args.length > 0 ? 'Assertion failed:' : 'Assertion failed');
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
};
ObjectDefineProperty(consoleMethods, Symbol.toStringTag,
  { __proto__: null, value: 'console', writable: false, enumerable: false, configurable: true });
defineGlobal('console', consoleMethods);
