// run.mjs: runs conformance scripts (checks.js says what one is) and compares what they print.
//   node run.mjs FILE...             on Mayfly, against FILE's recorded lines (FILE.expected); last line "N passed, N failed"
//   node run.mjs --workerd [FILE...] on Mayfly and on workerd in the same run; shows each line that differs. Only what
//                                    differences.json lists, with a reason, may differ, and what it lists must differ
//   node run.mjs --record FILE...    writes FILE.expected: workerd's lines, and for listed differences Mayfly's
// Without files: all. A script may begin with lines that say how it is set up:
//   // flags: a b                     its compatibility flags
//   // date: 2026-01-01               its compatibility date
//   // memory: 512                    Mayfly's limit of an isolate's memory, in MiB
//   // services: A=self#Name, B=peer  service bindings: env.A is the entrypoint Name of the script itself, env.B the
//                                     default one of a second Worker made of the same script, with the same bindings
//   // tcp: yes                       it talks to the servers of upstream_tcp.mjs too: env.TCP, env.TLS
//   // log: compare                   it is about what is written to the log: see logged() in checks.js
// Environment: MAYFLY_BIN, the program. workerd comes from bench/ (make bench, make conformance install it).
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startUpstream } from "./upstream.mjs";
import { startTcpUpstream } from "./upstream_tcp.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "../..");
const mayfly = process.env.MAYFLY_BIN ?? path.join(root, "build/mayfly");
const DATE = "2026-11-01";
const differences = JSON.parse(fs.readFileSync(path.join(here, "differences.json"), "utf8"));

function allScripts() {
  const names = fs.readdirSync(here, { recursive: true });
  return names.filter((name) => name.includes("/") && name.endsWith(".js")).sort();
}

function setup(script) {
  const source = readScript(script);
  const directive = (name) => new RegExp(`^// ${name}: (.*)$`, "m").exec(source)?.[1].trim();
  const services = (directive("services")?.split(/,\s*/) ?? []).map((each) => {
    const [, binding, worker, entrypoint] = /^(\w+)=(self|peer)(?:#(\w+))?$/.exec(each);
    return { binding, service: worker === "self" ? "main" : "peer", ...(entrypoint && { entrypoint }) };
  });
  return {
    date: directive("date") ?? DATE,
    flags: directive("flags")?.split(/\s+/) ?? [],
    services,
    memory: Number(directive("memory")),
    comparesLog: directive("log") === "compare",
    asksTcp: directive("tcp") === "yes",
    hasPeer: services.some(({ service }) => service === "peer"),
  };
}

const readScript = (script) => fs.readFileSync(path.join(here, script), "utf8");
// The files of this folder that it imports.
const helpersOf = (script) => [...readScript(script).matchAll(/ from "\.\.\/(\w+\.js)";$/gm)].map((match) => match[1]);
// It imports "capnweb", which on workerd is the npm package.
const importsCapnweb = (script) => / from "capnweb";$/m.test(readScript(script));

let tcp; // the servers of upstream_tcp.mjs, for scripts that ask for them

const varsOf = (script, upstream) =>
  ({ UPSTREAM: upstream.url, ...(setup(script).asksTcp && { TCP: tcp.tcp, TLS: tcp.tls }) });

// ---- the two servers ----

function mayflyCommand(directory, script, upstream) {
  const { date, flags, services, hasPeer, comparesLog, memory } = setup(script);
  const config = {
    name: "main",
    main: "index.js",
    compatibility_date: date,
    compatibility_flags: flags,
    vars: varsOf(script, upstream),
    worker_loaders: [{ binding: "LOADER" }],
    outbound: { allow: [{ cidr: "127.0.0.1/32" }] },
    limits: { ...(comparesLog && { log_lines: 100000 }), ...(memory && { memory_mb: memory }) },
    ...(services.length && { services }),
    ...(hasPeer && { workers: [{ name: "peer", main: "index.js", services }] }),
  };
  fs.writeFileSync(path.join(directory, "wrangler.jsonc"), JSON.stringify(config));
  return [mayfly, ["serve", directory, "--listen", "127.0.0.1:0"], 2, /listening on http:\/\/127\.0\.0\.1:(\d+)/];
}

// A bare name is looked for beside the module that imports it: the package's is there for scripts and for helpers.
function layCapnweb(directory, folder) {
  const files = [["npm-capnweb", fs.readFileSync(path.join(root, "node_modules/capnweb/dist/index-workers.js"))],
    ["capnweb", `export * from "./npm-capnweb";`], [`${folder}/capnweb`, `export * from "../npm-capnweb";`]];
  return files.map(([name, text], i) => {
    fs.writeFileSync(path.join(directory, `module-${i}.js`), text);
    return `(name = "${name}", esModule = embed "module-${i}.js")`;
  });
}

let workerdPath;
function workerdCommand(directory, script, upstream) {
  workerdPath ??= execFileSync(process.execPath, ["-p", "require('workerd').default"], { cwd: path.join(root, "bench") })
    .toString().trim();
  const { date, flags, services, hasPeer } = setup(script);
  const quoted = (names) => names.map((name) => `"${name}"`).join(", ");
  const bindings = services.map(({ binding, service, entrypoint }) =>
    `(name = "${binding}", service = (name = "${service}"${entrypoint ? `, entrypoint = "${entrypoint}"` : ""}))`);
  const modules = ["index.js", script, ...helpersOf(script)].map((name) => `(name = "${name}", esModule = embed "${name}")`);
  if (importsCapnweb(script)) modules.push(...layCapnweb(directory, path.dirname(script)));
  const worker = (more) => `(
  modules = [${modules.join(", ")}],
  compatibilityDate = "${date}", compatibilityFlags = [${quoted(flags)}],
  bindings = [${[...bindings, ...more].join(", ")}],
  globalOutbound = "net"
)`;
  const vars = Object.entries(varsOf(script, upstream)).map(([name, text]) => `(name = "${name}", text = "${text}")`);
  const main = worker([...vars, `(name = "LOADER", workerLoader = (id = "a"))`]);
  const trusted = setup(script).asksTcp ? `, trustedCertificates = [${JSON.stringify(fs.readFileSync(tcp.ca, "utf8"))}]` : "";
  fs.writeFileSync(path.join(directory, "config.capnp"), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), ${hasPeer ? '(name = "peer", worker = .peer),' : ""}
    (name = "net", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true${trusted})))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const main :Workerd.Worker = ${main};
