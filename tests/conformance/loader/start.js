// What the caller is told of a dynamic Worker whose modules failed: the error's text and where it was thrown.
import { checks } from "../checks.js";

const DATE = "2026-11-01";
async function start(env, source, more = {}) {
  const worker = env.LOADER.load({ compatibilityDate: DATE, mainModule: "main.js", modules: { "main.js": source, ...more } });
  return await worker.getEntrypoint().fetch("http://x/").then((r) => r.text(), (e) => [e.name, e.message, typeof e.stack]);
}

export default checks({
  "at top": ({ env }) => start(env, "throw new Error('plain');"),
  "in functions": ({ env }) => start(env, "function f() { throw new RangeError('deep'); }\nfunction g() { f(); }\n g();"),
  "with a cause": ({ env }) => start(env, "throw new Error('plain', { cause: new Error('c') });"),
  "a text is thrown": ({ env }) => start(env, "throw 'text';"),
  "an object is thrown": ({ env }) => start(env, "throw { a: 1 };"),
  "undefined is thrown": ({ env }) => start(env, "throw undefined;"),
  "a name of its own": ({ env }) => start(env, "class E extends Error { name = 'Mine' }\nthrow new E('m');"),
  "two lines": ({ env }) => start(env, "throw new Error('two\\nlines');"),
  "a stack of its own": ({ env }) => start(env, "const e = new Error('x'); e.stack = 'my stack'; throw e;"),
  "in a method": ({ env }) => start(env, "class A { static m() { null.x; } }\n A.m();"),
  "in a module that is imported": ({ env }) => start(env, "import './b.js';", { "b.js": "import './lib/c.js';", "lib/c.js": "\n\n  throw new Error('in c');" }),
  "after an await": ({ env }) => start(env, "await Promise.reject(new Error('rejected'));"),
  "a module that is not there": ({ env }) => start(env, "import './b.js';"),
  "a module that does not parse": ({ env }) => start(env, "let a = 1;\n let b = ;"),
  "an export that is a number": ({ env }) => start(env, "export const x = 1; export default {};"),
  "an export that is undefined": ({ env }) => start(env, "export let x; export default {};"),
  "an export that is null": ({ env }) => start(env, "export const x = null; export default {};"),
  "an export that is a text": ({ env }) => start(env, "export const version = '1.0'; export default { fetch() { return new Response('ok'); } };"),
});
