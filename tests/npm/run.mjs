// run.mjs: programs from npm inside an isolate. Each of workers/*.js uses a package for real and checks itself
// (check.js); it is bundled with esbuild as its users do it for Workers, and runs twice: as the host Worker, and as a
// dynamic Worker that a host Worker loads from the same text.
//   node run.mjs [FILE...]            on Mayfly; last line "N passed, N failed"
//   node run.mjs --workerd [FILE...]  on workerd, which shows that the tests themselves are right
//   node run.mjs --load [FILE...]     how long load() and the first event of each bundle take, here and on workerd
// Environment: MAYFLY_BIN, the program. workerd comes from bench/ (scripts/install-workerd.sh).
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { startFake } from "./fake.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "../..");
const mayfly = process.env.MAYFLY_BIN ?? path.join(root, "build/mayfly");
const DATE = "2026-11-01";

async function bundle(file) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    logLevel: "error",
  });
  return outputFiles[0].text;
}

// The host Worker of a dynamic one: the path /fresh loads it anew for every request.
const LOADER = `import code from "./bundle.txt";
const make = (env) => ({
  compatibilityDate: "${DATE}",
  mainModule: "bundle.js",
  modules: { "bundle.js": code },
  env: { UPSTREAM: env.UPSTREAM },
});
export default {
  fetch(request, env) {
    const fresh = new URL(request.url).pathname === "/fresh";
    const stub = fresh ? env.LOADER.load(make(env)) : env.LOADER.get("bundle", () => make(env));
    return stub.getEntrypoint().fetch(request);
  },
};
`;

const filesOf = {
  host: (code) => ({ "index.js": code }),
  dynamic: (code) => ({ "index.js": LOADER, "bundle.txt": code }),
};

function mayflyCommand(directory, fake) {
  const config = {
    main: "index.js",
    compatibility_date: DATE,
    vars: { UPSTREAM: fake.url },
    worker_loaders: [{ binding: "LOADER" }],
    outbound: { allow: [{ cidr: "127.0.0.1/32" }] },
    limits: { cpu_ms: 30000, memory_mb: 256 },
  };
  fs.writeFileSync(path.join(directory, "wrangler.jsonc"), JSON.stringify(config));
  return [mayfly, ["serve", directory, "--listen", "127.0.0.1:0"], 2, /listening on http:\/\/127\.0\.0\.1:(\d+)/];
}

function workerdCommand(directory, fake, files) {
  const workerd = execFileSync(process.execPath, ["-p", "require('workerd').default"], { cwd: path.join(root, "bench") });
  const modules = Object.keys(files).map((name) => `(name = "${name}", ${name.endsWith(".js") ? "esModule" : "text"} = embed "${name}")`);
  fs.writeFileSync(path.join(directory, "config.capnp"), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main),
    (name = "net", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true)))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = "${DATE}",
  bindings = [(name = "UPSTREAM", text = "${fake.url}"), (name = "LOADER", workerLoader = (id = "a"))],
  globalOutbound = "net"
);
`);
  return [workerd.toString().trim(), ["serve", path.join(directory, "config.capnp"), "--experimental", "--control-fd=3"], 3,
    /"port":\s*(\d+)/];
}

// Starts a server with these files, calls use(url), ends it. The error of a server that does not start has its log.
async function withServer(command, files, fake, use) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "mayfly-npm-"));
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(directory, name), text);
  const [program, args, fd, pattern] = command(directory, fake, files);
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  let said = "";
  try {
    const port = await new Promise((resolve, reject) => {
      for (const each of [2, 3]) {
        child.stdio[each].on("data", (data) => {
          said += data;
          const found = each === fd && pattern.exec(said);
          if (found) resolve(found[1]);
        });
      }
      child.on("error", reject);
      child.on("close", (status) => reject(new Error(`ended with ${status}: ${said}`)));
    });
    return await use(`http://127.0.0.1:${port}`, () => said);
  } finally {
    if (child.exitCode === null && child.pid) {
      const ended = new Promise((resolve) => child.on("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

async function results(command, files, fake) {
  try {
    return await withServer(command, files, fake, async (url, said) => {
      const response = await fetch(`${url}/`);
      const text = await response.text();
      if (response.status !== 200) throw new Error(`status ${response.status}: ${text} ${said()}`);
      return JSON.parse(text);
    });
  } catch (e) {
    return [{ name: "(the Worker answers)", error: e.message }];
  }
}

async function test(command, files) {
  let passed = 0, failed = 0;
  for (const file of files) {
    const code = await bundle(file);
    for (const [role, make] of Object.entries(filesOf)) {
      const fake = await startFake();
      const list = await results(command, make(code), fake);
      fake.close();
      const bad = list.filter((r) => r.error);
      console.log(`${bad.length ? "FAIL" : "ok  "}  ${path.basename(file)} as ${role} Worker: ${list.length - bad.length} passed, ${bad.length} failed`);
      for (const { name, error } of bad) console.log(`  ${name}\n    ${error.trimEnd().replaceAll("\n", "\n    ")}`);
      passed += list.length - bad.length;
      failed += bad.length;
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}

// The bundle with a fetch() that answers at once, so that load() and the module's evaluation are what is measured.
const answering = (code) =>
  code.replace(/export \{\s*([\w$]+) as default/, (all, name) => `${name}.fetch = () => new Response("quick");\n${all}`);

async function loadTimes(files) {
  const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
  for (const file of files) {
    const code = answering(await bundle(file));
    const fake = await startFake();
    const times = [];
    for (const command of [mayflyCommand, workerdCommand]) {
      times.push(await withServer(command, filesOf.dynamic(code), fake, async (url, said) => {
        const all = [];
        for (let i = 0; i < 12; i++) {
          const start = performance.now();
          const text = await (await fetch(`${url}/fresh`)).text();
          if (text !== "quick") throw new Error(`${text} ${said()}`);
          if (i > 1) all.push(performance.now() - start);
        }
        return median(all);
      }));
    }
    fake.close();
    console.log(`${path.basename(file).padEnd(22)} ${String(code.length >> 10).padStart(5)} KiB   load and first event: Mayfly ${times[0].toFixed(1)} ms, workerd ${times[1].toFixed(1)} ms`);
  }
  return true;
}

const options = process.argv.slice(2).filter((a) => a.startsWith("--"));
const named = process.argv.slice(2).filter((a) => !a.startsWith("--"));
const workers = fs.readdirSync(path.join(here, "workers")).sort().map((name) => path.join(here, "workers", name));
const files = named.length ? named.map((name) => path.resolve(name)) : workers;
const good = options.includes("--load") ? await loadTimes(files) : await test(options.includes("--workerd") ? workerdCommand : mayflyCommand, files);
process.exit(good ? 0 : 1);
