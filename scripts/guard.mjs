// What the platform's own functions may not do, because a Worker may have replaced what they would reach: call a method
// of one of the language's prototypes by its name, read an accessor of one, read a member of one of the language's
// constructors, iterate (for-of, spread, array patterns: Array.prototype[Symbol.iterator]), or look up a global.
// src/guest/web/primordials.js has what to use instead. Code that runs while the image is made (the top level of a
// file, static blocks) may do all of it.
//
// The check is by name and knows no types, so methods of the platform's own classes have other names than those of the
// language's; only `this`, `super`, private members and what is in OWN are passed over.
import { parse } from "acorn";

// A line with this comment iterates, or calls a method of, what a Worker gave.
const THEIRS = "// the Worker's";
// Receivers that are the platform's own, whatever the method is called.
const OWN = new Set(["native"]);
// Globals that cannot be replaced or that only the top level reads.
const FIXED = new Set(["undefined", "NaN", "Infinity", "arguments", "native"]);
// Methods whose names are everybody's: what is called so is a Worker's object, a function or a class of the platform.
const INTRINSICS = ["Array", "ArrayBuffer", "BigInt", "Boolean", "DataView", "Date", "Error", "FinalizationRegistry",
  "Function", "Map", "Number", "Object", "Promise", "RegExp", "Set", "String", "Symbol", "Uint8Array", "WeakMap",
  "WeakRef", "WeakSet", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError",
  "URIError", "Iterator", "Proxy", "Math", "JSON", "Reflect", "Intl", "Atomics"];

const methods = new Set(), accessors = new Set(["byteLength", "byteOffset", "description", "detached"]);
function take(prototype) {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const { value } = Object.getOwnPropertyDescriptor(prototype, name);
    if (typeof value === "function" && name !== "constructor") methods.add(name);
  }
}
for (const name of INTRINSICS) if (globalThis[name]?.prototype) take(globalThis[name].prototype);
const iteratorOf = (iterable) => Object.getPrototypeOf(iterable[Symbol.iterator]());
for (const made of [Object.getPrototypeOf(Uint8Array.prototype), iteratorOf([]), iteratorOf(new Map()),
  Object.getPrototypeOf(function* () {}).prototype, Object.getPrototypeOf(async function* () {}).prototype]) take(made);

// ---- scopes

function namesIn(pattern, names) {
  if (pattern === null) return;
  if (pattern.type === "Identifier") names.add(pattern.name);
  else if (pattern.type === "ObjectPattern") for (const p of pattern.properties) namesIn(p.value ?? p.argument, names);
  else if (pattern.type === "ArrayPattern") for (const p of pattern.elements) namesIn(p, names);
  else if (pattern.type === "AssignmentPattern") namesIn(pattern.left, names);
  else if (pattern.type === "RestElement") namesIn(pattern.argument, names);
}

function children(node) {
  const found = [];
  for (const key of Object.keys(node)) {
    const value = node[key];
    if (Array.isArray(value)) for (const v of value) v && typeof v.type === "string" && found.push(v);
    else if (value && typeof value.type === "string") found.push(value);
  }
  return found;
}

const isFunction = (node) => /^(Arrow)?Function(Declaration|Expression)?/.test(node.type);

// The names that are declared in a block or a function's body, those of functions within it left out.
function declared(node, names = new Set()) {
  for (const child of children(node)) {
    if (child.type === "FunctionDeclaration" || child.type === "ClassDeclaration") names.add(child.id.name);
    if (isFunction(child) || child.type.startsWith("Class")) continue;
    if (child.type === "VariableDeclarator") namesIn(child.id, names);
    if (child.type === "CatchClause") namesIn(child.param, names);
    declared(child, names);
  }
  return names;
}

// ---- the walk

