// examples/hello, and the demonstration that uses it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import test from "node:test";
import { mayfly, request, root, serveDirectory } from "./harness.mjs";

test("examples/hello: usage, a program, a program that fails", async () => {
  const server = await serveDirectory(path.join(root, "examples/hello"));
  const post = async (body) => (await request(server, "/", { method: "POST", body })).text;
  assert.match((await request(server, "/")).text, /POST the source of a Worker/);
  assert.equal(await post("export default { fetch: (r, env) => new Response(env.GREETING) };"), "hello");
  assert.equal(await post('import { isPrime } from "./math.js"; export default { fetch: () => Response.json(isPrime(7)) };'), "true");
  assert.equal(await post("export default { fetch() { throw new RangeError('no') } };"), "RangeError: no\n");
  assert.match(await post("export default {"), /SyntaxError/);
  assert.equal((await server.stop()).code, 0);
});

test("scripts/demo.sh shows every program with the answer that it should get", async () => {
  const demo = spawn(path.join(root, "scripts/demo.sh"), { env: { ...process.env, MAYFLY: mayfly }, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  demo.stdout.on("data", (data) => (out += data));
  demo.stderr.on("data", (data) => (out += data));
  const [code] = await once(demo, "close");
  assert.equal(code, 0, out);
  for (const name of ["counts primes", "throws", "loops for ever", "eats memory", "imports a module", "calls the internet"]) assert.match(out, new RegExp(name));
  assert.match(out, /1000 answered/);
});
