// Bodies of requests and responses: kinds, readers, use. Expected lines are what workerd prints.
const tests = [
  () => new Response({}).text(),
  () => new Response(5).text(),
  () => new Response(new ArrayBuffer(3)).arrayBuffer().then((b) => b.byteLength),
  () => new Response(new Uint16Array([1, 2]).subarray(1)).bytes().then((b) => [...b]),
  () => new Response(new DataView(new ArrayBuffer(4), 1, 2)).bytes().then((b) => b.length),
  () => new Response(new URLSearchParams({ a: "b c" })).text(),
  () => new Response(new Blob(["a", "b"])).text(),
  async () => { const r = new Response("a"); await r.text(); return r.text(); },
  async () => { const r = new Response("a"); r.body.getReader(); return r.text(); },
  async () => { const r = new Response(null); return [await r.text(), r.bodyUsed]; },
  async () => { const r = new Response(""); await r.text(); return [r.bodyUsed, r.body === null]; },
  async () => { const b = await new Response("x").blob(); return [b.type, b.size]; },
  () => new Response("é").bytes().then((b) => [...b]),
  () => new Response("\ufeffabc").text(),
  () => new Response(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).text(),
  () => new Response("\ud800x").text().then((t) => t.charCodeAt(0)),
  () => new Response(new Uint8Array([0x61, 0xff])).text(),
  () => new Response('{"a":[1]}').json().then((v) => v.a),
  () => new Response("{").json().catch((e) => e.name),
  () => new Response(new ReadableStream({ start(c) { c.enqueue("str"); c.close(); } })).text(),
  () => new Response(new ReadableStream({ start(c) { c.error(new RangeError("boo")); } })).text(),
  () => new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array([104, 105])); c.close(); } })).text(),
  () => { const s = new ReadableStream(); s.getReader(); return new Response(s); },
  async () => { const s = new ReadableStream({ start(c) { c.enqueue(new Uint8Array(1)); } }); const r = s.getReader(); await r.read(); r.releaseLock(); return new Response(s); },
  async () => { const r = new Response("abc"); const d = r.body.getReader(); const x = await d.read(); const y = await d.read(); return [x.value.length, x.done, y.done, r.bodyUsed]; },
  async () => { const d = new Response("abcde").body.getReader({ mode: "byob" }); const x = await d.read(new Uint8Array(3)); const y = await d.read(new Uint8Array(3)); return [[...x.value], [...y.value]]; },
  async () => { const r = []; for await (const c of new Response("abc").body) r.push(c.length); return r; },
  () => new Response(new Response("abc").body).text(),
  async () => { const a = new Response("abc"); const b = new Response(a.body); await b.text(); return [a.bodyUsed, b.bodyUsed]; },
  () => { const r = new Response("abc"); return r.body === r.body; },
  () => { const s = new ReadableStream(); return new Response(s).body === s; },
  () => new Response("abc").body.tee().length,
  async () => { const [a, b] = new Response("abc").body.tee(); return [await new Response(a).text(), await new Response(b).text()]; },
  () => new Response("a").formData(),
  () => new Response("a=b&a=c+d", { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData().then((f) => [...f]),
  () => new Response("zzz", { headers: { "content-type": "multipart/form-data; boundary=X" } }).formData(),
  () => new Response("zzz", { headers: { "content-type": "multipart/form-data" } }).formData(),
  () => new Response('--X\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--X--\r\n', { headers: { "content-type": "multipart/form-data; boundary=X" } }).formData().then((f) => [...f]),
  () => new Body(),
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

// expect: new Response({}).text() = "[object Object]"
// expect: new Response(5).text() = "5"
// expect: new Response(new ArrayBuffer(3)).arrayBuffer().then((b) => b.byteLength) = 3
// expect: new Response(new Uint16Array([1, 2]).subarray(1)).bytes().then((b) => [...b]) = [2,0]
// expect: new Response(new DataView(new ArrayBuffer(4), 1, 2)).bytes().then((b) => b.length) = 2
// expect: new Response(new URLSearchParams({ a: "b c" })).text() = "a=b+c"
// expect: new Response(new Blob(["a", "b"])).text() = "ab"
// expect: { const r = new Response("a"); await r.text(); return r.text(); } throws TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice.
// expect: { const r = new Response("a"); r.body.getReader(); return r.text(); } throws TypeError: This ReadableStream is currently locked to a reader.
// expect: { const r = new Response(null); return [await r.text(), r.bodyUsed]; } = ["",false]
// expect: { const r = new Response(""); await r.text(); return [r.bodyUsed, r.body === null]; } = [true,false]
// expect: { const b = await new Response("x").blob(); return [b.type, b.size]; } = ["text/plain;charset=UTF-8",1]
// expect: new Response("é").bytes().then((b) => [...b]) = [195,169]
// expect: new Response("\ufeffabc").text() = "abc"
// expect: new Response(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).text() = "a"
// expect: new Response("\ud800x").text().then((t) => t.charCodeAt(0)) = 65533
// expect: new Response(new Uint8Array([0x61, 0xff])).text() = "a�"
// expect: new Response('{"a":[1]}').json().then((v) => v.a) = [1]
// expect: new Response("{").json().catch((e) => e.name) = "SyntaxError"
// expect: new Response(new ReadableStream({ start(c) { c.enqueue("str"); c.close(); } })).text() throws TypeError: This ReadableStream did not return bytes.
// expect: new Response(new ReadableStream({ start(c) { c.error(new RangeError("boo")); } })).text() throws RangeError: boo
// expect: new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array([104, 105])); c.close(); } })).text() = "hi"
// expect: { const s = new ReadableStream(); s.getReader(); return new Response(s); } throws TypeError: This ReadableStream is locked to a reader, and cannot be used as a body.
// expect: { const s = new ReadableStream({ start(c) { c.enqueue(new Uint8Array(1)); } }); const r = s.getReader(); await r.read(); r.releaseLock(); return new Response(s); } throws TypeError: This ReadableStream is disturbed (has already been read from), and cannot be used as a body.
// expect: { const r = new Response("abc"); const d = r.body.getReader(); const x = await d.read(); const y = await d.read(); return [x.value.length, x.done, y.done, r.bodyUsed]; } = [3,false,true,true]
// expect: { const d = new Response("abcde").body.getReader({ mode: "byob" }); const x = await d.read(new Uint8Array(3)); const y = await d.read(new Uint8Array(3)); return [[...x.value], [...y.value]]; } = [[97,98,99],[100,101]]
// expect: { const r = []; for await (const c of new Response("abc").body) r.push(c.length); return r; } = [3]
// expect: new Response(new Response("abc").body).text() = "abc"
// expect: { const a = new Response("abc"); const b = new Response(a.body); await b.text(); return [a.bodyUsed, b.bodyUsed]; } = [true,true]
// expect: { const r = new Response("abc"); return r.body === r.body; } = true
// expect: { const s = new ReadableStream(); return new Response(s).body === s; } = true
// expect: new Response("abc").body.tee().length = 2
// expect: { const [a, b] = new Response("abc").body.tee(); return [await new Response(a).text(), await new Response(b).text()]; } = ["abc","abc"]
// expect: new Response("a").formData() throws TypeError: Unrecognized Content-Type header value. FormData can only parse the following MIME types: multipart/form-data, application/x-www-form-urlencoded
// expect: new Response("a=b&a=c+d", { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData().then((f) => [...f]) = [["a","b"],["a","c d"]]
// expect: new Response("zzz", { headers: { "content-type": "multipart/form-data; boundary=X" } }).formData() throws TypeError: No initial boundary string (or you have a truncated message).
// expect: new Response("zzz", { headers: { "content-type": "multipart/form-data" } }).formData() throws TypeError: No boundary string in Content-Type header. The multipart/form-data MIME type requires a boundary parameter, e.g. 'Content-Type: multipart/form-data; boundary="abcd"'. See RFC 7578, section 4.
// expect: new Response('--X\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--X--\r\n', { headers: { "content-type": "multipart/form-data; boundary=X" } }).formData().then((f) => [...f]) = [["a","b"]]
// expect: new Body() throws TypeError: Illegal constructor
