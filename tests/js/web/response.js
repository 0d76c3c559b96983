// Response: construction, statics, clone. Expected lines are what workerd prints.
const tests = [
  () => new Response("x", { status: 204 }),
  () => new Response("x", { status: 199 }),
  () => new Response("x", { status: 600 }),
  () => new Response(null, { status: 101 }),
  () => new Response("x", { status: "abc" }),
  () => new Response("x", { statusText: "a\nb" }),
  () => new Response("a", { status: 200.7 }).status,
  () => new Response("a", { status: undefined }).status,
  () => new Response("a", 5),
  () => new Response("a", null).status,
  () => new Response("a", { headers: 5 }),
  () => new Response("a", { webSocket: {} }),
  () => [...new Response("a").headers],
  () => [...new Response(new URLSearchParams("a=b")).headers],
  () => [...new Response(new Blob(["a"], { type: "text/x" })).headers],
  () => [...new Response(new Uint8Array(1)).headers],
  () => [...new Response("a", { headers: { "Content-Type": "b/c", z: "1" } }).headers],
  () => new Response("a", new Response("b", { status: 201, headers: { z: "1" } })).headers.get("z"),
  () => new Response("a", new Response("b", { status: 201 })).status,
  () => { const r = new Response(); return [r.type, r.url, r.redirected, r.ok, r.webSocket, r.statusText, r.status, r.body]; },
  () => new Response("a", { status: 404 }).ok,
  () => Response.redirect("/x"),
  () => Response.redirect("http://a/b", 200),
  () => { const r = Response.redirect("http://a/b c"); return [r.status, r.headers.get("location")]; },
  () => Response.redirect("http://a", 301).headers.set("a", "b"),
  () => { const r = Response.error(); return [r.status, r.type, r.ok, r.statusText]; },
  () => { const r = Response.json({ a: 1 }, { status: 201, headers: { x: "y" } }); return [r.status, [...r.headers]]; },
  () => Response.json({}, { headers: { "content-type": "a/b" } }).headers.get("content-type"),
  () => Response.json([1, { a: null }]).text(),
  () => Response.json({}, { status: 204 }),
  () => Response.json(undefined).text(),
  async () => { const r = new Response("abc"); const c = r.clone(); return [await r.text(), await c.text(), r.bodyUsed]; },
  async () => { const r = new Response("abc"); r.body; const c = r.clone(); return [await c.text(), await r.text()]; },
  async () => { const r = new Response("a"); await r.text(); return r.clone(); },
  async () => { const r = new Response("a", { headers: { a: "1" } }); const c = r.clone(); c.headers.set("a", "2"); return r.headers.get("a"); },
  () => { class Own extends Response { constructor() { super("own", { status: 202 }); } } return [new Own().status, new Own() instanceof Response]; },
  () => Object.prototype.toString.call(new Response()),
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

// expect: new Response("x", { status: 204 }) throws TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body.
// expect: new Response("x", { status: 199 }) throws RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.
// expect: new Response("x", { status: 600 }) throws RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.
// expect: new Response(null, { status: 101 }) throws RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.
// expect: new Response("x", { status: "abc" }) throws RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.
// expect: new Response("x", { statusText: "a\nb" }) throws TypeError: Invalid statusText
// expect: new Response("a", { status: 200.7 }).status = 200
// expect: new Response("a", { status: undefined }).status = 200
// expect: new Response("a", 5) throws TypeError: Failed to construct 'Response': constructor parameter 2 is not of type 'InitializerDict or Response'.
// expect: new Response("a", null).status = 200
// expect: new Response("a", { headers: 5 }) throws TypeError: Incorrect type for the 'headers' field on 'InitializerDict': the provided value is not of type 'Headers or Sequence or object'.
// expect: new Response("a", { webSocket: {} }) throws TypeError: Incorrect type for the 'webSocket' field on 'InitializerDict': the provided value is not of type 'WebSocket'.
// expect: [...new Response("a").headers] = [["content-type","text/plain;charset=UTF-8"]]
// expect: [...new Response(new URLSearchParams("a=b")).headers] = [["content-type","application/x-www-form-urlencoded;charset=UTF-8"]]
// expect: [...new Response(new Blob(["a"], { type: "text/x" })).headers] = [["content-type","text/x"]]
// expect: [...new Response(new Uint8Array(1)).headers] = []
// expect: [...new Response("a", { headers: { "Content-Type": "b/c", z: "1" } }).headers] = [["content-type","b/c"],["z","1"]]
// expect: new Response("a", new Response("b", { status: 201, headers: { z: "1" } })).headers.get("z") = "1"
// expect: new Response("a", new Response("b", { status: 201 })).status = 201
// expect: { const r = new Response(); return [r.type, r.url, r.redirected, r.ok, r.webSocket, r.statusText, r.status, r.body]; } = ["default","",false,true,null,"",200,null]
// expect: new Response("a", { status: 404 }).ok = false
// expect: Response.redirect("/x") throws TypeError: Unable to parse URL: /x
// expect: Response.redirect("http://a/b", 200) throws RangeError: 200 is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308.
// expect: { const r = Response.redirect("http://a/b c"); return [r.status, r.headers.get("location")]; } = [302,"http://a/b%20c"]
// expect: Response.redirect("http://a", 301).headers.set("a", "b") throws TypeError: Can't modify immutable headers.
// expect: { const r = Response.error(); return [r.status, r.type, r.ok, r.statusText]; } = [0,"error",false,""]
// expect: { const r = Response.json({ a: 1 }, { status: 201, headers: { x: "y" } }); return [r.status, [...r.headers]]; } = [201,[["content-type","application/json"],["x","y"]]]
// expect: Response.json({}, { headers: { "content-type": "a/b" } }).headers.get("content-type") = "a/b"
// expect: Response.json([1, { a: null }]).text() = "[1,{\"a\":null}]"
// expect: Response.json({}, { status: 204 }) throws TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body.
// expect: Response.json(undefined).text() = "undefined"
// expect: { const r = new Response("abc"); const c = r.clone(); return [await r.text(), await c.text(), r.bodyUsed]; } = ["abc","abc",true]
// expect: { const r = new Response("abc"); r.body; const c = r.clone(); return [await c.text(), await r.text()]; } = ["abc","abc"]
// expect: { const r = new Response("a"); await r.text(); return r.clone(); } throws TypeError: This ReadableStream is currently locked to a reader,
// expect: { const r = new Response("a", { headers: { a: "1" } }); const c = r.clone(); c.headers.set("a", "2"); return r.headers.get("a"); } = "1"
// expect: { class Own extends Response { constructor() { super("own", { status: 202 }); } } return [new Own().status, new Own() instanceof Response]; } = [202,true]
// expect: Object.prototype.toString.call(new Response()) = "[object Response]"
