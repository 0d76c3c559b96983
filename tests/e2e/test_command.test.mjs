// `mayfly test`: what is run, what is printed, exit statuses. guest/testing.test.js has what a test finds.
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { DATE, directory, run } from "./harness.mjs";

const CONFIG = (more) => JSON.stringify({ name: "mine", main: "src/index.js", compatibility_date: DATE, ...more });
const INDEX = 'export const five = 5;\nexport default { fetch: () => new Response("hi") };';
const mayfly = (files, args, options) => run(["test", ...args], { cwd: directory(files), ...options });
const PASSES = "export const passes = { test() {} };";

// What was printed, without times.
const lines = (result) => result.out.replace(/ \(\d+\.\d ms\)$/gm, "").trimEnd().split("\n");

test("passes, failures with their stacks, what is no test", async () => {
  const result = await mayfly({
    "a.test.js": `
export default { async test() { await 1; } };
export const notFound = { fetch() {} };
export const throws = {
  test() {
    throw new TypeError("wrong\\nagain \\x1b[31m\\u009b");
  },
};
export const rejects = { async test() { await 1; throw "text"; } };
export const waits = { test(controller, env, ctx) { ctx.waitUntil(Promise.reject(new Error("later"))); } };
export const timer = { async test() { setTimeout(() => { throw new Error("tick"); }, 1); await scheduler.wait(5); } };
export const aborts = { async test(controller, env, ctx) { ctx.abort(new RangeError("over")); await scheduler.wait(1e6); } };
export const none = { test: null };
export { throws as "odd\\x1b name" };`,
  }, ["a.test.js"]);
  assert.equal(result.code, 1);
  assert.deepEqual(lines(result), [
    "a.test.js",
    "  ok    default",
    "  FAIL  aborts",
    "        RangeError: over",
    "            at Object.test (a.test.js:12:70)",
    "  FAIL  none",
    "        Error: Entrypoint does not export a test() function.",
    "  FAIL  odd\\x1b name",
    "        TypeError: wrong",
    "        again \\x1b[31m\\xc2\\x9b",
    "            at Object.test (a.test.js:6:11)",
    "  FAIL  rejects",
    "        Error: text",
    "  FAIL  throws",
    "        TypeError: wrong",
    "        again \\x1b[31m\\xc2\\x9b",
    "            at Object.test (a.test.js:6:11)",
    "  FAIL  timer",
    "        Error: tick",
    "            at a.test.js:11:64",
    "  FAIL  waits",
    "        Error: later",
    "            at Object.test (a.test.js:10:82)",
    "1 passed, 7 failed",
  ]);
  assert.equal(result.err, "");
});

test("each test prints its time", async () => {
  const { out } = await mayfly({ "a.test.js": "export const t = { async test() { await scheduler.wait(30); } };" }, ["a.test.js"]);
  assert.ok(Number(/ok {4}t \((\d+\.\d) ms\)/.exec(out)[1]) >= 29, out); // a timer may be early by a part of a millisecond
});

