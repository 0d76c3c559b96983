// What a session of Cap'n Web answers to a peer that writes its messages by hand: odd ones, wrong ones, hostile ones.
import { RpcTarget } from "capnweb";
import { checks } from "../checks.js";
import { Api, played } from "../sessions.js";

class Main extends Api {
  type(v) { return v === null ? "null" : Array.isArray(v) ? `array ${v.length}` : `${typeof v} ${Object.prototype.toString.call(v)}`; }
  keys(v) { return Reflect.ownKeys(v).map(String); }
  proto(v) { return Object.getPrototypeOf(v) === Object.prototype; }
  show(v) { return JSON.stringify(v); }
  error(e) { return [e.constructor.name, e.name, e.message, Object.keys(e), "cause" in e]; }
  stack(e) { return e.stack; }
}
// Gives a session these messages; what it answered.
const told = (...messages) => async () => {
  const log = [];
  const main = new Main(log);
  const p = played(main);
  const lines = await p.ask(...messages);
  return [...lines, ...log, p.session.getStats()];
};
// The order of what is answered in one turn is nobody's business.
const sorted = (...messages) => async () => (await told(...messages)()).map(String).sort();
const call = (name, ...args) => ["push", ["pipeline", 0, [name], args]];
const asked = (name, ...args) => told(call(name, ...args), ["pull", 1]);
const deep = (n, leaf = 1) => { let text = JSON.stringify(leaf); for (let i = 0; i < n; i++) text = `[[${text}]]`; return text; };
const deepObject = (n) => '{"a":'.repeat(n) + "1" + "}".repeat(n);

