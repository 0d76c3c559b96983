// What README.md says is what happens: its example is written out, served, and asked as it says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, readdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { directory, request, root, serveDirectory } from "./harness.mjs";

const read = (name) => readFileSync(path.join(root, name), "utf8");
const readme = read("README.md");
const block = (language, text = readme) => new RegExp("```" + language + "\\n([^]*?)```").exec(text)[1];

test("the example's commands print what it shows", async (t) => {
  const server = await serveDirectory(directory({ "index.js": block("js"), "wrangler.jsonc": block("jsonc") }));
  t.after(() => server.stop());
  const lines = block("console").trimEnd().split("\n");
  const asked = lines.flatMap((line, i) => (line.startsWith("$ curl ") ? [[line, lines[i + 1]]] : []));
  assert.equal(asked.length, 2);
  for (const [command, expected] of asked) {
    const body = /-d '([^']*)'/.exec(command)[1];
    const answer = await request(server, "/", { method: "POST", body });
    assert.equal(answer.text.trimEnd(), expected);
  }
});

test("the example has at most twenty lines", () => {
  assert.ok(block("js").trimEnd().split("\n").length <= 20);
});

// What a client for `serve --rpc` prints, run as it stands there.
async function printed(t, client) {
  const env = { ...process.env, MAYFLY_TOKEN: "a-token-for-the-tests-0123456789" };
  const server = await serveDirectory(null, ["--rpc", "/rpc"], { cwd: directory({}), env });
  t.after(() => server.stop());
  const made = directory({
    "client.mjs": client.replace("127.0.0.1:8787", `127.0.0.1:${server.port}`),
    "websocket.mjs": 'import WebSocket from "ws"; globalThis.WebSocket ??= WebSocket;', // older Node.js has none
  });
  symlinkSync(path.join(root, "node_modules"), path.join(made, "node_modules"));
  const args = ["--import", "./websocket.mjs", "client.mjs"];
  return (await promisify(execFile)(process.execPath, args, { cwd: made, env, timeout: 30000 })).stdout;
}

test("the client by RPC prints what it shows", async (t) => {
  assert.equal(await printed(t, block("javascript")), "ada is 36\n");
  assert.ok(readme.includes("node client.mjs\nada is 36\n"));
});

test("so does the one of docs/rpc.md", async (t) => {
  assert.equal(await printed(t, block("js", read("docs/rpc.md"))), "left: 9\nleft: 7\nRangeError: not enough\n");
});

test("the two commands come first", () => {
  const commands = readme.split("\n").filter((line) => line.startsWith("    make "));
  assert.deepEqual(commands.map((line) => line.trim().split(/\s+#/)[0]), ["make demo", "make test"]);
});

test("docs/compatibility.md lists the flags that the platform asks for", () => {
  const known = new Set(/const FEATURES = `([^`]*)`/.exec(read("src/guest/worker/flags.js"))[1].split(/[\s!]+/).filter(Boolean));
  const asked = new Set();
  for (const folder of ["src/guest/worker", "src/guest/node"])
    for (const name of readdirSync(path.join(root, folder)))
      if (name.endsWith(".js") && name !== "flags.js")
        for (const [, text] of read(`${folder}/${name}`).matchAll(/["']([a-z0-9_]+)["']/g)) if (known.has(text)) asked.add(text);
  const section = read("docs/compatibility.md").split("## Compatibility flags")[1].split("\n## ")[0];
  const listed = [...section.slice(section.indexOf("|---")).matchAll(/`([a-z0-9_]+)`/g)].map(([, flag]) => flag);
  assert.deepEqual(listed.sort(), [...asked].sort());
});