test("a test that hangs, also in waitUntil()", async () => {
  const result = await mayfly({
    "a.test.js": `export const a = { async test() { await new Promise(() => {}); } };
export const b = { async test(controller, env, ctx) { ctx.waitUntil(new Promise(() => {})); } };
${PASSES}`,
  }, ["a.test.js"]);
  assert.equal(result.code, 1);
  assert.equal(result.out.match(/detected that your Worker's code had hung/g).length, 2);
  assert.equal(lines(result).at(-1), "1 passed, 2 failed");
});

test("what ends the isolate is its test's failure, and the others go on in a new one", async () => {
  const result = await mayfly({
    "wrangler.jsonc": CONFIG({ limits: { cpu_ms: 100, wall_ms: 1000, memory_mb: 32 } }),
    "src/index.js": INDEX,
    "a.test.js": `let count = 0;
export const a_loops = { test() { count++; for (;;); } };
export const b_grows = { test() { const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1)); } };
export const c_waits = { async test() { await scheduler.wait(1e7); } };
export const d_new = { test() { if (count !== 0) throw new Error("the same isolate"); } };`,
  }, ["a.test.js"]);
  assert.equal(result.code, 1);
  assert.deepEqual(lines(result), [
    "a.test.js",
    "mayfly: Worker mine: Worker exceeded CPU time limit.",
    "  FAIL  a_loops",
    "        ExceededCpuError: Worker exceeded CPU time limit.",
    "mayfly: Worker mine: Worker exceeded memory limit.",
    "  FAIL  b_grows",
    "        ExceededMemoryError: Worker exceeded memory limit.",
    "mayfly: Worker mine: Worker exceeded wall time limit.",
    "  FAIL  c_waits",
    "        ExceededWallTimeError: Worker exceeded wall time limit.",
    "  ok    d_new",
    "1 passed, 3 failed",
  ]);
});

test("bindings of the nearest configuration; imports of all below it; console", async () => {
  const files = {
    "wrangler.jsonc": CONFIG({
      vars: { GREETING: "hello" },
      worker_loaders: [{ binding: "LOADER" }],
      services: [{ binding: "OTHER", service: "other" }],
      workers: [{ name: "other", main: "other/index.js" }],
      routes: [],
    }),
    "src/index.js": INDEX,
    "other/index.js": 'export default { fetch: () => new Response("from other") };',
    "test/deep/a.test.js": `import { five } from "../../src/index.js";
const equal = (a, b) => { if (a !== b) throw new Error(a + " is not " + b); };
export const all = {
  async test(controller, env) {
    equal(five, 5);
    equal(Object.keys(env).join(), "GREETING,LOADER,OTHER");
    equal(await (await env.OTHER.fetch("http://x/")).text(), "from other");
    const code = { compatibilityDate: "${DATE}", mainModule: "m.js", modules: { "m.js": "export default { fetch: () => new Response('loaded') }" } };
    equal(await (await env.LOADER.load(code).getEntrypoint().fetch("http://x/")).text(), "loaded");
    console.log(env.GREETING, "\\x1b[2J");
    console.error("two\\nlines");
  },
};`,
    "test/deep/b.test.js": PASSES,
  };
  const result = await mayfly(files, ["test"]);
  assert.equal(result.code, 0, result.out + result.err);
  assert.deepEqual(lines(result), [
    "test/deep/a.test.js",
    "log mine: hello \\x1b[2J",
    "error mine: two",
    "    lines",
    "  ok    all",
    "test/deep/b.test.js",
    "  ok    passes",
    "2 passed, 0 failed",
  ]);
  assert.equal(result.err.match(/"routes" is not supported/g).length, 1, "a warning once, not for each file");
});

test("a directory: which files, in which order; several arguments", async () => {
  const files = {};
  for (const name of ["b.test.js", "a/c.spec.mjs", "a/d.test.mjs", "e.spec.js", "node_modules/x/f.test.js", ".g/h.test.js", "i.test.txt", "testing.js", "k.test.ts"])
    files[name] = PASSES;
  const cwd = directory(files);
  const names = (result) => lines(result).filter((line) => /test|spec/.test(line));
  assert.deepEqual(names(await run(["test", "."], { cwd })), ["./a/c.spec.mjs", "./a/d.test.mjs", "./b.test.js", "./e.spec.js"]);
  assert.deepEqual(names(await run(["test", "testing.js", "a/"], { cwd })), ["testing.js", "a/c.spec.mjs", "a/d.test.mjs"]);
  assert.deepEqual(names(await run(["test", path.join(cwd, "b.test.js")], { cwd: "/" })), [path.join(cwd, "b.test.js")]);
});

test("--filter chooses by name", async () => {
  const cwd = directory({
    "a.test.js": "export const one = { test() {} }, two = { test() {} }, lone = { test() {} };",
    "b.test.js": "export const three = { test() {} };",
  });
  const ran = async (...args) => lines(await run(["test", ".", ...args], { cwd })).slice(0, -1).map((line) => line.trim());
  assert.deepEqual(await ran("-t", "one"), ["./a.test.js", "ok    lone", "ok    one"]);
  assert.deepEqual(await ran("--filter", "three"), ["./b.test.js", "ok    three"]);
  const none = await run(["test", ".", "--filter=four"], { cwd });
  assert.deepEqual([none.code, none.out], [1, "0 passed, 0 failed\n"]);
  assert.equal(none.err, 'mayfly: no tests: no name contains "four"\n');
});

test("a file that does not start, or has no tests, fails; the next go on", async () => {
  const result = await mayfly({
    "a.test.js": "export default x +",
    "b.test.js": 'import "./none.js";',
    "c.test.js": "export default { fetch() {} }; export function test() {}",
    "d.test.js": "await new Promise(() => {});",
    "e.test.js": PASSES,
  }, ["."]);
  assert.equal(result.code, 1);
  assert.match(result.out, /SyntaxError: .*\n {8}at a\.test\.js:1:/);
  assert.match(result.out, /No such module "none\.js"/);
  assert.match(result.out, /never finished their evaluation/);
  assert.deepEqual(lines(result).filter((line) => /^\.\/|^  (FAIL|ok)|passed,/.test(line)), [
    "./a.test.js", "  FAIL  the Worker does not start",
    "./b.test.js", "  FAIL  the Worker does not start",
    "./c.test.js", "  FAIL  no tests: nothing is exported that has test(controller, env, ctx)",
    "./d.test.js", "  FAIL  the Worker does not start",
    "./e.test.js", "  ok    passes",
    "1 passed, 4 failed",
  ]);
  assert.equal(result.err, "");
});

test("a command line or configuration that makes no sense: status 2", async () => {
  const cwd = directory({ "empty/x.js": "", "bad/wrangler.jsonc": "{", "bad/a.test.js": PASSES, "a.test.js": PASSES });
  const told = async (...args) => {
    const { code, out, err } = await run(["test", ...args], { cwd });
    return [code, out, err];
  };
  const cases = [
    [[], /^mayfly: test: which file or directory\?\n/],
    [["none.test.js"], /^mayfly: none\.test\.js: No such file or directory\n$/],
    [["/dev/null"], /^mayfly: \/dev\/null: is not a file\n$/],
    [["empty"], /^mayfly: empty: no tests: no file below it is named \*\.test\.js/],
    [["bad"], /wrangler\.jsonc:1:2: /],
    [["a.test.js", "--nonsense"], /^mayfly: test: there is no option --nonsense\n/],
    [["a.test.js", "--filter"], /^mayfly: test: --filter needs a value\n/],
    [["a.test.js", "--sandbox", "none"], /--sandbox is auto or strict/],
  ];
  for (const [args, message] of cases) {
    const [code, out, err] = await told(...args);
    assert.deepEqual([code, out], [2, ""], args.join(" "));
    assert.match(err, message);
  }
});
