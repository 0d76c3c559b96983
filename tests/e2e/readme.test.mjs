// What README.md says is what happens: its example is written out, served, and asked as it says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { directory, request, serveDirectory } from "./harness.mjs";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const block = (language) => new RegExp("```" + language + "\\n([^]*?)```").exec(readme)[1];

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

test("the two commands come first", () => {
  const commands = readme.split("\n").filter((line) => line.startsWith("    make "));
  assert.deepEqual(commands.map((line) => line.trim().split(/\s+#/)[0]), ["make demo", "make test"]);
});
