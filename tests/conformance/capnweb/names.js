// Cap'n Web: names that mean something to the language or the platform, in paths, values, errors and map(): they are
// refused or plain data, nothing of Object.prototype can be called, and nobody's prototypes change.
import { RpcTarget } from "capnweb";
import { checks } from "../checks.js";
import { Api, pair, played, settle } from "../sessions.js";

const OBJECT = ["__proto__", "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toString",
  "toLocaleString", "valueOf", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"];
const OTHER = ["toJSON", "then", "catch", "finally", "prototype", "name", "length", "call", "apply", "bind", "arguments", "caller",
  "dup", "map", "onRpcBroken", "Symbol.iterator", "Symbol(Symbol.dispose)", "@@dispose", "#log", "kept", "_hidden", "0", "-1", ""];
const NAMES = [...OBJECT, ...OTHER];
const ITS_OWN = ["__proto__", "catch", "finally", "then", "dup", "map", "onRpcBroken"]; // a stub's
const BEFORE = Reflect.ownKeys(Object.prototype).length;
const untouched = () => [Reflect.ownKeys(Object.prototype).length - BEFORE, {}.polluted, (() => {}).polluted, [].polluted, new Error().polluted, RpcTarget.prototype.polluted];

function told(v) {
  if (v === null || typeof v !== "object") return typeof v === "function" ? "function" : `${typeof v} ${String(v)}`;
  return Object.prototype.toString.call(v);
}
function shape(v) {
  const prototype = Object.getPrototypeOf(v);
  const kind = [Object, Array, Error, RangeError, TypeError].find((c) => c.prototype === prototype)?.name ?? "odd";
  const own = Reflect.ownKeys(v).filter((key) => typeof key === "string" && !(v instanceof Error && key === "stack"));
  return [kind, ...own.map((key) => `${key}: ${told(Object.getOwnPropertyDescriptor(v, key).value)}`)];
}
class Main extends Api {
  shape(v) { return shape(v); }
  function() { return Object.assign((x) => x + 1, { member: { a: 1 } }); }
  object() { return { f: () => "f", n: 1, inner: { g: () => "g" }, list: [() => "of a list"], null: null }; }
  text() { return "text"; }
  error() { return new RangeError("m"); }
  failed(name) { return Object.defineProperty(new RangeError("m"), name, { value: { polluted: 1 }, enumerable: true, configurable: true, writable: true }); }
  throws(name) { throw this.failed(name); }
  own(name) { return Object.defineProperty({ a: 1 }, name, { value: { polluted: 1 }, enumerable: true, configurable: true, writable: true }); }
  ownFunction(name) { return Object.defineProperty({ a: 1 }, name, { value: () => "called", enumerable: true }); }
}
// What a session answers to these messages, and what became of the prototypes.
const asked = async (...messages) => {
  const p = played(new Main());
  const lines = await p.ask(...messages);
  return [...lines.map((line) => line.replaceAll("f is not a function", "not a function")).sort(), ...untouched().filter(Boolean)];
};
const push = (path, args, id = 0) => ["push", ["pipeline", id, path, ...(args ? [args] : [])]];
const J = JSON.stringify;
const each = (prefix, f, names = NAMES) => Object.fromEntries(names.map((name) => [`${prefix} ${name}`, () => f(name)]));
// Members of what a call gave, which is id 1.
const below = (method) => (name) => asked(push([method], []), push([name], undefined, 1), push([name], [], 1), push([name, name], [], 1), ["pull", 2], ["pull", 3], ["pull", 4]);
const answer = async (f) => {
  const p = pair(new Main());
  let result;
  try {
    result = await Promise.race([f(p.api), settle(20).then(() => "nothing")]);
    result = result instanceof Error || (result !== null && typeof result === "object") ? shape(result) : told(result);
  } catch (e) {
    result = e instanceof RangeError ? ["threw", ...shape(e)] : `threw ${e?.name}: ${e?.message}`;
  }
  return [result, ...untouched().filter(Boolean)];
};
// What a stub has itself is not asked of the peer.
const sent = (f) => async () => {
  const p = pair(new Main());
  let local;
  try {
    local = typeof f(p.api);
  } catch (e) {
    local = e.name;
  }
  return [local, ...(await p.said()).filter((line) => line.startsWith('> ["push"'))];
};

export default checks({
  ...each("a call of the main object's", (name) => asked(push([name], [1]), ["pull", 1])),
  ...each("a member of the main object's", (name) => asked(push([name]), ["pull", 1])),
  ...each("twice", (name) => asked(push([name, name]), ["pull", 1])),
  ...each("above a method", (name) => asked(push([name, "add"], [1]), ["pull", 1])),
  ...each("below a method", (name) => asked(push(["add", name], [1]), ["pull", 1])),
  ...each("of a getter's object", (name) => asked(push(["data", name]), push(["data", "a", name]), push(["data", "s", name]), ["pull", 1], ["pull", 2], ["pull", 3])),
  ...each("of a target", below("child")),
  ...each("of a function", below("function")),
  ...each("of an object", below("object")),
  ...each("of a list", below("list")),
  ...each("of a text", below("text")),
  ...each("of an error", below("error")),
  ...each("of nothing", below("none")),
  ...each("an import's member", (name) => asked(push(["call"], [["import", 0, [name]]]), push(["echo"], [["pipeline", 0, [name]]]), ["pull", 1], ["pull", 2])),
  ...each("an object with its own", (name) => asked(`["push",["pipeline",0,["shape"],[{${J(name)}:{"polluted":1},"a":1}]]]`, ["pull", 1])),
  ...each("an object with its own, deep", (name) => asked(`["push",["pipeline",0,["shape"],[{${J(name)}:{${J(name)}:{"polluted":1}}}]]]`, ["pull", 1])),
  ...each("an object with a function as its own", (name) => asked(`["push",["pipeline",0,["shape"],[{${J(name)}:["export",-1],"a":1}]]]`, ["pull", 1])),
  ...each("a result with its own", (name) => asked(push(["echo"], [["pipeline", 0, ["own"], [name]]]), ["pull", 1])),
  ...each("an error with its own", (name) => asked(`["push",["pipeline",0,["shape"],[["error","RangeError","m",null,{${J(name)}:{"polluted":1}}]]]]`, ["pull", 1])),
  ...each("an error with a function as its own", (name) => asked(`["push",["pipeline",0,["shape"],[["error","RangeError","m",null,{${J(name)}:["export",-1]}]]]]`, ["pull", 1])),
  ...each("an error called so", (name) => asked(`["push",["pipeline",0,["shape"],[["error",${J(name)},"m"]]]]`, ["pull", 1])),
  ...each("an error that is thrown, with its own", (name) => asked(push(["throws"], [name]), ["pull", 1]).then((lines) => lines.map((line) => String(line).replace(/"[^"]*\\n[^"]*"/g, '"stack"')))),
  ...each("a tag", (name) => asked(push(["echo"], [[name, 1]]), ["pull", 1])),
  ...each("a class of bytes", (name) => asked(push(["echo"], [["bytes", "AQID", name]]), ["pull", 1])),
  ...each("a message", (name) => asked([name, 1])),
  ...each("a map's path", (name) => asked(push(["list"], []), ["push", ["remap", 1, [name], [], [["pipeline", 0]]]], ["pull", 2])),
  ...each("an instruction's path", (name) => asked(push(["list"], []), ["push", ["remap", 1, [], [["import", 0]], [["pipeline", -1, [name], [["pipeline", 0]]]]]], ["pull", 2])),
  ...each("an instruction's path in its input", (name) => asked(push(["object"], []), ["push", ["remap", 1, [], [], [["pipeline", 0, [name]], ["pipeline", 1, [name]]]]], ["pull", 2])),
  ...each("an instruction's value", (name) => asked(push(["list"], []), `["push",["remap",1,[],[],[{${J(name)}:["pipeline",0],"a":1}]]]`, ["pull", 2])),
  ...each("an instruction's tag", (name) => asked(push(["list"], []), ["push", ["remap", 1, [], [], [[name, 1]]]], ["pull", 2])),
  ...each("a capture's tag", (name) => asked(push(["list"], []), ["push", ["remap", 1, [], [[name, 0]], [1]]], ["pull", 2])),
  ...each("a request's init", (name) => asked(`["push",["pipeline",0,["echo"],[["request","http://a/",{${J(name)}:{"polluted":1}}]]]]`), OBJECT),
  ...each("a header", (name) => asked(push(["echo"], [["headers", [[name, "1"]]]]), ["pull", 1]), OBJECT),
  ...each("what a stub has itself:", (name) => sent((api) => api[name])()),
  ...each("what a promise has itself:", (name) => sent((api) => api.child()[name])()),
  ...each("a member of a stub:", (name) => answer((api) => api[name]), NAMES.filter((name) => !ITS_OWN.includes(name))),
  ...each("an object with its own, back:", (name) => answer((api) => api.own(name))),
  ...each("an object with a function of its own, back:", (name) => answer((api) => api.ownFunction(name)), NAMES.filter((name) => name !== "then")),
  ...each("an error with its own, back:", (name) => answer((api) => api.failed(name)), NAMES.filter((name) => name !== "name")),
  ...each("an error with its own, thrown:", (name) => answer((api) => api.throws(name)), NAMES.filter((name) => name !== "name")),
  ...each("an argument's own:", (name) => answer((api) => api.shape(Object.defineProperty({ a: 1 }, name, { value: { polluted: 1 }, enumerable: true })))),
  ...each("recorded:", (name) => sent((api) => api.list().map((x) => ({ [name]: x })))(), NAMES.filter((name) => name !== "then")),
  ...each("a member recorded:", (name) => sent((api) => api.list().map((x) => x[name]))(), NAMES.filter((name) => !ITS_OWN.includes(name))),
  "then of a peer's object is not called with more than it should be": async () => {
    const p = played(new Main());
    return (await p.ask('["push",["pipeline",0,["echo"],[{"then":["export",-1]}]]]', ["pull", 1])).sort();
  },
  "nobody's prototypes were changed": () => untouched(),
});