${hasPeer ? `const peer :Workerd.Worker = ${worker([])};` : ""}
`);
  return [workerdPath, ["serve", path.join(directory, "config.capnp"), "--experimental", "--control-fd=3"], 3,
    /"port":\s*(\d+)/];
}

function lay(script) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "mayfly-conformance-"));
  fs.mkdirSync(path.join(directory, path.dirname(script)), { recursive: true });
  fs.copyFileSync(path.join(here, script), path.join(directory, script));
  for (const helper of helpersOf(script)) fs.copyFileSync(path.join(here, helper), path.join(directory, helper));
  fs.writeFileSync(path.join(directory, "index.js"), `export * from "./${script}";\nexport { default } from "./${script}";\n`);
  return directory;
}

// ---- the log: [what a Worker wrote by debug(), info() and log(), by warn() and error()], see logged() in checks.js

const LAST_MARK = "==== end ====";

// Of workerd: its stdout and its stderr. Characters that control or deceive as Mayfly's log writes them.
function workerdLog(wrote) {
  const hex = (c, digits) => c.codePointAt(0).toString(16).padStart(digits, "0");
  return [wrote[1], wrote[2]].map((text) => text
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (c) => `\\x${hex(c, 2)}`)
    .replace(/[\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (c) => `\\u${hex(c, 4)}`));
}

// Of Mayfly: lines "LEVEL WORKER: text", each followed by the text's further lines, indented by four.
function mayflyLog(wrote) {
  const texts = ["", ""];
  let at;
  for (const line of wrote[2].split("\n").slice(0, -1)) {
    const begins = /^(debug|info|log|warn|error) \w+: (.*)$/.exec(line);
    if (begins) at = begins[1] === "warn" || begins[1] === "error" ? 1 : 0;
    else if (!line.startsWith("    ")) at = undefined; // the gateway's own
    if (at !== undefined) texts[at] += `${begins ? begins[2] : line.slice(4)}\n`;
  }
  return texts;
}

async function logOf(name, wrote) {
  for (let i = 0; i < 100; i++) {
    const texts = name === "mayfly" ? mayflyLog(wrote) : workerdLog(wrote);
    if (texts.every((text) => text.includes(LAST_MARK))) return texts;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("the log does not end");
}

// Line i of the answer, with what was written after mark i.
function withLog(lines, texts) {
  const pieces = texts.map((text) => text.split(/^==== \w+ ====\n/m));
  return [`(before)`, ...lines].map((line, i) => {
    const [out, errors] = pieces.map((list) => (list[i] ?? "").replace(/\n$/, "").replaceAll("\n", "\\n"));
    return `${line} = ${out}${errors === "" ? "" : ` ! ${errors}`}`;
  });
}

// Starts a server, asks it once, ends it. The lines; or why there are none, as one line.
async function ask(command, name, script, upstream) {
  const directory = lay(script);
  const [program, args, fd, pattern] = command(directory, script, upstream);
  const env = { ...process.env, ...(setup(script).asksTcp && { SSL_CERT_FILE: tcp.ca }) };
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  let said = "";
  const wrote = ["", "", "", ""]; // by file descriptor
  try {
    const port = await new Promise((resolve, reject) => {
      for (const each of [1, 2, 3]) {
        child.stdio[each].setEncoding("utf8").on("data", (data) => {
          wrote[each] += data;
          if (each === 1) return;
          said += data;
          const found = each === fd && pattern.exec(said);
          if (found) resolve(found[1]);
        });
      }
      child.on("error", reject);
      child.on("close", (status) => reject(new Error(`${name} ended with ${status}: ${said}`)));
    });
    const response = await fetch(`http://127.0.0.1:${port}/`);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`status ${response.status}: ${text} ${said}`);
    let lines = text.replace(/\n$/, "").split("\n");
    if (setup(script).comparesLog) lines = withLog(lines, await logOf(name, wrote));
    const vars = Object.entries(varsOf(script, upstream));
    const unnamed = (line) => vars.reduce((text, [name, value]) => text.replaceAll(value, name), line);
    return { lines: lines.map(unnamed), said };
  } catch (e) {
    return { lines: [`(no answer) ${e.message.replaceAll("\n", " ")}`], said };
  } finally {
    if (child.exitCode === null && child.pid) {
      const ended = new Promise((resolve) => child.on("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

const askMayfly = (script, upstream) => ask(mayflyCommand, "mayfly", script, upstream);
const askWorkerd = (script, upstream) => ask(workerdCommand, "workerd", script, upstream);

// ---- comparing ----

// The reason why this line of the script may differ from workerd's; undefined: it may not.
function reasonFor(script, line) {
  const listed = differences[script] ?? {};
  return Object.entries(listed).find(([name]) => line.startsWith(`${name} = `) || line.startsWith(`${name} throws `));
}

function compare(ours, theirs, report) {
  let passed = 0, failed = 0;
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    if (ours[i] === theirs[i]) passed++;
    else {
      failed++;
      report(ours[i], theirs[i]);
    }
  }
  return [passed, failed];
}

function show(kind, ours, theirs) {
  console.log(`  ${kind}:\n    mayfly:  ${ours ?? "(no such line)"}\n    workerd: ${theirs ?? "(no such line)"}`);
}

async function testRecorded(script, upstream) {
  const file = path.join(here, script.replace(/\.js$/, ".expected"));
  const expected = fs.readFileSync(file, "utf8").replace(/\n$/, "").split("\n");
  const { lines, said } = await askMayfly(script, upstream);
  const counts = compare(lines, expected, (got, want) => {
    console.log(`  got:      ${got ?? "(no such line)"}\n  expected: ${want ?? "(no such line)"}`);
  });
  if (counts[1]) console.log(said);
  return counts;
}

async function testBeside(script, upstream) {
  const [ours, theirs] = [await askMayfly(script, upstream), await askWorkerd(script, upstream)];
  const used = new Set();
  let intended = 0;
  const [passed, failed] = compare(ours.lines, theirs.lines, (got, want) => {
    const reason = reasonFor(script, got ?? "");
    if (reason) {
      intended++;
      used.add(reason[0]);
      show(`on purpose (${reason[1]})`, got, want);
    } else show("DIFFERS", got, want);
  });
  const idle = Object.keys(differences[script] ?? {}).filter((name) => !used.has(name));
  for (const name of idle) console.log(`  differences.json lists what does not differ: ${name}`);
  console.log(`${script}: ${passed} the same, ${intended} differ on purpose, ${failed - intended} differ`);
  return [passed + intended, failed - intended + idle.length];
}

async function record(script, upstream) {
  const [ours, theirs] = [await askMayfly(script, upstream), await askWorkerd(script, upstream)];
  const lines = theirs.lines.map((line, i) => (reasonFor(script, line) ? ours.lines[i] : line));
  fs.writeFileSync(path.join(here, script.replace(/\.js$/, ".expected")), lines.join("\n") + "\n");
  return compare(ours.lines, lines, (got, want) => show("DIFFERS", got, want));
}

// Every reason is a row of docs/compatibility.md, named by its first cell.
function checkReasons() {
  const rows = fs.readFileSync(path.join(root, "docs/compatibility.md"), "utf8").split("\n")
    .filter((line) => line.startsWith("|")).map((line) => line.split("|")[1].trim());
  const missing = Object.values(differences).flatMap(Object.values).filter((reason) => !rows.includes(reason));
  for (const reason of missing) console.log(`docs/compatibility.md has no row "${reason}"`);
  return missing.length;
}

const options = process.argv.slice(2).filter((a) => a.startsWith("--"));
const named = process.argv.slice(2).filter((a) => !a.startsWith("--")).map((a) => path.relative(here, path.resolve(a)));
const mode = options.includes("--record") ? record : options.includes("--workerd") ? testBeside : testRecorded;
const upstream = await startUpstream();
let passed = 0, failed = mode === testBeside ? checkReasons() : 0;
for (const script of named.length ? named : allScripts()) {
  if (setup(script).asksTcp) tcp ??= await startTcpUpstream();
  const [good, bad] = await mode(script, upstream);
  passed += good;
  failed += bad;
}
upstream.close();
tcp?.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
