// Makes the platform: one script, a function that takes what the guest's C gives it (native) and defines the globals.
// The files are joined in the order given, so that they share one scope and a file may use what those before it
// define at once, and what those after it define once everything has run. Node.js's library (bundle-node.mjs), beside
// OUT as node.js, is a function that node/library.js calls.
// Of two functions of one name the second would silently take the place of the first everywhere: an error here.
// usage: platform.mjs OUT FILES...
// What it does for a Worker must not depend on what that Worker replaced: guard.mjs looks at src/guest/web and worker.
import { transformSync } from "esbuild";
import fs from "node:fs";
import path from "node:path";
import { guard } from "./guard.mjs";

const [out, ...names] = process.argv.slice(2);
const files = [path.join(path.dirname(out), "node.js"), ...names].map((name) => {
  const text = fs.readFileSync(name, "utf8");
  return { name, text: text.endsWith("\n") ? text : `${text}\n` };
});

// Where line LINE of the joined files, from 1, came from.
function placeOf(line) {
  for (const { name, text } of files) {
    const lines = text.split("\n").length - 1;
    if (line <= lines) return `${name}:${line}`;
    line -= lines;
  }
  return "the end of the platform";
}

// In a block of strict code, unlike in a function's body, no name may be declared twice. The block opens on the first
// file's first line.
function check(joined) {
  try {
    transformSync(`function platform(native) { "use strict"; { ${joined}} }`, { logLevel: "silent", logLimit: 0 });
  } catch (e) {
    for (const { text, location, notes } of e.errors) {
      console.error(`${placeOf(location.line)}: ${text}`);
      if (notes.length) console.error(`  ${placeOf(notes[0].location.line)}: ${notes[0].text}`);
    }
    process.exit(1);
  }
}

const joined = files.map(({ text }) => text).join("");
check(joined);
const guarded = files.filter(({ name }) => /\/(web|worker)\//.test(name));
const wrong = guard(guarded, files.filter((file) => !guarded.includes(file)));
if (wrong.length) {
  console.error(`${wrong.join("\n")}\nA Worker could have replaced it: scripts/guard.mjs`);
  process.exit(1);
}
fs.writeFileSync(`${out}.tmp`, `(function (native) {\n"use strict";\n${joined}})\n`);
fs.renameSync(`${out}.tmp`, out);
