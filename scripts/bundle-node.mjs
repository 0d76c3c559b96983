// Makes Node.js's own library one function for the platform:
//   function nodeLibrary(primordials, internalBinding, process, ours) -> { assert, buffer, ... }
// Its files are taken as they are. What it does natively or what does not fit here is replaced by files of the same name
// in OURS; a file that is neither in OURS nor listed below must not be reached.
// usage: node bundle-node.mjs LIB OURS OUT
import fs from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const [lib, ours, out] = process.argv.slice(2).map((p) => path.resolve(p));

// Of Node.js
const taken = new Set(`buffer events path punycode querystring stream string_decoder url util
  internal/assert internal/assert/myers_diff internal/buffer internal/cli_table internal/constants
  internal/errors internal/events/abort_listener internal/events/symbols internal/fixed_queue internal/mime
  internal/querystring internal/streams/add-abort-signal internal/streams/compose internal/streams/destroy
  internal/streams/duplex internal/streams/duplexify internal/streams/duplexpair internal/streams/end-of-stream
  internal/streams/from internal/streams/legacy internal/streams/operators internal/streams/passthrough
  internal/streams/pipeline internal/streams/readable internal/streams/state internal/streams/transform
  internal/streams/utils internal/streams/writable internal/util internal/util/comparisons
  internal/util/diff internal/util/inspect internal/util/types internal/validators stream/promises
  internal/per_context/primordials`.split(/\s+/));

// Wanted only by code that does not run here
const unused = new Set(`internal/bootstrap/realm internal/crypto/keys internal/fs/glob internal/modules/helpers
  internal/process/execution internal/process/warning internal/source_map/source_map_cache internal/streams/iter/classic
  internal/streams/iter/types internal/tty internal/util/parse_args/parse_args vm internal/worker/js_transferable
  internal/assert/calltracker internal/errors/error_source internal/dns/utils`.split(/\s+/));

