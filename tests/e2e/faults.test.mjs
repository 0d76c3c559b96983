// Processes that die: every request ends exactly once, nothing is left behind, and the server goes on.
import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";
import { load, open, loadInit, request, run, serveDispatch, sleep } from "./harness.mjs";

const alive = (pid) => {
  try {
    return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};
const counter = { get: "n", code: "let n = 0; export default { fetch() { return new Response(String(++n)); } };" };
const slow = "export default { async fetch() { await new Promise((r) => setTimeout(r, 60)); return new Response('slow'); } };";

test("the host Worker and the dynamic ones are in different processes", async () => {
  const server = await serveDispatch();
  assert.equal((await load(server, counter)).text, "1");
  assert.ok(server.cells().length >= 2, `${server.cells()}`);
  assert.equal((await server.stop()).code, 0);
});

test("kill -9 of each cell: an explicit error or an answer, then all is there again", async () => {
  const server = await serveDispatch();
  assert.equal((await load(server, counter)).text, "1");
  for (const pid of server.cells()) {
    const before = load(server, { code: slow }).then((a) => a, (error) => error);
    while (!alive(pid)) await sleep(1);
    process.kill(pid, "SIGKILL");
    const answer = await before;
    assert.ok(answer.status === 200 || answer.status === 500 || answer.status === 503, String(answer));
    while (alive(pid)) await sleep(5);
    for (;;) {
      const again = await load(server, { code: slow });
      if (again.text === "slow") break;
      assert.ok(again.status >= 500, again.text);
    }
  }
  assert.ok(server.cells().length >= 2);
  assert.equal((await server.stop()).code, 0);
});

test("kill -9 of cells under load, again and again: every request ends exactly once", async () => {
  const server = await serveDispatch();
  await load(server, counter);
  let over = false;
  const ends = { answered: 0, refused: 0 };
  const client = async () => {
    while (!over) {
      const answer = await load(server, slow);
      if (answer.status === 200) {
        assert.equal(answer.text, "slow");
        ends.answered++;
      } else {
        const error = answer.error ?? { message: answer.headers["x-mayfly-error"] };
        assert.ok([500, 503].includes(answer.status), `${answer.status} ${answer.text}`);
        assert.ok(error.message, `${answer.status} ${answer.text}`);
        ends.refused++;
      }
    }
  };
  const clients = Array.from({ length: 16 }, client);
  for (let round = 0; round < 8; round++) {
    const cells = server.cells();
    process.kill(cells[round % cells.length], "SIGKILL");
    const target = ends.answered + 32;
    while (ends.answered < target) await sleep(5);
  }
  over = true;
  await Promise.all(clients);
  assert.ok(ends.refused > 0 && ends.answered > 0, JSON.stringify(ends));
  assert.equal((await load(server, slow)).text, "slow");
  assert.equal((await server.stop()).code, 0);
});

test("the error of a lost cell has a name at the host Worker", async () => {
  const server = await serveDispatch();
  const spec = { get: "waits", code: "export default { async fetch(r) { if (r.url.endsWith('/wait')) await new Promise((r) => setTimeout(r, 1e7)); return new Response('in'); } };" };
  assert.equal((await load(server, spec)).text, "in");
  const names = [];
  for (const pid of server.cells()) {
    await load(server, spec);
    const waiting = load(server, spec, "/wait");
    while ((await load(server, spec)).text !== "in") await sleep(1);
    process.kill(pid, "SIGKILL");
    const answer = await waiting;
    names.push(answer.error?.name ?? answer.headers["x-mayfly-error"]);
    while ((await load(server, spec)).text !== "in") await sleep(5);
    // the cell that was not killed may still hold the request; nobody waits for it
  }
  assert.ok(names.includes("CellLostError"), String(names));
  assert.equal((await server.stop("SIGKILL")).signal, "SIGKILL");
});

test("kill -9 of the gateway leaves no cell", async () => {
  const server = await serveDispatch();
  await load(server, counter);
  const spinning = load(server, { code: { modules: { "m.js": "export default { fetch() { for (;;); } };" } } }).catch(() => {});
  const cells = server.cells();
  assert.ok(cells.length >= 2);
  await server.stop("SIGKILL");
  for (const pid of cells) while (alive(pid)) await sleep(5);
  await spinning;
});

test("SIGTERM lets a request in progress finish, and takes no new one", async () => {
  const server = await serveDispatch();
  await load(server, counter);
  const code = "export default { async fetch() { console.log('begun'); await new Promise((r) => setTimeout(r, 400)); return new Response('finished'); } };";
  const slowOne = load(server, code);
  await server.logged(/begun/);
  const cells = server.cells();
  server.child.kill("SIGTERM");
  for (;;) {
    try {
      await request(server, "/");
    } catch (error) {
      assert.match(error.code, /ECONNREFUSED|ECONNRESET/);
      break;
    }
  }
  assert.equal((await slowOne).text, "finished");
  assert.deepEqual(await server.ended, { code: 0, signal: null });
  for (const pid of cells) while (alive(pid)) await sleep(5);
});

test("SIGTERM lets a response body in progress finish", async () => {
  const server = await serveDispatch();
  const code = `export default { fetch() { let n = 0; return new Response(new ReadableStream({ async pull(c) {
    await new Promise((r) => setTimeout(r, 20));
    if (n++ < 10) c.enqueue(new TextEncoder().encode("part ")); else c.close();
  } })); } };`;
  const response = await open(server, "/", loadInit(code));
  server.child.kill("SIGTERM");
  let text = "";
  for await (const data of response) text += data;
  assert.equal(text, "part ".repeat(10));
  assert.deepEqual(await server.ended, { code: 0, signal: null });
});

test("draining ends at its limit", async () => {
  const server = await serveDispatch({ drain_ms: 100 });
  const code = "export default { async fetch() { console.log('begun'); await new Promise((r) => setTimeout(r, 1e8)); return new Response('never'); } };";
  const stuck = load(server, code).then((a) => a.status, (error) => error.code);
  await server.logged(/begun/);
  assert.deepEqual(await server.stop("SIGINT"), { code: 0, signal: null });
  assert.notEqual(await stuck, 200);
});

test("--sandbox=strict starts with everything, or says what is missing", async () => {
  const plan = await run(["sandbox"]);
  const missing = /not offered by this system/.test(plan.out);
  if (missing) {
    await assert.rejects(serveDispatch({}, ["--sandbox=strict"]), /sandbox|namespace|Landlock/i);
    const server = await serveDispatch();
    assert.equal(server.log.match(/warning: .*sandbox/gi)?.length ?? 0, 1, server.log);
    assert.equal((await server.stop()).code, 0);
    return;
  }
  const server = await serveDispatch({}, ["--sandbox=strict"]);
  assert.equal((await load(server, counter)).text, "1");
  assert.equal((await server.stop()).code, 0);
});

test("a cell has no descriptors but its link and wake-ups, and its limits", async () => {
  const server = await serveDispatch();
  await load(server, counter);
  for (const pid of server.cells()) {
    const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
    assert.match(status, /NoNewPrivs:\s+1/);
    assert.match(status, /Seccomp:\s+2/);
    assert.match(status, /CapEff:\s+0000000000000000/);
  }
  assert.equal((await server.stop()).code, 0);
});

test("several cells for dynamic Workers", async () => {
  const server = await serveDispatch({}, ["--cells", "3"]);
  for (let i = 0; i < 9; i++) assert.equal((await load(server, { ...counter, get: "c" + i })).text, "1");
  assert.ok(server.cells().length >= 4, String(server.cells()));
  assert.equal((await server.stop()).code, 0);
});

test("a thousand fresh Workers leave nothing behind", async () => {
  const server = await serveDispatch();
  const count = () => fs.readdirSync(`/proc/${server.pid}/fd`).length;
  await load(server, slow);
  const before = count();
  for (let i = 0; i < 20; i++) {
    const answer = JSON.parse((await load(server, { many: 50, code: "export default { fetch: () => new Response('x') };" })).text);
    assert.ok(answer.every((one) => one.value === "x"));
  }
  await request(server, "/");
  while (count() > before) await sleep(10);
  assert.equal((await server.stop()).code, 0);
});
