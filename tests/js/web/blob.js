// Blob, File and FormData. Expected lines are what workerd prints.
const tests = [
  () => new Blob(["a", new Uint8Array([98])], { type: "A/B" }).type,
  () => new Blob(["a", new Uint8Array([98]), new Blob(["c"]), 5]).text(),
  () => new Blob(["abc"]).slice(1, 2).text(),
  () => new Blob(["abc"]).slice(-2).text(),
  () => new Blob(["abc"]).slice(2, 1).size,
  () => new Blob(["abc"]).slice(0, 1, "x/y").type,
  () => new Blob().size,
  () => new Blob(5),
  () => new Blob("abc"),
  () => new Blob(["a"], 5),
  () => new Blob(["a"], { type: "é" }).type,
  () => new Blob(["abc"]).arrayBuffer().then((b) => b.byteLength),
  () => new Blob(["abc"]).bytes().then((b) => [...b]),
  () => new Response(new Blob(["abc"]).stream()).text(),
  () => { const f = new File(["a"], "b", { type: "t/u", lastModified: 5 }); return [f.name, f.size, f.type, f.lastModified, f instanceof Blob]; },
  () => new File(["a"]),
  () => new FormData().append("a"),
  () => { const f = new FormData(); f.append("a", "1"); f.append("a", "2"); f.append("b", "3"); f.set("a", "4"); f.delete("b"); return [...f]; },
  () => { const f = new FormData(); f.append("a", new File(["x"], "n")); return [f.get("a").name, f.get("a") instanceof File]; },
  () => { const f = new FormData(); f.append("a", new Blob(["x"]), "n"); return f.get("a").name; },
  () => new FormData().get("x"),
  async () => { const f = new FormData(); f.append('a"\n', "b"); f.append("f", new Blob(["x"], { type: "q/r" }), 'n"m'); return (await new Response(f).text()).replace(/[0-9a-f]{16,}/g, "N"); },
  async () => { const f = new FormData(); f.append("a", "1\r\n2"); f.append("é", new File(["fé"], "n.txt", { type: "text/x" })); const g = await new Response(f).formData(); return [[...g.keys()], g.get("a"), g.get("é").name, g.get("é").type, await g.get("é").text()]; },
  () => new Response(new FormData()).text().then((t) => t.replace(/[0-9a-f]{16,}/g, "N")),
  () => Object.prototype.toString.call(new FormData()),
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

// expect: new Blob(["a", new Uint8Array([98])], { type: "A/B" }).type = "a/b"
// expect: new Blob(["a", new Uint8Array([98]), new Blob(["c"]), 5]).text() = "abc5"
// expect: new Blob(["abc"]).slice(1, 2).text() = "b"
// expect: new Blob(["abc"]).slice(-2).text() = "bc"
// expect: new Blob(["abc"]).slice(2, 1).size = 0
// expect: new Blob(["abc"]).slice(0, 1, "x/y").type = "x/y"
// expect: new Blob().size = 0
// expect: new Blob(5) throws TypeError: Failed to construct 'Blob': constructor parameter 1 is not of type 'Array'.
// expect: new Blob("abc") throws TypeError: Failed to construct 'Blob': constructor parameter 1 is not of type 'Array'.
// expect: new Blob(["a"], 5) throws TypeError: Failed to construct 'Blob': constructor parameter 2 is not of type 'Options'.
// expect: new Blob(["a"], { type: "é" }).type = ""
// expect: new Blob(["abc"]).arrayBuffer().then((b) => b.byteLength) = 3
// expect: new Blob(["abc"]).bytes().then((b) => [...b]) = [97,98,99]
// expect: new Response(new Blob(["abc"]).stream()).text() = "abc"
// expect: { const f = new File(["a"], "b", { type: "t/u", lastModified: 5 }); return [f.name, f.size, f.type, f.lastModified, f instanceof Blob]; } = ["b",1,"t/u",5,true]
// expect: new File(["a"]) throws TypeError: Failed to construct 'File': constructor parameter 2 is not of type 'string'.
// expect: new FormData().append("a") throws TypeError: Failed to execute 'append' on 'FormData': parameter 2 is not of type 'File or Blob or string'.
// expect: { const f = new FormData(); f.append("a", "1"); f.append("a", "2"); f.append("b", "3"); f.set("a", "4"); f.delete("b"); return [...f]; } = [["a","4"]]
// expect: { const f = new FormData(); f.append("a", new File(["x"], "n")); return [f.get("a").name, f.get("a") instanceof File]; } = ["n",true]
// expect: { const f = new FormData(); f.append("a", new Blob(["x"]), "n"); return f.get("a").name; } = "n"
// expect: new FormData().get("x") = null
// expect: { const f = new FormData(); f.append('a"\n', "b"); f.append("f", new Blob(["x"], { type: "q/r" }), 'n"m'); return (await new Response(f).text()).replace(/[0-9a-f]{16,}/g, "N"); } = "--N\r\nContent-Disposition: form-data; name=\"a%22%0A\"\r\n\r\nb\r\n--N\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n%22m\"\r\nContent-Type: q/r\r\n\r\nx\r\n--N--"
// expect: { const f = new FormData(); f.append("a", "1\r\n2"); f.append("é", new File(["fé"], "n.txt", { type: "text/x" })); const g = await new Response(f).formData(); return [[...g.keys()], g.get("a"), g.get("é").name, g.get("é").type, await g.get("é").text()]; } = [["a","é"],"1\r\n2","n.txt","text/x","fé"]
// expect: new Response(new FormData()).text().then((t) => t.replace(/[0-9a-f]{16,}/g, "N")) = "--N--"
// expect: Object.prototype.toString.call(new FormData()) = "[object FormData]"
