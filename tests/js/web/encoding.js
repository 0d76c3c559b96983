// TextEncoder, TextDecoder, atob and btoa. Expected lines are what workerd prints.
const tests = [
  () => new TextDecoder("foo"),
  () => new TextDecoder(" UTF8 ").encoding,
  () => new TextDecoder("latin1").encoding,
  () => new TextDecoder("utf-16").encoding,
  () => new TextDecoder("utf-16be").encoding,
  () => new TextDecoder("utf-8", 5),
  () => new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([0xff])),
  () => new TextDecoder().decode(new Uint8Array([0xff, 0x61])),
  () => new TextDecoder().decode(new Uint8Array([0xe2, 0x82, 0x61])),
  () => new TextDecoder().decode(new Uint8Array([0xf0, 0x9f, 0x92, 0xa9])),
  () => new TextDecoder().decode(new Uint8Array([0xed, 0xa0, 0x80])).length,
  () => new TextDecoder().decode("x"),
  () => new TextDecoder().decode(null),
  () => new TextDecoder().decode(),
  () => new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).length,
  () => new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).length,
  () => { const d = new TextDecoder(); return [d.decode(new Uint8Array([0xef, 0xbb]), { stream: true }), d.decode(new Uint8Array([0xbf, 0x61, 0xe2]), { stream: true }), d.decode(new Uint8Array([0x82, 0xac]), { stream: true }), d.decode(new Uint8Array([0xe2]))]; },
  () => { const d = new TextDecoder("utf-8", { fatal: true }); d.decode(new Uint8Array([0xe2]), { stream: true }); return d.decode(); },
  () => new TextDecoder("utf-16le").decode(new Uint8Array([0xff, 0xfe, 0x61, 0, 0x3d, 0xd8, 0xa9, 0xdc])),
  () => { const d = new TextDecoder("utf-16le"); return [d.decode(new Uint8Array([0x61]), { stream: true }), d.decode(new Uint8Array([0, 0x3d, 0xd8]), { stream: true }), d.decode(new Uint8Array([0xa9, 0xdc]))]; },
  () => new TextDecoder("utf-16le", { fatal: true }).decode(new Uint8Array([0, 0xd8])),
  () => new TextDecoder("utf-16be").decode(new Uint8Array([0, 0x61, 0, 0x62])),
  () => new TextDecoder("ascii").decode(new Uint8Array([0x80, 0x81, 0xe9, 0x41])),
  () => [new TextDecoder("utf-8", { fatal: true }).fatal, new TextDecoder().fatal, new TextDecoder().ignoreBOM],
  () => [...new TextEncoder().encode("aé€💩")],
  () => [...new TextEncoder().encode("\ud800")],
  () => new TextEncoder().encode().length,
  () => new TextEncoder().encoding,
  () => { const r = new TextEncoder().encodeInto("aé", new Uint8Array(2)); return [r.read, r.written]; },
  () => { const r = new TextEncoder().encodeInto("💩a", new Uint8Array(9)); return [r.read, r.written]; },
  () => new TextEncoder().encodeInto("a"),
  () => new TextEncoder().encodeInto("a", new Uint16Array(2)),
  () => new Response("é€").body.pipeThrough(new TextDecoderStream()).getReader().read().then((x) => x.value),
  () => new Response(new ReadableStream({ start(c) { c.enqueue("a\ud83d"); c.enqueue("\udca9"); c.close(); } }).pipeThrough(new TextEncoderStream())).text(),
  () => [atob("YQ=="), atob(" Y Q "), atob("YWI"), btoa("\xff"), btoa("")],
  () => atob("a"),
  () => atob(),
  () => btoa("中"),
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