export default checks({
  "nothing": told(),
  "a push": told(call("add", 1)),
  "a push and a pull": asked("add", 1),
  "pulled twice": told(call("add", 1), ["pull", 1], ["pull", 1]),
  "released": told(call("add", 1), ["release", 1, 1]),
  "pulled and released at once": told(call("later", 1), ["pull", 1], ["release", 1, 1]),
  "released, then pulled": told(call("add", 1), ["release", 1, 1], ["pull", 1]),
  "released too often": told(call("add", 1), ["release", 1, 2]),
  "released none": told(call("add", 1), ["release", 1, 0], ["pull", 1]),
  "released a negative number": told(call("add", 1), ["release", 1, -1], ["pull", 1]),
  "released half": told(call("add", 1), ["release", 1, 0.5], ["pull", 1]),
  "released the main object": told(["release", 0, 1], call("add", 1)),
  "released nothing there": told(["release", 5, 1]),
  "released with a text": told(["release", "1", 1]),
  "released without a count": told(call("add", 1), ["release", 1]),
  "pulled nothing there": told(["pull", 7]),
  "pulled a text": told(["pull", "0"]),
  "pulled a fraction": told(["pull", 0.5]),
  "pulled without a number": told(["pull"]),
  "pulled the main object": told(["pull", 0]),
  "an unknown message": told(["hello", 1]),
  "an empty message": told([]),
  "no array": told({ push: 1 }),
  "a number": told("5"),
  "null": told("null"),
  "a text": told('"push"'),
  "no JSON": (async () => { const lines = await told("[1,")(); return lines.length; }),
  "empty text": (async () => { const lines = await told("")(); return lines.length; }),
  "push of nothing": told(["push"]),
  "push of a value": told(["push", 5], ["pull", 1]),
  "push of an array": told(["push", [[1, 2]]], ["pull", 1]),
  "push of an object": told(["push", { a: 1 }], ["pull", 1]),
  "push of an error": told(["push", ["error", "TypeError", "x"]], ["pull", 1]),
  "push of undefined": told(["push", ["undefined"]], ["pull", 1]),
  "push of an import": told(["push", ["import", 0]], ["pull", 1]),
  "push of a pipeline without a path": told(["push", ["pipeline", 0]], ["pull", 1]),
  "push of a pipeline with an empty path": told(["push", ["pipeline", 0, []]], ["pull", 1]),
  "push of a property": told(["push", ["pipeline", 0, ["n"]]], ["pull", 1]),
  "push of an import with a path": told(["push", ["import", 0, ["n"]]], ["pull", 1]),
  "push of an import with a call": told(["push", ["import", 0, ["add"], [4]]], ["pull", 1]),
  "a path with a number": told(["push", [[1, 2, 3]]], ["push", ["pipeline", 1, [1]]], ["pull", 2]),
  "a path with a number as text": told(["push", [[1, 2, 3]]], ["push", ["pipeline", 1, ["1"]]], ["pull", 2]),
  "a path with a fraction": told(["push", [[1, 2, 3]]], ["push", ["pipeline", 1, [0.5]]], ["pull", 2]),
  "a path with -1": told(["push", [[1, 2, 3]]], ["push", ["pipeline", 1, [-1]]], ["pull", 2]),
  "a path with length": told(["push", [[1, 2, 3]]], ["push", ["pipeline", 1, ["length"]]], ["pull", 2]),
  "a path with null": told(["push", ["pipeline", 0, [null]]]),
  "a path that is a text": told(["push", ["pipeline", 0, "add"]]),
  "arguments that are no array": told(["push", ["pipeline", 0, ["add"], 5]]),
  "a pipeline that is too long": told(["push", ["pipeline", 0, ["add"], [], 1]]),
  "a pipeline that is too short": told(["push", ["pipeline"]]),
  "a pipeline to a text": told(["push", ["pipeline", "0"]]),
  "a pipeline to nothing": told(["push", ["pipeline", 9, ["add"]]]),
  "a pipeline to itself": told(["push", ["pipeline", 1, ["add"]]]),
  "a call through __proto__": asked("__proto__"),
  "a call through constructor": told(["push", ["pipeline", 0, ["constructor", "constructor"], ["return 1"]]], ["pull", 1]),
  "a call through toString": asked("toString"),
  "a call of hasOwnProperty": asked("hasOwnProperty", "add"),
  "an instance's property": told(["push", ["pipeline", 0, ["kept"]]], ["pull", 1]),
  "an instance's property, below": told(["push", ["pipeline", 0, ["kept", "x"]]], ["pull", 1]),
  "a private name": told(["push", ["pipeline", 0, ["#n"]]], ["pull", 1]),
  "a function's prototype": told(["push", ["pipeline", 0, ["add", "prototype"]]], ["pull", 1]),
  "a function's name": told(["push", ["pipeline", 0, ["add", "name"]]], ["pull", 1]),
  "a function's call": told(["push", ["pipeline", 0, ["add", "call"], [null, 1]]], ["pull", 1]),
  "the method then": asked("then", 1),
  "a null": asked("type", null),
  "undefined": asked("type", ["undefined"]),
  "undefined with more": asked("type", ["undefined", 1]),
  "inf with more": asked("type", ["inf", 1]),
  "an object": asked("keys", { a: 1, b: [[]] }),
  "an object's prototype": asked("proto", { a: 1 }),
  "an object with __proto__": told('["push",["pipeline",0,["keys"],[{"a":1,"__proto__":{"x":1}}]]]', ["pull", 1]),
  "an object with toJSON": asked("keys", { a: 1, toJSON: 5, toString: 6, constructor: 7, valueOf: 8 }),
  "what such a key holds is evaluated": sorted(["push", ["pipeline", 0, ["keys"], [{ a: 1, toJSON: ["pipeline", 0, ["add"], [5]] }]]], ["pull", 1], ["push", ["pipeline", 0, ["n"]]], ["pull", 2]),
  "what such a key holds is wrong": asked("keys", { toJSON: ["what"] }),
  "a lone array": asked("show", []),
  "an array of one array": asked("show", [[]]),
  "an array of two arrays": asked("show", [[], []]),
  "an array in an array": asked("show", [[[[1]]]]),
  "an unknown tag": asked("show", ["what", 1]),
  "an array of a number": asked("show", [1]),
  "a tag of every object": asked("show", ["toString", 1]),
  "a bigint": asked("type", ["bigint", "-12"]),
  "a bigint of a number": asked("type", ["bigint", 12]),
  "a bigint of nothing": asked("type", ["bigint", ""]),
  "a bigint in hexadecimal": asked("echo", ["bigint", "0x10"]),
  "a bigint with an exponent": (async () => (await asked("type", ["bigint", "1e3"])()).length),
  "a bigint that is long": asked("type", ["bigint", "1".repeat(16384)]),
  "a bigint that is too long": asked("type", ["bigint", "1".repeat(16385)]),
  "a bigint that is too long with its sign": asked("type", ["bigint", "-" + "1".repeat(16384)]),
  "a date": asked("type", ["date", 5]),
  "a date of null": asked("show", ["date", null]),
  "a date of a text": asked("type", ["date", "5"]),
  "a date out of range": asked("show", ["date", 1e300]),
  "an error": asked("error", ["error", "RangeError", "no"]),
  "an error of an unknown class": asked("error", ["error", "OddError", "no"]),
  "an error called toString": asked("error", ["error", "toString", "no"]),
  "an error called __proto__": asked("error", ["error", "__proto__", "no"]),
  "an error without a message": asked("error", ["error", "Error"]),
  "an error with a number": asked("error", ["error", 1, "x"]),
  "an error with a stack": asked("stack", ["error", "Error", "x", "the stack"]),
  "an error with a null stack and properties": asked("error", ["error", "Error", "x", null, { code: 5, cause: [[1]] }]),
  "an error with properties of objects": asked("error", ["error", "Error", "x", null, { toString: 5, name: "y", message: "z", stack: "s", toJSON: 1, code: 2 }]),
  "an error with properties that are none": asked("error", ["error", "Error", "x", null, 5]),
  "an error with properties in an array": asked("error", ["error", "Error", "x", null, [1]]),
  "an aggregate": asked("error", ["error", "AggregateError", "x", null, { errors: [[["error", "Error", "1"]]] }]),
  "an export": told(call("add", 1), call("keep", ["export", -1]), call("useKept", 4), ["pull", 3]),
  "an export twice": told(call("both", ["export", -1], ["export", -1]), ["pull", 1]),
  "an export with a positive number": asked("type", ["export", 5]),
  "an export of 0": asked("type", ["export", 0]),
  "an export with a fraction": asked("type", ["export", -1.5]),
  "an export with a text": asked("type", ["export", "-1"]),
  "a promise": told(call("later", ["promise", -1]), ["pull", 1]),
  "a promise that is resolved": told(call("type", ["promise", -1]), ["pull", 1], ["resolve", -1, 5]),
  "a promise that is rejected": told(call("type", ["promise", -1]), ["pull", 1], ["reject", -1, ["error", "TypeError", "x"]]),
  "a promise that is rejected with a value": told(call("type", ["promise", -1]), ["pull", 1], ["reject", -1, 5]),
  "a promise that is resolved twice": told(call("type", ["promise", -1]), ["resolve", -1, 5], ["resolve", -1, 6], ["pull", 1]),
  "a promise twice": told(call("both", ["promise", -1], ["promise", -1]), ["resolve", -1, 5], ["pull", 1]),
  "a promise of an export": told(call("keep", ["export", -1]), call("type", ["promise", -1]), ["pull", 2]),
  "a promise for the call itself": told(call("type", ["promise", -1]), ["pull", 1], ["resolve", -1, ["pipeline", 1]]),
  "two promises for each other": told(call("both", ["promise", -1], ["promise", -2]), ["pull", 1], ["resolve", -1, ["pipeline", 1, [1]]], ["resolve", -2, ["pipeline", 1, [0]]]),
  "a promise in a promise": told(call("show", ["promise", -1]), ["pull", 1], ["resolve", -1, { a: ["promise", -2] }], ["resolve", -2, { b: ["promise", -3] }], ["resolve", -3, 7]),
  "resolved what is not there": told(["resolve", 3, 5], ["reject", 3, ["error", "Error", "x"]], call("add", 1), ["pull", 1]),
  "resolved what is not there, with a stub": told(["resolve", 3, ["export", -1]]),
  "resolved what is not there, with a wrong value": told(["resolve", 3, ["what"]]),
  "rejected what is not there, with a wrong value": told(["reject", 3, ["what"]], call("add", 1), ["pull", 1]),
  "resolved the main object": told(["resolve", 0, 5]),
  "resolved without a value": told(["resolve", 0]),
  "abort": told(["abort", ["error", "TypeError", "I go"]]),
  "abort with a value": told(["abort", 5]),
  "abort with undefined": told(["abort", ["undefined"]]),
  "abort with a wrong value": told(["abort", ["what"]]),
  "after an abort": told(["abort", 1], call("add", 1), ["pull", 1]),
  "after an error of ours": told(["what"], call("add", 1), ["pull", 1]),
  "the main object's disposal": told(["abort", 1]),
  "a stream of a call": told(["stream", ["pipeline", 0, ["add"], [3]]], call("add", 1), ["pull", 2]),
  "a stream of an error": told(["stream", ["pipeline", 0, ["fail"], ["x"]]]),
  "a stream of nothing": told(["stream"]),
  "a stream that is released": told(["stream", ["pipeline", 0, ["never"], []]], ["release", 1, 1]),
  "a pipe": told(["pipe"], ["pull", 1]),
  "a pipe's methods": told(["pipe"], ...["what", "toString"].map((name) => ["push", ["pipeline", 1, [name], []]]), ["pull", 2], ["pull", 3]),
  "below a pipe's methods": told(["pipe"], ["push", ["pipeline", 1, ["write", "call"], []]], ["push", ["pipeline", 1, []]], ["push", ["pipeline", 1, ["write"]]], ["push", ["pipeline", 1, [0], []]], ...[2, 3, 4, 5].map((id) => ["pull", id])),
  "a map of a pipe": told(["pipe"], ["push", ["remap", 1, [], [], [1]]], ["pull", 2]),
  "a pipe that is released": told(["pipe"], ["release", 1, 1]),
  "a readable without a pipe": asked("type", ["readable", 1]),
  "a readable of a pipe, twice": told(["pipe"], call("type", ["readable", 1]), ["pull", 2], call("type", ["readable", 1]), ["pull", 3]),
  "a readable without a pipe, by odd numbers": async () => [await asked("type", ["readable", 1.5])(), await asked("type", ["readable", 1e300])(), await asked("type", ["readable", -1])()],
  "a readable with a text": asked("type", ["readable", "1"]),
  "a writable": asked("type", ["writable", -1]),
  "a writable with a text": asked("type", ["writable", "x"]),
  "bytes": asked("type", ["bytes", "AQID"]),
  "bytes of a number": asked("type", ["bytes", 5]),
  "bytes of a class": asked("type", ["bytes", "AQIDBA", "Uint16Array"]),
  "bytes of an odd length": asked("type", ["bytes", "AQID", "Uint16Array"]),
  "bytes of a class of our own": asked("type", ["bytes", "AQID", "Array"]),
  "bytes of a long class": asked("type", ["bytes", "AQID", "x".repeat(100)]),
  "bytes of a class that is no text": asked("type", ["bytes", "AQID", 5]),
  "bytes of a class, with more": asked("type", ["bytes", "AQID", "Int8Array", 1]),
  "padded bytes": asked("type", ["bytes", "AQ=="]),
  "a URL": asked("show", ["url", "http://a/b c"]),
  "a wrong URL": (async () => (await asked("show", ["url", "what"])()).length),
  "a URL with more": asked("show", ["url", "http://a/", 1]),
  "headers": asked("type", ["headers", [["a", "1"], ["b", "2"]]]),
  "headers that are none": asked("type", ["headers", "a"]),
  "a request": asked("type", ["request", "http://a/", {}]),
  "a request without init": asked("type", ["request", "http://a/"]),
  "a request with a null init": asked("type", ["request", "http://a/", null]),
  "a request with a number as its body": asked("type", ["request", "http://a/", { method: "POST", body: 5 }]),
  "a request with headers in an object": asked("type", ["request", "http://a/", { headers: { a: "1" } }]),
  "a request with a signal": asked("type", ["request", "http://a/", { signal: 5 }]),
  "a response": asked("type", ["response", null, {}]),
  "a response with a number as its body": asked("type", ["response", 5, {}]),
  "a response with a webSocket": asked("type", ["response", null, { webSocket: 1 }]),
  "a response without init": asked("type", ["response", null]),
  "a response with headers in an object": asked("type", ["response", null, { headers: {} }]),
  "a blob without a stream": asked("type", ["blob", "text/plain", "x"]),
  "a blob of a number": asked("type", ["blob", 5, ["readable", 1]]),
  "depth of 125 arrays": told(`["push",["pipeline",0,["type"],[${deep(125)}]]]`, ["pull", 1]),
  "depth of 253 arrays": told(`["push",["pipeline",0,["type"],[${deep(253)}]]]`, ["pull", 1]),
  "depth of 254 arrays": told(`["push",["pipeline",0,["type"],[${deep(254)}]]]`, ["pull", 1]),
  "depth of 255 arrays": told(`["push",["pipeline",0,["type"],[${deep(255)}]]]`, ["pull", 1]),
  "depth of 256 arrays": told(`["push",["pipeline",0,["type"],[${deep(256)}]]]`, ["pull", 1]),
  "depth of 254 objects": told(`["push",["pipeline",0,["type"],[${deepObject(254)}]]]`, ["pull", 1]),
  "depth of 255 objects": told(`["push",["pipeline",0,["type"],[${deepObject(255)}]]]`, ["pull", 1]),
  "a value of depth 255": told(`["push",${deep(255)}]`, ["push", 1], ["pull", 2]),
  "a value of depth 256": told(`["push",${deep(256)}]`),
  "depth through calls": told(`["push",${Array.from({ length: 20 }, () => '["pipeline",0,["echo"],[').join("")}1${"]]".repeat(20)}]`, ["pull", 1]),
  "depth through many calls": told(`["push",${Array.from({ length: 300 }, () => '["pipeline",0,["echo"],[').join("")}1${"]]".repeat(300)}]`),
  "a map of a list": told(["push", [[1, 2]]], ["push", ["remap", 1, [], [], [["pipeline", 0]]]], ["pull", 2]),
  "a map without instructions": told(["push", [[1, 2]]], ["push", ["remap", 1, [], [], []]], ["pull", 2]),
  "a map of nothing": told(["push", ["remap", 5, [], [], [1]]]),
  "a map that is too short": told(["push", ["remap", 0, [], []]]),
  "a map with a wrong capture": told(["push", ["remap", 0, [], [["what", 1]], [1]]]),
  "a map with a capture of nothing": told(["push", ["remap", 0, [], [["import", 9]], [1]]]),
  "a map with a capture that is no array": told(["push", ["remap", 0, [], [5], [1]]]),
  "a map with a wrong path": told(["push", ["remap", 0, [null], [], [1]]]),
  "a map that exports": told(["push", [[1]]], ["push", ["remap", 1, [], [], [["export", -1]]]], ["pull", 2]),
  "a map of a null": told(["push", null], ["push", ["remap", 1, [], [], [["what"]]]], ["pull", 2]),
  "a map that looks ahead": told(["push", [[1]]], ["push", ["remap", 1, [], [], [["pipeline", 2], 5]]], ["pull", 2]),
  "the evaluation's order": sorted(["push", [[["pipeline", 0, ["add"], [1]], ["pipeline", 0, ["add"], [10]], ["pipeline", 0, ["n"]]]]], ["pull", 1]),
  "what was called before an error": told(["push", [[["pipeline", 0, ["add"], [1]], ["what"]]]]),
  "exports of a message that is wrong": told(["push", [[["export", -1], ["export", -2], ["what"]]]]),
  "ids of 2^31": told(["pull", 2147483648], 1),
  "ids of -2^31": told(["pull", -2147483648]),
  "ids of 1e300": told(["pull", 1e300]),
  "limits of its own": async () => {
    const p = played(new Api(), { options: { limits: { maxMessageSize: 40, maxBigIntDigits: 3, maxDepth: 4 } } });
    const lines = [await p.ask(["push", ["bigint", "123"]], ["pull", 1]), await p.ask(`["push", "${"x".repeat(29)}"]`, ["pull", 2])];
    return [...lines, await p.ask(`["push", "${"x".repeat(30)}"]`)];
  },
  "a depth of its own": async () => {
    const p = played(new Api(), { options: { limits: { maxDepth: 4 } } });
    return [await p.ask(`["push",${deep(3)}]`, ["pull", 1]), await p.ask(`["push",${deep(4)}]`)];
  },
  "digits of its own": async () => {
    const p = played(new Api(), { options: { limits: { maxBigIntDigits: 3 } } });
    return [await p.ask(["push", ["bigint", "123"]], ["pull", 1]), await p.ask(["push", ["bigint", "1234"]])];
  },
  "units, not bytes": async () => {
    const p = played(new Api(), { options: { limits: { maxMessageSize: 20 } } });
    return [await p.ask(`["push","${"ä".repeat(9)}"]`, ["pull", 1]), await p.ask(`["push","${"ä".repeat(10)}"]`)];
  },
  "its errors, as it says": async () => {
    const p = played(new Api(), { options: { onSendError: (e) => { const r = new TypeError(`hidden ${e.message}`); r.stack = "no stack"; return r; } } });
    return [await p.ask(call("fail", "x"), ["pull", 1]), await p.ask(["what"])];
  },
  "its errors as they are": async () => {
    const seen = [];
    const p = played(new Api(), { options: { onSendError: (e) => { seen.push(e.message); } } });
    return [await p.ask(call("fail", "x"), ["pull", 1]), seen];
  },
  "errors with what they have": async () => {
    class Main extends RpcTarget {
      go() { const e = new Error("x", { cause: { a: 1 } }); e.code = 5; e.f = () => 1; e.s = Symbol("no"); e.name = "Odd"; throw e; }
      all() { throw new AggregateError([new TypeError("1"), 2], "many"); }
      text() { throw "text"; }
      nothing() { throw undefined; }
      object() { throw { a: 1 }; }
      message() { const e = new Error("x"); e.message = 5; throw e; }
    }
    const p = played(new Main());
    return p.ask(...["go", "all", "text", "nothing", "object", "message"].flatMap((name, i) => [call(name), ["pull", i + 1]]));
  },
});
