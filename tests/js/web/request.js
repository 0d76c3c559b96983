// Request: construction, copying, the incoming one. Expected lines are what workerd prints.
const tests = [
  () => new Request("foo"),
  () => new Request(),
  () => new Request("http://a/b#c").url,
  () => new Request("http://A:80/../x y").url,
  () => new Request(new URL("http://a/b")).url,
  () => new Request("http://a", { method: "foo bar" }),
  () => new Request("http://a", { method: "post" }).method,
  () => new Request("http://a", { method: "patch" }).method,
  () => new Request("http://a", { method: "FOO" }),
  () => new Request("http://a", { method: "CONNECT" }),
  () => new Request("http://a", { body: "x" }),
  () => new Request("http://a", { body: "x", method: "HEAD" }),
  () => new Request("http://a", { redirect: "x" }),
  () => new Request("http://a", { redirect: "error" }),
  () => new Request("http://a").redirect,
  () => new Request("http://a", { redirect: "manual" }).redirect,
  () => new Request("http://a", { signal: 5 }),
  () => new Request("http://a").signal.aborted,
  () => new Request("http://a", { signal: null }).signal.aborted,
  () => new Request("http://a", { signal: AbortSignal.abort(7) }).signal.reason,
  () => new Request("http://a", { cache: "no-store" }).cache,
  () => new Request("http://a", { cache: "foo" }),
  () => new Request("http://a").cache,
  () => new Request("http://a").cf,
  () => new Request("http://a", { cf: { a: 1 } }).cf.a,
  () => [...new Request("http://a", { method: "POST", body: "q" }).headers],
  () => new Request(new Request("http://a", { method: "POST", body: "q" })).text(),
  async () => { const a = new Request("http://a", { method: "POST", body: "q" }); const b = new Request(a); return [a.bodyUsed, b.bodyUsed, await b.text()]; },
  async () => { const a = new Request("http://a", { method: "POST", body: "q" }); await a.text(); return new Request(a); },
  async () => { const a = new Request("http://a", { method: "POST", body: "q", headers: { x: "y" } }); const b = a.clone(); return [await a.text(), await b.text(), b.method, b.headers.get("x")]; },
  () => { const a = new Request("http://a", { method: "POST", headers: { x: "1" } }); const b = new Request(a, { headers: { y: "2" } }); return [b.method, [...b.headers]]; },
  () => { const a = new Request("http://a", { headers: { x: "1" } }); const b = new Request("http://b/", a); return [b.url, [...b.headers]]; },
  () => new Request(request, { headers: { a: "b" } }).headers.get("a"),
  () => { const r = new Request(request); r.headers.set("a", "b"); return r.headers.get("a"); },
  () => [request.method, request.redirect, request.body, request.bodyUsed],
  () => Object.prototype.toString.call(request),
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

// expect: new Request("foo") throws TypeError: Invalid URL: foo
// expect: new Request() throws TypeError: Failed to construct 'Request': constructor parameter 1 is not of type 'Request or string'.
// expect: new Request("http://a/b#c").url = "http://a/b#c"
// expect: new Request("http://A:80/../x y").url = "http://a/x%20y"
// expect: new Request(new URL("http://a/b")).url = "http://a/b"
// expect: new Request("http://a", { method: "foo bar" }) throws TypeError: Invalid HTTP method string: foo bar
// expect: new Request("http://a", { method: "post" }).method = "POST"
// expect: new Request("http://a", { method: "patch" }).method = "PATCH"
// expect: new Request("http://a", { method: "FOO" }) throws TypeError: Invalid HTTP method string: FOO
// expect: new Request("http://a", { method: "CONNECT" }) throws TypeError: Invalid HTTP method string: CONNECT
// expect: new Request("http://a", { body: "x" }) throws TypeError: Request with a GET or HEAD method cannot have a body.
// expect: new Request("http://a", { body: "x", method: "HEAD" }) throws TypeError: Request with a GET or HEAD method cannot have a body.
// expect: new Request("http://a", { redirect: "x" }) throws TypeError: Invalid redirect value, must be one of "follow" or "manual" ("error" won't be implemented since it does not make sense at the edge; use "manual" and check the response status code).
// expect: new Request("http://a", { redirect: "error" }) throws TypeError: Invalid redirect value, must be one of "follow" or "manual" ("error" won't be implemented since it does not make sense at the edge; use "manual" and check the response status code).
// expect: new Request("http://a").redirect = "follow"
// expect: new Request("http://a", { redirect: "manual" }).redirect = "manual"
// expect: new Request("http://a", { signal: 5 }) throws TypeError: Incorrect type for the 'signal' field on 'RequestInitializerDict': the provided value is not of type 'AbortSignal'.
// expect: new Request("http://a").signal.aborted = false
// expect: new Request("http://a", { signal: null }).signal.aborted = false
// expect: new Request("http://a", { signal: AbortSignal.abort(7) }).signal.reason = 7
// expect: new Request("http://a", { cache: "no-store" }).cache = "no-store"
// expect: new Request("http://a", { cache: "foo" }) throws TypeError: Unsupported cache mode: foo
// expect: new Request("http://a").cache = undefined
// expect: new Request("http://a").cf = undefined
// expect: new Request("http://a", { cf: { a: 1 } }).cf.a = 1
// expect: [...new Request("http://a", { method: "POST", body: "q" }).headers] = [["content-type","text/plain;charset=UTF-8"]]
// expect: new Request(new Request("http://a", { method: "POST", body: "q" })).text() = "q"
// expect: { const a = new Request("http://a", { method: "POST", body: "q" }); const b = new Request(a); return [a.bodyUsed, b.bodyUsed, await b.text()]; } = [true,false,"q"]
// expect: { const a = new Request("http://a", { method: "POST", body: "q" }); await a.text(); return new Request(a); } throws TypeError: Cannot reconstruct a Request with a used body.
// expect: { const a = new Request("http://a", { method: "POST", body: "q", headers: { x: "y" } }); const b = a.clone(); return [await a.text(), await b.text(), b.method, b.headers.get("x")]; } = ["q","q","POST","y"]
// expect: { const a = new Request("http://a", { method: "POST", headers: { x: "1" } }); const b = new Request(a, { headers: { y: "2" } }); return [b.method, [...b.headers]]; } = ["POST",[["y","2"]]]
// expect: { const a = new Request("http://a", { headers: { x: "1" } }); const b = new Request("http://b/", a); return [b.url, [...b.headers]]; } = ["http://b/",[["x","1"]]]
// expect: new Request(request, { headers: { a: "b" } }).headers.get("a") = "b"
// expect: { const r = new Request(request); r.headers.set("a", "b"); return r.headers.get("a"); } = "b"
// expect: [request.method, request.redirect, request.body, request.bodyUsed] = ["GET","manual",null,false]
// expect: Object.prototype.toString.call(request) = "[object Request]"