// expect: new TextDecoder("foo") throws RangeError: "foo" is not a valid encoding.
// expect: new TextDecoder(" UTF8 ").encoding = "utf-8"
// expect: new TextDecoder("latin1").encoding = "windows-1252"
// expect: new TextDecoder("utf-16").encoding = "utf-16le"
// expect: new TextDecoder("utf-16be").encoding = "utf-16be"
// expect: new TextDecoder("utf-8", 5) throws TypeError: Failed to construct 'TextDecoder': constructor parameter 2 is not of type 'ConstructorOptions'.
// expect: new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([0xff])) throws TypeError: Failed to decode input.
// expect: new TextDecoder().decode(new Uint8Array([0xff, 0x61])) = "�a"
// expect: new TextDecoder().decode(new Uint8Array([0xe2, 0x82, 0x61])) = "�a"
// expect: new TextDecoder().decode(new Uint8Array([0xf0, 0x9f, 0x92, 0xa9])) = "💩"
// expect: new TextDecoder().decode(new Uint8Array([0xed, 0xa0, 0x80])).length = 3
// expect: new TextDecoder().decode("x") throws TypeError: Failed to execute 'decode' on 'TextDecoder': parameter 1 is not of type 'Array'.
// expect: new TextDecoder().decode(null) throws TypeError: Failed to execute 'decode' on 'TextDecoder': parameter 1 is not of type 'Array'.
// expect: new TextDecoder().decode() = ""
// expect: new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).length = 1
// expect: new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).length = 2
// expect: { const d = new TextDecoder(); return [d.decode(new Uint8Array([0xef, 0xbb]), { stream: true }), d.decode(new Uint8Array([0xbf, 0x61, 0xe2]), { stream: true }), d.decode(new Uint8Array([0x82, 0xac]), { stream: true }), d.decode(new Uint8Array([0xe2]))]; } = ["","a","€","�"]
// expect: { const d = new TextDecoder("utf-8", { fatal: true }); d.decode(new Uint8Array([0xe2]), { stream: true }); return d.decode(); } throws TypeError: Failed to decode input.
// expect: new TextDecoder("utf-16le").decode(new Uint8Array([0xff, 0xfe, 0x61, 0, 0x3d, 0xd8, 0xa9, 0xdc])) = "a💩"
// expect: { const d = new TextDecoder("utf-16le"); return [d.decode(new Uint8Array([0x61]), { stream: true }), d.decode(new Uint8Array([0, 0x3d, 0xd8]), { stream: true }), d.decode(new Uint8Array([0xa9, 0xdc]))]; } = ["","a","💩"]
// expect: new TextDecoder("utf-16le", { fatal: true }).decode(new Uint8Array([0, 0xd8])) throws TypeError: Failed to decode input.
// expect: new TextDecoder("utf-16be").decode(new Uint8Array([0, 0x61, 0, 0x62])) = "ab"
// expect: new TextDecoder("ascii").decode(new Uint8Array([0x80, 0x81, 0xe9, 0x41])) = "€éA"
// expect: [new TextDecoder("utf-8", { fatal: true }).fatal, new TextDecoder().fatal, new TextDecoder().ignoreBOM] = [true,false,false]
// expect: [...new TextEncoder().encode("aé€💩")] = [97,195,169,226,130,172,240,159,146,169]
// expect: [...new TextEncoder().encode("\ud800")] = [239,191,189]
// expect: new TextEncoder().encode().length = 0
// expect: new TextEncoder().encoding = "utf-8"
// expect: { const r = new TextEncoder().encodeInto("aé", new Uint8Array(2)); return [r.read, r.written]; } = [1,1]
// expect: { const r = new TextEncoder().encodeInto("💩a", new Uint8Array(9)); return [r.read, r.written]; } = [3,5]
// expect: new TextEncoder().encodeInto("a") throws TypeError: Failed to execute 'encodeInto' on 'TextEncoder': parameter 2 is not of type 'Uint8Array'.
// expect: new TextEncoder().encodeInto("a", new Uint16Array(2)) throws TypeError: Failed to execute 'encodeInto' on 'TextEncoder': parameter 2 is not of type 'Uint8Array'.
// expect: new Response("é€").body.pipeThrough(new TextDecoderStream()).getReader().read().then((x) => x.value) = "é€"
// expect: new Response(new ReadableStream({ start(c) { c.enqueue("a\ud83d"); c.enqueue("\udca9"); c.close(); } }).pipeThrough(new TextEncoderStream())).text() = "a💩"
// expect: [atob("YQ=="), atob(" Y Q "), atob("YWI"), btoa("\xff"), btoa("")] = ["a","a","ab","/w==",""]
// expect: atob("a") throws InvalidCharacterError: atob() called with invalid base64-encoded data. (Only whitespace, '+', '/', alphanumeric ASCII, and up to two terminal '=' signs when the input data length is divisible by 4 are allowed.)
// expect: atob() throws TypeError: Failed to execute 'atob' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'string'.
// expect: btoa("中") throws InvalidCharacterError: btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.