// Where workerd's library, which began as Node.js's, says something else. Each text must be there.
const changes = {
  "buffer": [
    ["RegExpPrototypeSymbolReplace(\n    /(.{2})/g,", "RegExpPrototypeSymbolReplace(\n    primordials.hardenRegExp(/(.{2})/g),"],
    ["['string', 'Buffer', 'ArrayBuffer', 'Array', 'Array-like Object'],",
      "['string', 'Buffer', 'TypedArray', 'ArrayBuffer', 'SharedArrayBuffer', 'Array', 'Array-like Object'],"],
    ["Buffer.alloc = function alloc(size, fill, encoding) {\n  validateNumber(size, 'size', 0, kMaxLength);",
      "Buffer.alloc = function alloc(size, fill, encoding) {\n  validateNumber(size, 'size');\n" +
      "  if (size > kMaxLength) throw new ERR_OUT_OF_RANGE('size', `0 to ${kMaxLength}`, size);\n" +
      "  if (size < 0) throw new RangeError(`Invalid typed array length: ${size}`);"],
    ["  validateArray(list, 'list');\n\n  if (list.length === 0)",
      "  if (!ArrayIsArray(list)) throw new ERR_INVALID_ARG_TYPE('list', '(Buffer|Uint8Array)[]', list);\n\n" +
      "  if (list.length === 0)"],
    ["          `list[${i}]`, ['Buffer', 'Uint8Array'], buf);", "          'list', '(Buffer|Uint8Array)[]', buf);"],
    ["        `list[${i}]`, ['Buffer', 'Uint8Array'], list[i]);", "        'list', '(Buffer|Uint8Array)[]', list[i]);"],
    ["    if (offset >= end)\n      return buf;\n  }",
      "    if (offset > end) throw new ERR_OUT_OF_RANGE('start', '0 to end', offset);\n    if (offset === end) return buf;\n  }"],
    ["'buf1', ['Buffer', 'Uint8Array'], buf1", "'a', ['Buffer', 'Uint8Array'], typeof buf1"],
    ["'buf2', ['Buffer', 'Uint8Array'], buf2", "'b', ['Buffer', 'Uint8Array'], typeof buf2"],
    ["'otherBuffer', ['Buffer', 'Uint8Array'], otherBuffer", "'b', ['Buffer', 'Uint8Array'], typeof otherBuffer"],
  ],
  "events": [
    ["    this[kShapeMode] = false;\n  } else {\n    this[kShapeMode] = true;\n  }\n\n  this._maxListeners ||= undefined;",
      "  }\n\n  this._maxListeners ||= undefined;\n  this.domain = null;"],
    ["EventEmitter.prototype.setMaxListeners = function setMaxListeners(n) {\n  validateNumber(n, 'setMaxListeners', 0);",
      "EventEmitter.prototype.setMaxListeners = function setMaxListeners(n) {\n" +
      "  if (typeof n !== 'number' || !(n >= 0)) {\n" +
      "    throw new (require('internal/errors').codes.ERR_OUT_OF_RANGE)('n', 'a non-negative number', n);\n  }"],
  ],
  "path": [
    ["  return () => process.cwd();\n", "  return () => '/';\n"],
    ["validateString(suffix, 'suffix');", "validateString(suffix, 'ext');", 2],
  ],
  "string_decoder": [
    ["['Buffer', 'TypedArray', 'DataView'],", "['string', 'Buffer', 'TypedArray', 'DataView'],"],
  ],
  "internal/errors": [
    ["    return `The URL must be ${res}`;\n  }, TypeError);", "    return `The URL must be ${res}`;\n  }, Error);"],
  ],
  "internal/mime": [
    ["  ERR_INVALID_MIME_SYNTAX,\n", ""],
    ["'use strict';\n", "'use strict';\nclass ERR_INVALID_MIME_SYNTAX extends TypeError {\n" +
      "  constructor(part, text) {\n    super(`Not a valid MIME type: ${text}`);\n  }\n}\n"],
  ],
  "internal/util/inspect": [
    ["    ObjectGetOwnPropertyNames(globalThis),", "    ours.builtInNames(),"],
    ["  const proxy = getProxyDetails(value, !!ctx.showProxy);",
      "  let proxies = 0;\n  let proxy = getProxyDetails(value, !!ctx.showProxy);"],
    ["    value = proxy;\n  }\n",
      "    do {\n" +
      "      if (proxy === null) return inProxies(ctx.stylize('<Revoked Proxy>', 'special'), proxies);\n" +
      "      value = proxy;\n      proxies++;\n      proxy = getProxyDetails(value, false);\n" +
      "    } while (proxy !== undefined);\n  }\n"],
    ["        proxy !== undefined || !FunctionPrototypeSymbolHasInstance(", "        proxies !== 0 || !FunctionPrototypeSymbolHasInstance("],
    ["  return formatRaw(ctx, value, recurseTimes, typedArray);\n}\n",
      "  return inProxies(formatRaw(ctx, value, recurseTimes, typedArray), proxies);\n}\n\n" +
      "const inProxies = (text, count) =>\n" +
      "  `${StringPrototypeRepeat('Proxy(', count)}${text}${StringPrototypeRepeat(')', count)}`;\n"],
    ["    const maybeCustom = value[customInspectSymbol];",
      "    const maybeCustom = ours.inspectorOf(value) ?? value[customInspectSymbol];"],
    ["  try {\n    tag = value[SymbolToStringTag];\n  } catch {\n    // Ignore error.\n  }", "  tag = value[SymbolToStringTag];"],
    ["  if (SymbolIterator in value || constructor === null) {\n    noIterator = false;\n    if (ArrayIsArray(value)) {",
      "  const entries = ours.entriesOf(value);\n" +
      "  if (entries !== undefined || SymbolIterator in value || constructor === null) {\n    noIterator = false;\n" +
      "    if (entries !== undefined) {\n      keys = getKeys(value, ctx.showHidden);\n" +
      "      const prefix = getPrefix(constructor, tag, 'Object', `(${entries.length / 2})`);\n" +
      "      if (entries.length === 0 && keys.length === 0) return `${prefix}{}`;\n" +
      "      braces = [`${prefix}{`, '}'];\n      formatter = FunctionPrototypeBind(formatEntries, null, entries);\n" +
      "    } else if (ArrayIsArray(value)) {"],
    ["function formatSetIterInner(", "function formatEntries(entries, ctx, ignored, recurseTimes) {\n" +
      "  const maxLength = MathMin(MathMax(0, ctx.maxArrayLength), entries.length / 2);\n  const output = [];\n" +
      "  ctx.indentationLvl += 2;\n  for (let i = 0; i < maxLength; i++) {\n" +
      "    const key = formatValue(ctx, entries[2 * i], recurseTimes);\n" +
      "    output[i] = `${key} => ${formatValue(ctx, entries[2 * i + 1], recurseTimes)}`;\n  }\n" +
      "  ctx.indentationLvl -= 2;\n" +
      "  const remaining = entries.length / 2 - maxLength;\n" +
      "  if (remaining > 0) output[maxLength] = remainingText(remaining);\n" +
      "  return output;\n}\n\nfunction formatSetIterInner("],
    ["    if (typeof value === 'function') {\n      base = getFunctionBase(",
      "    if (typeof value === 'function' && constructor !== 'Object') {\n      base = getFunctionBase("],
    ["  try {\n    stack = error.stack;\n  } catch {\n    // If stack is getter that throws, we ignore the error.\n  }",
      "  stack = error.stack;"],
    ["    ctx.seen.push(error);\n    ctx.indentationLvl += 4;\n    const result = formatValue(ctx, stack);\n" +
      "    ctx.indentationLvl -= 4;\n    ctx.seen.pop();\n    return `${ErrorPrototypeToString(error)}\\n    ${result}`;",
      "    return formatValue(ctx, stack, NaN);"],
    ["  if (frames.length > 10) {", "  if (false) {"],
    ["  if (ObjectPrototypeHasOwnProperty(err, 'cause') &&", "  if ('cause' in err &&"],
    ["    if (ArrayIsArray(errors) && ObjectPrototypeHasOwnProperty(err, 'errors') &&", "    if (ArrayIsArray(errors) &&"],
    ["  desc ??= ObjectGetOwnPropertyDescriptor(value, key);",
      "  desc ??= ObjectGetOwnPropertyDescriptor(value, key) ?? { __proto__: null, value: value[key], enumerable: true };"],
    ["{ [byteLength]: ${", "{ byteLength: ${"],
    ["const name = ctx.stylize(`[${key}]`, 'string');",
      "const name = ctx.stylize(isTypedArray(value) ? `[${key}]` : key, 'string');"],
    ["typeof value[SymbolToPrimitive] !== 'function'", "true", 2],
    ["  if (tag !== '') {\n    const position = constructor.indexOf(tag);",
      "  if (tag !== '' && tag !== constructor) {\n    const position = -1;"],
    ["if (ctx.breakLength === Infinity) {", "if (false) {"],
    ["typeof tmp === 'object' || typeof tmp === 'function'", "typeof tmp === 'object'"],
    ["<Inspection threw (${formatValue(ctx, err, recurseTimes)})>", "<Inspection threw (${isError(err) ? err.message : err})>"],
    // A Worker may have replaced what these would call
    ["const strEscapeSequencesReplacer = ", "const strEscapeSequencesReplacer = primordials.hardenRegExp("],
    ["const strEscapeSequencesReplacerSingle = ", "const strEscapeSequencesReplacerSingle = primordials.hardenRegExp("],
    ["[\\udc00-\\udfff]/g;", "[\\udc00-\\udfff]/g);", 2],
    ["RegExpPrototypeSymbolReplace(stripCommentsRegExp, slice)",
      "RegExpPrototypeSymbolReplace(primordials.hardenRegExp(stripCommentsRegExp), slice)"],
    ["RegExpPrototypeSymbolReplace(/ Iterator] {$/,", "RegExpPrototypeSymbolReplace(primordials.hardenRegExp(/ Iterator] {$/),"],
    ["RegExpPrototypeSymbolSplit(/(?<=\\n)/,", "RegExpPrototypeSymbolSplit(primordials.hardenRegExp(/(?<=\\n)/),"],
    ["ctx.seen.includes(value)", "ArrayPrototypeIncludes(ctx.seen, value)"],
    ["ctx.seen.push(value)", "ArrayPrototypePush(ctx.seen, value)"],
    ["ctx.seen.pop()", "ArrayPrototypePop(ctx.seen)", 2],
    ["keys.splice(0, value.length)", "ArrayPrototypeSplice(keys, 0, value.length)"],
    ["frames.splice(offset + 1,", "ArrayPrototypeSplice(frames, offset + 1,"],
  ],
};