// What is wrong in `files` ({ name, text }), as lines; names that `others` declare are known.
export function guard(files, others = []) {
  const all = new Set(), found = [];
  const parseFile = ({ name, text }) => {
    const tree = parse(text, { ecmaVersion: "latest", sourceType: "script", locations: true, allowReturnOutsideFunction: true });
    declared(tree, all);
    return { name, tree, lines: text.split("\n") };
  };
  const parsed = files.map(parseFile);
  others.map(parseFile);
  for (const { name, tree, lines } of parsed) walk(tree, { file: name, lines, scopes: [all], inside: false });
  return found;

  function refuse(node, where, what) {
    if (!where.lines[node.loc.start.line - 1].includes(THEIRS)) found.push(`${where.file}:${node.loc.start.line}: ${what}`);
  }
  function isDeclared(name, where) {
    return where.scopes.some((scope) => scope.has(name));
  }
  function walkAll(nodes, where) {
    for (const node of nodes) if (node) walk(node, where);
  }
  function walkFunction(node, where) {
    const names = declared(node.body);
    for (const p of node.params) namesIn(p, names);
    if (node.id) names.add(node.id.name);
    const inner = { ...where, scopes: [...where.scopes, names], inside: true };
    walkAll(node.params, inner);
    walk(node.body, inner);
  }
  function member(node, where, isCall) {
    if (!where.inside || node.computed || node.property.type === "PrivateIdentifier") return;
    const { object } = node, { name } = node.property;
    if (object.type === "ThisExpression" || object.type === "Super") return;
    if (object.type === "Identifier" && OWN.has(object.name)) return;
    if (object.type === "Identifier" && INTRINSICS.includes(object.name)) {
      if (name !== "prototype" && object.name !== "Symbol") refuse(node, where, `${object.name}.${name}`);
    } else if (isCall && methods.has(name)) refuse(node, where, `.${name}()`);
    else if (!isCall && accessors.has(name)) refuse(node, where, `.${name}`);
  }
  function walk(node, where) {
    switch (node.type) {
      case "FunctionDeclaration": case "FunctionExpression": case "ArrowFunctionExpression":
        walkFunction(node, where);
        return;
      case "ClassDeclaration": case "ClassExpression": {
        const inner = node.id ? { ...where, scopes: [...where.scopes, new Set([node.id.name])] } : where;
        walkAll([node.superClass], inner);
        for (const part of node.body.body) {
          if (part.type === "StaticBlock") walkAll(part.body, { ...inner, scopes: [...inner.scopes, declared(part)] });
          else {
            if (part.computed) walk(part.key, inner);
            if (part.value) walk(part.value, part.type === "PropertyDefinition" && !part.static ? { ...inner, inside: true } : inner);
          }
        }
        return;
      }
      case "Property":
        if (node.computed) walk(node.key, where);
        walk(node.value, where);
        return;
      case "CallExpression":
        if (node.callee.type === "MemberExpression") {
          member(node.callee, where, true);
          walk(node.callee.object, where);
          if (node.callee.computed) walk(node.callee.property, where);
        } else walk(node.callee, where);
        walkAll(node.arguments, where);
        return;
      case "MemberExpression":
        member(node, where, false);
        walk(node.object, where);
        if (node.computed) walk(node.property, where);
        return;
      case "SpreadElement":
        if (where.inside && !node.ofObject) refuse(node, where, "spread");
        walk(node.argument, where);
        return;
      case "ObjectExpression":
        for (const p of node.properties) if (p.type === "SpreadElement") p.ofObject = true;
        walkAll(node.properties, where);
        return;
      case "ArrayPattern":
        if (where.inside) refuse(node, where, "array pattern");
        walkAll(node.elements, where);
        return;
      case "ForOfStatement":
        if (where.inside) refuse(node, where, "for-of");
        break;
      case "LabeledStatement":
        walk(node.body, where);
        return;
      case "BreakStatement": case "ContinueStatement": case "MetaProperty":
        return;
      case "Identifier":
        if (where.inside && !isDeclared(node.name, where) && !FIXED.has(node.name)) refuse(node, where, `global ${node.name}`);
        return;
      default:
    }
    walkAll(children(node), where);
  }
}
