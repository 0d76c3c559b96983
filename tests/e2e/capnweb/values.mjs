// values.mjs: values of every kind that Cap'n Web carries: name -> what makes one. Those of `streamed` need a peer that
// answers while it is being talked to, which is not so in an HTTP batch.

const bytes = (n) => Uint8Array.from({ length: n }, (_, i) => (i * 7 + 3) & 255);
const buffer = bytes(48).buffer;
const typed = (Type) => () => new Type(buffer, 16, 16 / Type.BYTES_PER_ELEMENT);
const fails = (Type, message, more = {}) => () => Object.assign(new Type(message), more);
const chunks = (...list) => new ReadableStream({
  pull(controller) {
    if (list.length) controller.enqueue(list.shift());
    else controller.close();
  },
});

export const values = {
  "null": () => null,
  "undefined": () => undefined,
  "true": () => true,
  "false": () => false,
  "zero": () => 0,
  "numbers": () => [1, -1.5, 1e300, 5e-324, 2 ** 53, -(2 ** 31)],
  "no numbers": () => [NaN, Infinity, -Infinity],
  "bigints": () => [0n, -1n, 12345678901234567890n, -(1n << 200n)],
  "a long bigint": () => 10n ** 16000n,
  "texts": () => ["", "grüße 😀", "\0\x01\x7f\n\r\t\"\\/", "\u2028\u2029", "\ud800 alone"],
  "a long text": () => "é😀x".repeat(100000),
  "texts like tags": () => ["import", ["export", -1], ["undefined"]],
  "arrays": () => [[], [[]], [[], []], [1, [2, [3, []]]], [undefined, null]],
  "an array of 10,000": () => Array.from({ length: 10000 }, (_, i) => i),
  "objects": () => [{}, { a: { b: { c: [{}] } } }, { "": 1, " ": 2, "ü": 3, 5: 4 }, { a: undefined }],
  "an object of 1,000 keys": () => Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key ${i}`, i])),
  "dates": () => [new Date(0), new Date(1.6e12 + 0.5), new Date(-8.64e15), new Date(NaN)],
  "a URL": () => new URL("https://user:pw@example.com:81/a b?c=ü#d"),
  "headers": () => new Headers([["b", "2"], ["A", "1"], ["set-cookie", "x=1"], ["set-cookie", "y=2"]]),
  "no bytes": () => new Uint8Array(0),
  "bytes": () => [bytes(1), bytes(2), bytes(3), bytes(4)],
  "many bytes": () => bytes(300001),
  "a part of a buffer": () => new Uint8Array(buffer, 5, 7),
  "an ArrayBuffer": () => buffer,
  "a DataView": () => new DataView(buffer, 3, 9),
  "Int8Array": typed(Int8Array),
  "Uint8ClampedArray": typed(Uint8ClampedArray),
  "Int16Array": typed(Int16Array),
  "Uint16Array": typed(Uint16Array),
  "Int32Array": typed(Int32Array),
  "Uint32Array": typed(Uint32Array),
  "BigInt64Array": typed(BigInt64Array),
  "BigUint64Array": typed(BigUint64Array),
  "Float32Array": typed(Float32Array),
  "Float64Array": typed(Float64Array),
  "Error": fails(Error, "plain"),
  "TypeError": fails(TypeError, ""),
  "RangeError": fails(RangeError, "out of it"),
  "SyntaxError": fails(SyntaxError, "what"),
  "ReferenceError": fails(ReferenceError, "where"),
  "URIError": fails(URIError, "%"),
  "EvalError": fails(EvalError, "no"),
  "an error with properties": fails(Error, "props", { code: 7, data: { a: [1n, new Date(5)] }, raw: bytes(3) }),
  "an error with a cause": () => new TypeError("outer", { cause: new RangeError("inner", { cause: { why: "because" } }) }),
  "an error with a cause that is undefined": () => new Error("x", { cause: undefined }),
  "an AggregateError": () => new AggregateError([new Error("one"), fails(TypeError, "two", { n: 2 })()], "both"),
  "a request": () => new Request("https://example.com/a?b", { headers: { "x-a": "1" } }),
  "a request with a method": () => new Request("https://example.com/", { method: "DELETE", redirect: "manual" }),
  "a response without a body": () => new Response(null, { status: 204, headers: { "x-a": "1" } }),
};

export const streamed = {
  "a stream of bytes": () => chunks(bytes(3), bytes(100000), bytes(0), bytes(1)),
  "a stream of texts": () => chunks("a", "", "grüße 😀"),
  "a stream of values": () => chunks(1, { a: [undefined, 5n] }, null, new Date(9), [[]]),
  "an empty stream": () => chunks(),
  "a blob": () => new Blob(["grüße", bytes(5)], { type: "text/plain" }),
  "an empty blob": () => new Blob([]),
  "a large blob": () => new Blob([bytes(300000)], { type: "application/x-data" }),
  "a request with a text": () => new Request("https://example.com/", { method: "POST", body: "grüße" }),
  "a request with bytes": () => new Request("https://example.com/", { method: "PUT", body: bytes(1000) }),
  "a request with a stream": () =>
    new Request("https://example.com/", { method: "POST", body: chunks(bytes(5), bytes(70000)), duplex: "half" }),
  "a response with a text": () => new Response("grüße", { status: 201, statusText: "Made", headers: { "x-a": "1" } }),
  "a response with bytes": () => new Response(bytes(1000)),
  "a response with a stream": () => new Response(chunks(bytes(5), bytes(70000))),
  "values in values": () => ({ a: [chunks("x"), new Response("y")], b: new Blob(["z"]) }),
};
