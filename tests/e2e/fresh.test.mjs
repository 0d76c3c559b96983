// fresh: true where idle Workers are evicted soon; guest/fresh.test.js has the rest.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { request, root, serve, settled, sleep } from "./harness.mjs";

const UNREAD = fs.readFileSync(path.join(root, "tests/guest/fresh/worker.txt"));
const AS_NEW = [1, 3, 2, 1, 7, [5], "/"];
const MAIN = `
import { WorkerEntrypoint } from "cloudflare:workers";
import UNREAD from "./unread.txt";
const added = [];
export class Sink extends WorkerEntrypoint {
  add(line) { return added.push(line); }
}
let callbacks = 0;
export default {
  async fetch(request, env, ctx) {
    const [, how, ...rest] = new URL(request.url).pathname.split("/");
    if (how === "callbacks") return Response.json(callbacks);
    if (how === "added") return Response.json(added);
    const code = () => { callbacks++; return { compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": UNREAD }, env: { SINK: ctx.exports.Sink({}) } }; };
    return await env.LOADER.get("kept", code, { fresh: true }).getEntrypoint().fetch("http://x/" + rest.join("/"));
  },
};`;

test("a template that was evicted is made anew, and copies in progress go on", async () => {
  const small = await serve({ "index.js": MAIN, "unread.txt": UNREAD }, { worker_loaders: [{ binding: "LOADER" }], limits: { isolate_idle_ms: 20 } });
  const once = async () => JSON.parse((await request(small, "/get/")).text);
  const callbacks = async () => JSON.parse((await request(small, "/callbacks")).text);
  assert.deepEqual(await once(), AS_NEW);
  while ((await callbacks()) < 3) {
    await settled(callbacks, 4);
    const slow = request(small, "/get/wait");
    assert.deepEqual(await once(), AS_NEW);
    assert.equal((await slow).text, "soon");
  }
  while (!(await request(small, "/added")).text.includes("waited 1")) await sleep(20);
  assert.equal((await small.stop()).code, 0);
});
