// Odd names of modules of WorkerCode, each as the main module, imported in every way, required, and as an entrypoint's.
import { checks } from "../checks.js";

const names = {
  "empty": "",
  "a space": " ",
  "spaces around": " a ",
  "a dot": ".",
  "two dots": "..",
  "three dots": "...",
  "a slash at the end": "a/",
  "a zero byte": "a\0b",
  "a line end": "a\nb",
  "controls": "\x01\x1b[31m\x7f",
  "quotes": `a"'\`b`,
  "braces": "${a}{b}",
  "a comment": "a//b /* c */",
  "a backslash": "a\\b",
  "dots with backslashes": "..\\a",
  "a percent": "100%",
  "a percent-code": "a%2fb",
  "encoded dots": "%2e%2e/a",
  "a bad percent-code": "%zz",
  "a query": "a?b",
  "a fragment": "a#b",
  "an at": "@scope/a",
  "a hash first": "#a",
  "a question first": "?a",
  "a colon": "a:b",
  "a colon first": ":a",
  "a drive": "C:\\a",
  "https": "https://example.com/a.js",
  "a scheme's slashes": "x://y/../z",
  "data": "data:text/javascript,export default 1",
  "blob": "blob:http://a/b",
  "file": "file:///etc/passwd",
  "javascript": "javascript:1",
  "an inner dot": "a/./b",
  "an inner empty part": "a//b",
  "letters": "\u00fc\u4e16",
  "composed": "\u00e9",
  "decomposed": "e\u0301",
  "an emoji": "\u{1f600}",
  "right to left": "\u202ea",
  "a zero width": "a\u200bb",
  "a byte order mark": "\ufeffa",
  "a line separator": "a\u2028b",
  "__proto__": "__proto__",
  "constructor": "constructor",
  "hasOwnProperty": "hasOwnProperty",
  "then": "then",
  "default": "default",
  "undefined": "undefined",
  "null": "null",
  "a number": "42",
  "an index": "0",
  "a negative number": "-1",
  "a large index": "4294967296",
  "numbers with dots": "1.5e3",
  "upper case": "MAIN.JS",
  "a thousand letters": "n".repeat(1000),
  "many folders": "d/".repeat(200) + "a",
};
const own = (name, content) => JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(content)}}`); // also __proto__
const HELLO = { js: "export default { fetch() { return new Response('ran'); } }; export const other = 5;" };
const run = async ({ env }, mainModule, modules, entrypoint) => {
  try {
    const worker = env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule, modules });
    return await (await worker.getEntrypoint(entrypoint).fetch("http://x/")).text();
  } catch (e) {
    return `${e.name}: ${e.message.split("\n").slice(0, 2).join("|").slice(0, 300)}`;
  }
};
const main = (how) => ({ js: `${how}; export default { async fetch() { return new Response(String(await found())); } };` });
const q = JSON.stringify;
const ways = {
  "main": (t, name) => run(t, name, own(name, HELLO)),
  "absent": (t, name) => run(t, name, { "main-of-it.js": HELLO }),
  "import ./": (t, name) => run(t, "m", { m: main(`import it from ${q(`./${name}`)}; const found = () => it`), ...own(name, { js: "export default 'js';" }) }),
  "import": (t, name) => run(t, "m", { m: main(`import it from ${q(name)}; const found = () => it`), ...own(name, { js: "export default 'js';" }) }),
  "import()": (t, name) => run(t, "m", { m: main(`const found = () => import(${q(`./${name}`)}).then((m) => m.default, (e) => e.name)`), ...own(name, { text: "text" }) }),
  "from a folder": (t, name) => run(t, "f/m", { "f/m": main(`import it from ${q(`../${name}`)}; const found = () => it`), ...own(name, { json: ["json"] }) }),
  "into a folder": (t, name) => run(t, "m", { m: main(`import it from ${q(`./f/${name}`)}; const found = () => it`), ...own(`f/${name}`, { json: 7 }) }),
  "require()": (t, name) => run(t, "m", { m: main("import it from './c'; const found = () => it"), c: { cjs: `module.exports = require(${q(`./${name}`)});` }, ...own(name, { cjs: "module.exports = 'cjs';" }) }),
  "text without a kind": (t, name) => run(t, "m", { m: HELLO, ...own(name, "export default 1;") }),
  "entrypoint": (t, name) => run(t, "m", { m: { js: HELLO.js } }, name),
  "export": (t, name) => run(t, "m", { m: { js: `const e = { fetch() { return new Response("exported"); } }; export { e as ${q(name)} };` } }, name),
};
const INTERNAL = ["two dots", "a zero byte"]; // to workerd as names of modules an internal error
const list = {};
for (const [way, use] of Object.entries(ways))
  for (const [name, text] of Object.entries(names))
    if (!INTERNAL.includes(name) || ["entrypoint", "export"].includes(way)) list[`${way}: ${name}`] = (t) => use(t, text);

export default checks(list);
