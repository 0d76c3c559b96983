// Headers: validation, combining, order, guards. Expected lines are what workerd prints.
const tests = [
  () => new Headers({ "a b": "c" }),
  () => new Headers({ a: "c\n" }).get("a"),
  () => new Headers({ a: "c\nd" }),
  () => new Headers({ a: "x\0y" }),
  () => new Headers({ a: "é" }).get("a"),
  () => new Headers([["a"]]),
  () => new Headers([["a", "b", "c"]]),
  () => new Headers("a"),
  () => new Headers(null),
  () => [...new Headers(undefined)],
  () => [...new Headers([["B", "1"], ["a", "2"], ["b", " 3 "], ["Set-Cookie", "x"], ["set-cookie", "y"]])],
  () => request.headers.set("a", "b"),
  () => request.headers.append("a", "b"),
  () => request.headers.delete("a"),
  () => new Headers(request.headers).set("a", "b"),
  () => new Headers().get(),
  () => new Headers().set("a"),
  () => new Headers().get("a b"),
  () => new Headers().get("x"),
  () => new Headers().has("X"),
  () => new Headers([["set-cookie", "a"], ["set-cookie", "b"]]).get("set-cookie"),
  () => new Headers([["set-cookie", "a"], ["set-cookie", "b"]]).getSetCookie(),
  () => new Headers([["a", "a"]]).getAll("a"),
  () => new Headers([["set-cookie", "a"]]).getAll("Set-Cookie"),
  () => new Headers({ a: { toString() { return "x"; } } }).get("A"),
  () => new Headers(new Map([["a", "b"]])).get("a"),
  () => new Headers({ a: undefined }).get("a"),
  () => new Headers().forEach(5),
  () => { const h = new Headers({ b: "1", a: "2" }); const r = []; h.forEach((v, k, o) => r.push(v, k, o === h)); return r; },
  () => { const h = new Headers({ a: "1", b: "2" }); h.append("A", "3"); h.set("b", "4"); h.delete("c"); return [...h]; },
  () => { const h = new Headers([["a", "1"], ["b", "2"], ["a", "3"]]); h.set("a", "4"); return [...h]; },
  () => { const h = new Headers({ a: "1", c: "3" }); const r = []; for (const [k] of h) { r.push(k); h.set("b", "2"); } return r; },
  () => [[...new Headers({ b: "1", a: "2" }).keys()], [...new Headers({ b: "1", a: "2" }).values()]],
  () => Object.prototype.toString.call(new Headers()),
  () => Object.keys(Headers.prototype).sort(),
];

async function line(test) {
  const source = test.toString().replace(/^(async )?\(\) => /, "");
  try {
    const value = await test();
    return `${source} = ${typeof value === "string" ? JSON.stringify(value) : Array.isArray(value) ? JSON.stringify(value) : String(value)}`;
  } catch (e) {
    return `${source} throws ${e?.name}: ${e?.message}`;
  }
}

export default {
  async fetch(request) {
    globalThis.request = request;
    const lines = [];
    for (const test of tests) lines.push(await line(test));
    return new Response(lines.join("\n") + "\n");
  },
};

// expect: new Headers({ "a b": "c" }) throws TypeError: Invalid header name.
// expect: new Headers({ a: "c\n" }).get("a") = "c"
// expect: new Headers({ a: "c\nd" }) throws TypeError: Invalid header value.
// expect: new Headers({ a: "x\0y" }) throws TypeError: Invalid header value.
// expect: new Headers({ a: "é" }).get("a") = "é"
// expect: new Headers([["a"]]) throws TypeError: To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.
// expect: new Headers([["a", "b", "c"]]) throws TypeError: To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.
// expect: new Headers("a") throws TypeError: Failed to construct 'Headers': constructor parameter 1 is not of type 'Headers or Sequence or object'.
// expect: new Headers(null) throws TypeError: Failed to construct 'Headers': constructor parameter 1 is not of type 'Headers or Sequence or object'.
// expect: [...new Headers(undefined)] = []
// expect: [...new Headers([["B", "1"], ["a", "2"], ["b", " 3 "], ["Set-Cookie", "x"], ["set-cookie", "y"]])] = [["a","2"],["b","1, 3"],["set-cookie","x"],["set-cookie","y"]]
// expect: request.headers.set("a", "b") throws TypeError: Can't modify immutable headers.
// expect: request.headers.append("a", "b") throws TypeError: Can't modify immutable headers.
// expect: request.headers.delete("a") throws TypeError: Can't modify immutable headers.
// expect: new Headers(request.headers).set("a", "b") = undefined
// expect: new Headers().get() throws TypeError: Failed to execute 'get' on 'Headers': parameter 1 is not of type 'string'.
// expect: new Headers().set("a") throws TypeError: Failed to execute 'set' on 'Headers': parameter 2 is not of type 'string'.
// expect: new Headers().get("a b") throws TypeError: Invalid header name.
// expect: new Headers().get("x") = null
// expect: new Headers().has("X") = false
// expect: new Headers([["set-cookie", "a"], ["set-cookie", "b"]]).get("set-cookie") = "a, b"
// expect: new Headers([["set-cookie", "a"], ["set-cookie", "b"]]).getSetCookie() = ["a","b"]
// expect: new Headers([["a", "a"]]).getAll("a") throws TypeError: getAll() can only be used with the header name "Set-Cookie".
// expect: new Headers([["set-cookie", "a"]]).getAll("Set-Cookie") = ["a"]
// expect: new Headers({ a: { toString() { return "x"; } } }).get("A") = "x"
// expect: new Headers(new Map([["a", "b"]])).get("a") = "b"
// expect: new Headers({ a: undefined }).get("a") = "undefined"
// expect: new Headers().forEach(5) throws TypeError: Failed to execute 'forEach' on 'Headers': parameter 1 is not of type 'function'.
// expect: { const h = new Headers({ b: "1", a: "2" }); const r = []; h.forEach((v, k, o) => r.push(v, k, o === h)); return r; } = ["2","a",true,"1","b",true]
// expect: { const h = new Headers({ a: "1", b: "2" }); h.append("A", "3"); h.set("b", "4"); h.delete("c"); return [...h]; } = [["a","1, 3"],["b","4"]]
// expect: { const h = new Headers([["a", "1"], ["b", "2"], ["a", "3"]]); h.set("a", "4"); return [...h]; } = [["a","4"],["b","2"]]
// expect: { const h = new Headers({ a: "1", c: "3" }); const r = []; for (const [k] of h) { r.push(k); h.set("b", "2"); } return r; } = ["a","c"]
// expect: [[...new Headers({ b: "1", a: "2" }).keys()], [...new Headers({ b: "1", a: "2" }).values()]] = [["a","b"],["2","1"]]
// expect: Object.prototype.toString.call(new Headers()) = "[object Headers]"
// expect: Object.keys(Headers.prototype).sort() = ["append","delete","entries","forEach","get","getAll","getSetCookie","has","keys","set","values"]
