// Every example's README: its first command starts a server, the others print what it shows.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { root, serveDirectory } from "./harness.mjs";

const examples = path.join(root, "examples");
const names = fs.readdirSync(examples).filter((name) => fs.existsSync(path.join(examples, name, "README.md")));

// [[command, what it prints], ...]
function commands(readme) {
  const [, text] = /```console\n([^]*?)```/.exec(readme);
  return text.split(/^\$ /m).slice(1).map((part) => {
    const end = part.indexOf("\n");
    return [part.slice(0, end), part.slice(end + 1)];
  });
}

for (const name of names)
  test(`examples/${name} does what its README says`, async (t) => {
    const readme = fs.readFileSync(path.join(examples, name, "README.md"), "utf8");
    const [[start], ...others] = commands(readme);
    assert.equal(start, `mayfly serve examples/${name}`);
    assert.ok(others.length > 0);
    const server = await serveDirectory(path.join(examples, name));
    t.after(() => server.stop());
    for (const [command, expected] of others) {
      const here = command.replace("http://127.0.0.1:8787/", `http://127.0.0.1:${server.port}/`);
      assert.match(here, new RegExp(`^curl .*:${server.port}/`));
      const { stdout } = await promisify(execFile)("sh", ["-c", here.replace(/^curl/, "curl -sS")], { timeout: 60000 });
      assert.equal(stdout.trimEnd(), expected.trimEnd(), command);
    }
  });