function changed(name, text) {
  for (const [from, to, count = 1] of changes[name] ?? []) {
    const parts = text.split(from);
    if (parts.length !== count + 1) throw new Error(`bundle-node: ${name}.js: expected ${count} time(s): ${from}`);
    text = parts.join(to);
  }
  return text;
}

const resolver = {
  name: "node-library",
  setup(b) {
    b.onResolve({ filter: /.*/ }, ({ path: name, importer, kind }) => {
      if (kind === "entry-point") return undefined;
      const own = path.join(ours, `${name}.js`), theirs = path.join(lib, `${name}.js`);
      if (fs.existsSync(own)) return { path: own };
      if (taken.has(name)) {
        if (!fs.existsSync(theirs)) return { errors: [{ text: `these sources of Node.js have no ${name}.js` }] };
        return { path: theirs, pluginData: name };
      }
      if (unused.has(name)) return { path: name, namespace: "unused" };
      return { errors: [{ text: `${name} is not listed (wanted by ${importer})` }] };
    });
    b.onLoad({ filter: /.*/ }, ({ path: file, pluginData: name }) => (name === undefined ? undefined :
      { contents: changed(name, fs.readFileSync(file, "utf8")), loader: "js" }));
    b.onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};

const result = await build({
  entryPoints: [path.join(ours, "index.js")],
  bundle: true,
  write: false,
  format: "iife",
  globalName: "library",
  platform: "neutral",
  target: "esnext",
  charset: "utf8",
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  logLevel: "error",
  plugins: [resolver],
});

const bundle = result.outputFiles[0].text;
const primordials = fs.readFileSync(path.join(lib, "internal/per_context/primordials.js"), "utf8");

// Of the two thousand primordials, the image has those that the bundle asks for.
const wanted = new Set();
for (const [, pattern] of bundle.matchAll(/\{((?:[^{}]|\{[^{}]*\})*)\}\s*=\s*primordials\b/g)) {
  for (const part of pattern.replace(/\{[^{}]*\}/g, "").split(",")) wanted.add(/^\s*(\w+)/.exec(part)[1]);
}
for (const [, name] of bundle.matchAll(/\bprimordials\.(\w+)/g)) wanted.add(name);

fs.writeFileSync(out, `function nodePrimordials(primordials, globalThis) {
${primordials}
return "${[...wanted].join(" ")}";
}
function nodeLibrary(primordials, internalBinding, process, ours) {
${bundle}
return library;
}
`);
