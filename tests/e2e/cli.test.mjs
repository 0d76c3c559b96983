// The command line, and what it says about bad input before anything is served.
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import test from "node:test";
import { DATE, directory, root, run, serve, request, Server } from "./harness.mjs";

const hello = 'export default { fetch(request) { return new Response("hello " + request.url) } };\n';
const config = (more = {}) => JSON.stringify({ main: "index.js", compatibility_date: DATE, ...more });

test("--version names Mayfly's and the engine's", async () => {
  const { code, out } = await run(["--version"]);
  assert.equal(code, 0);
  assert.match(out, /^mayfly \d+\.\d+\.\d+ \(QuickJS-ng \d+\.\d+\.\d+\)\n$/);
});

test("--help and help VERB", async () => {
  const all = await run(["--help"]);
  assert.equal(all.code, 0);
  for (const verb of ["serve", "run", "test", "limits", "sandbox", "help"]) {
    assert.match(all.out, new RegExp(`^  ${verb} `, "m"));
    const one = await run(["help", verb]);
    assert.equal(one.code, 0);
    assert.match(one.out, new RegExp(`usage: mayfly ${verb}`));
    if (verb !== "help") assert.equal((await run([verb, "--help"])).out, one.out);
  }
});

test("a command line that makes no sense exits with 2 and a hint", async () => {
  const cases = [
    [["frobnicate"], /there is no "frobnicate"/],
    [["serve", "--lisen", "x"], /there is no option --lisen/],
    [["serve", "--listen"], /--listen needs a value/],
    [["serve", "--listen", "::1:80"], /needs brackets/],
    [["serve", "--listen", "nowhere:80"], /"nowhere" is not an IP address/],
    [["serve", "--listen", "127.0.0.1:99999"], /--listen is ADDR:PORT/],
    [["serve", "--sandbox=none"], /--sandbox is auto or strict/],
    [["serve", "--cells", "0"], /--cells is a number from 1/],
    [["serve", "a", "b"], /one directory or file/],
    [["run"], /which file/],
    [["run", "x.js", "--request", "/path"], /--request is an URL/],
    [["help", "frobnicate"], /there is no "frobnicate"/],
    [["limits", "x"], /no argument expected/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await run(args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, message);
    assert.match(err, /Try 'mayfly /);
  }
});

test("docs/limits.md is what `mayfly limits --markdown` prints", async () => {
  const { out } = await run(["limits", "--markdown"]);
  assert.equal(fs.readFileSync(path.join(root, "docs/limits.md"), "utf8"), out);
});

test("sandbox prints the plan", async () => {
  const { code, out } = await run(["sandbox"]);
  assert.equal(code, 0);
  assert.match(out, /seccomp/);
});

test("run prints the body on stdout, status and headers on stderr", async () => {
  const dir = directory({ "worker.js": hello });
  const { code, out, err } = await run(["run", path.join(dir, "worker.js"), "--request", "http://example.com/a?b"]);
  assert.equal(code, 0, err);
  assert.equal(out, "hello http://example.com/a?b");
  assert.match(err, /200/);
  assert.match(err, /content-type: text\/plain/i);
});

test("run takes a directory with modules, and vars", async () => {
  const dir = directory({
    "wrangler.jsonc": config({ main: "src/a.js", vars: { N: { deep: [1] } } }),
    "src/a.js": 'import { b } from "./lib/b.js"; import t from "./t.txt";\nexport default { fetch: (r, env) => Response.json([b, t, env.N]) };',
    "src/lib/b.js": 'export { c as b } from "../c.mjs";',
    "src/c.mjs": "export const c = 42;",
    "src/t.txt": "text",
  });
  const { code, out, err } = await run(["run", dir]);
  assert.equal(code, 0, err);
  assert.equal(out, '[42,"text",{"deep":[1]}]');
});

test("run: a Worker that throws", async () => {
  const dir = directory({ "worker.js": 'export default {\n  fetch() {\n    throw new RangeError("too far");\n  } };' });
  const { code, out, err } = await run(["run", path.join(dir, "worker.js")]);
  assert.equal(code, 1);
  assert.equal(out, "");
  assert.match(err, /RangeError: too far/);
  assert.match(err, /worker\.js:3/);
});

test("run: a file that is not there", async () => {
  const { code, err } = await run(["run", "/nonexistent/worker.js"]);
  assert.equal(code, 1);
  assert.match(err, /\/nonexistent\/worker\.js: No such file/);
});

// What stops the start of a server: files, and what must be said.
const refusals = {
  "no configuration": [{}, /looked for wrangler\.jsonc/],
  "broken JSON, with line and column": [{ "wrangler.jsonc": '{\n  "main": oops\n}' }, /wrangler\.jsonc:2:11: not valid JSON/],
  "missing main": [{ "wrangler.jsonc": "{}" }, /wrangler\.jsonc:1:1: "main" is missing/],
  "main names no file": [{ "wrangler.jsonc": config() }, /main is "index\.js", but there is no file/],
  "a limit out of range": [
    { "wrangler.jsonc": config({ limits: { cpu_ms: 0 } }), "index.js": hello },
    /limits\.cpu_ms must be a whole number from 1/,
  ],
  "a module that does not parse: name, line, column": [
    { "wrangler.jsonc": config(), "index.js": "export default {\n  fetch() { return new Response('a' } };" },
    /SyntaxError[^]*index\.js:2:\d+/,
  ],
  "another module that does not parse": [
    { "wrangler.jsonc": config(), "index.js": 'import "./lib/b.js"; ' + hello, "lib/b.js": "\n\nlet let = 1;" },
    /SyntaxError[^]*lib\/b\.js:3:\d+/,
  ],
  "an import that is not there: what, and who imports it": [
    { "wrangler.jsonc": config(), "index.js": 'import "./lib/a.js"; ' + hello, "lib/a.js": 'import "../nope.js";' },
    /No such module "nope\.js"[^]*imported from "lib\/a\.js"/,
  ],
  "an import of a name that is not exported": [
    { "wrangler.jsonc": config(), "index.js": 'import { x } from "./a.js"; ' + hello, "a.js": "export const y = 1;" },
    /SyntaxError[^]*'?x'?/,
  ],
  "a module that throws": [
    { "wrangler.jsonc": config(), "index.js": 'throw new TypeError("at the top");' },
    /TypeError: at the top[^]*index\.js:1/,
  ],
};
for (const [name, [files, message]] of Object.entries(refusals)) {
  test(`serve refuses: ${name}`, async () => {
    const { code, err } = await run(["serve", directory(files), "--listen", "127.0.0.1:0"]);
    assert.equal(code, 1, err);
    assert.match(err, message);
    assert.doesNotMatch(err, /listening on/);
  });
}

test("serve refuses a taken port", async () => {
  const other = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.on("listening", resolve));
  const { port } = other.address();
  const dir = directory({ "wrangler.jsonc": config(), "index.js": hello });
  const { code, err } = await run(["serve", dir, "--listen", `127.0.0.1:${port}`]);
  other.close();
  assert.equal(code, 1);
  assert.match(err, new RegExp(`127\\.0\\.0\\.1 port ${port}`));
  assert.match(err, /in use/);
});

test("unknown keys get a warning with their line, and the server starts", async () => {
  const server = await serve({
    "wrangler.jsonc": `{ "main": "index.js", "compatibility_date": "${DATE}",\n "kv_namespaces": [],\n "limts": {} }`,
    "index.js": hello,
  });
  assert.match(server.log, /wrangler\.jsonc:2:2: "kv_namespaces" is not supported/);
  assert.match(server.log, /wrangler\.jsonc:3:2: unknown key "limts" was ignored; did you mean "limits"/);
  assert.equal((await request(server, "/x")).text, `hello ${server.url}/x`);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test("serve reads the configuration of the current directory, and dev.port", async () => {
  const dir = directory({ "wrangler.jsonc": config({ dev: { port: 0 } }), "index.js": hello });
  const { spawn } = await import("node:child_process");
  const { mayfly } = await import("./harness.mjs");
  const server = new Server(spawn(mayfly, ["serve"], { cwd: dir, stdio: ["ignore", "pipe", "pipe"] }));
  const [, port] = await server.logged(/listening on http:\/\/127\.0\.0\.1:(\d+)/);
  server.port = Number(port);
  assert.equal((await request(server, "/")).status, 200);
  assert.equal((await server.stop()).code, 0);
});
