// connect.test.mjs: connections of Workers (cloudflare:sockets) seen from both ends: much data both ways, one that does
// not read, ends, TLS, and what rules allow.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import tls from "node:tls";
import { after, before, test } from "node:test";
import { DATE, directory, request, serve, settled } from "./harness.mjs";

const MB = 1 << 20;
let echo, flood, port, floodPort;
let sent = 0, ended = () => {};

before(async () => {
  echo = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.on("close", () => ended());
    socket.pipe(socket);
  });
  flood = net.createServer((socket) => {
    socket.on("error", () => {});
    const more = () => {
      while (socket.writable) {
        sent += 65536;
        if (!socket.write(Buffer.alloc(65536))) return void socket.once("drain", more);
      }
    };
    more();
  });
  for (const server of [echo, flood]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  port = echo.address().port;
  floodPort = flood.address().port;
});
after(() => {
  echo.close();
  flood.close();
});

const ALLOW = { allow: [{ cidr: "127.0.0.1/32" }] };
const worker = (body) => `import { connect } from "cloudflare:sockets";
  import { outbound } from "mayfly:outbound";
  import { WorkerEntrypoint } from "cloudflare:workers";
  export class Other extends WorkerEntrypoint { fetch() { return new Response("never"); } }
  async function run(env, ctx) { ${body} }
  export default { async fetch(request, env, ctx) {
    try { return Response.json(await run(env, ctx) ?? null); } catch (e) { return Response.json(e.name + ": " + e.message); }
  } };`;
async function runs(body, outbound = ALLOW, more = {}) {
  const server = await serve({ "index.js": worker(body) }, { outbound, worker_loaders: [{ binding: "LOADER" }], ...more });
  const { text } = await request(server);
  const { code } = await server.stop();
  assert.equal(code, 0, server.log);
  return JSON.parse(text);
}

// Of a program with a `socket`: writes 20 MB, closes the writing side, and reads all that comes back.
const BOTH_WAYS = `
    const writer = socket.writable.getWriter();
    const write = async () => {
      for (let i = 0; i < 320; i++) await writer.write(new Uint8Array(65536).fill(i));
      await writer.close();
    };
    const writing = write();
    let n = 0, sum = 0;
    for await (const chunk of socket.readable) { n += chunk.length; sum += chunk[0]; }
    await writing;`;

test("20 MB there and back, and the writing side closed first", async () => {
  const [n, sum, closed] = await runs(`
    const socket = connect("127.0.0.1:${port}");
    ${BOTH_WAYS}
    return [n, sum > 0, await socket.closed.then(() => "closed")];`);
  assert.deepEqual([n, sum, closed], [20 * MB, true, "closed"]);
});

test("what was written before close() arrives", async () => {
  const server = net.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const received = once(server, "connection").then(async ([socket]) => {
    let n = 0;
    for await (const piece of socket) n += piece.length;
    return n;
  });
  await runs(`
    const socket = connect("127.0.0.1:${server.address().port}"), writer = socket.writable.getWriter();
    await writer.write(new Uint8Array(${MB}));
    await socket.close();`);
  assert.equal(await received, MB);
  server.close();
});

test("a Worker that does not read stops the server", async () => {
  const server = await serve({ "index.js": worker(`
    const socket = connect("127.0.0.1:${floodPort}");
    await socket.readable.getReader().read();
    await new Promise((resolve) => setTimeout(resolve, 1000));`) }, { outbound: ALLOW });
  sent = 0;
  const pending = request(server);
  assert.ok((await settled(() => sent)) < 40 * MB);
  await pending;
  await server.stop();
});

test("the end of the event ends the connection", async () => {
  const gone = new Promise((resolve) => (ended = resolve));
  assert.equal(await runs(`await connect("127.0.0.1:${port}").opened;`), null);
  await gone;
});

test("rules hold for connections too", async () => {
  const refused = "Error: This worker is not permitted to access this address";
  const forbidden = "Error: This worker is not permitted to make this request";
  const open = (address) => `return (await connect("${address}").opened).remoteAddress;`;
  assert.equal(await runs(open(`127.0.0.1:${port}`)), `127.0.0.1:${port}`);
  assert.equal(await runs(open(`127.0.0.1:${port}`), {}), refused);
  for (const address of ["127.1", "0x7f000001", "[::ffff:127.0.0.1]", "169.254.169.254", "[::1]"])
    assert.equal(await runs(open(`${address}:${port}`), {}), refused, address);
  const rule = { cidr: "127.0.0.1/32" };
  assert.equal(await runs(open(`127.0.0.1:${port}`), { public: false, allow: [{ ...rule, methods: ["GET"] }] }), forbidden);
  assert.equal(await runs(open(`127.0.0.1:${port}`), { public: false, allow: [{ ...rule, path: "/*" }] }), forbidden);
  assert.equal(await runs(open(`127.0.0.1:${port}`), { allow: [{ ...rule, methods: ["CONNECT"] }] }), `127.0.0.1:${port}`);
  assert.equal(await runs(open(`127.0.0.1:${port}`), { ...ALLOW, deny: [{ methods: ["CONNECT"] }] }), forbidden);
});

test("sandboxes: inherited, none, under rules, by a service", async () => {
  const sandbox = (globalOutbound) => `
    const code = \`import { connect } from "cloudflare:sockets"; export default { async fetch() {
      try { await connect("127.0.0.1:${port}").opened; return new Response("open"); } catch (e) { return new Response(e.message); } } }\`;
    const entrypoint = env.LOADER.load({ compatibilityDate: "${DATE}", mainModule: "m.js", modules: { "m.js": code },
      globalOutbound: ${globalOutbound} }).getEntrypoint();
    return (await entrypoint.fetch("http://x/")).text();`;
  assert.equal(await runs(sandbox("undefined")), "open");
  assert.match(await runs(sandbox("null")), /not permitted to access the internet via global functions/);
  assert.equal(await runs(sandbox(`outbound({ allow: [{ host: "127.0.0.1", port: ${port} }] })`)), "open");
  assert.match(await runs(sandbox(`outbound({ allow: [{ host: "127.0.0.1", port: 1 }] })`)), /not permitted to make this request/);
  assert.match(await runs(sandbox(`outbound({ allow: [{ host: "*", headers: { a: "b" } }] })`)), /not permitted to make this request/);
  assert.equal(await runs(sandbox("ctx.exports.Other({})")), "proxy request failed, cannot connect to the specified address");
});

// A sandbox whose connections a service forwards, after a first line that it never sees.
const through = (body) => `
  const code = \`import { connect } from "cloudflare:sockets"; export default { async fetch() { ${body} } }\`;
  return await (await env.LOADER.load({ compatibilityDate: "${DATE}", mainModule: "m.js", modules: { "m.js": code },
    globalOutbound: ctx.exports.Forward({}) }).getEntrypoint().fetch("http://x/")).json();`;
const forwarding = (to) => `
  export class Forward extends WorkerEntrypoint {
    async connect(socket) {
      const up = connect("127.0.0.1:${to}");
      await Promise.all([socket.readable.pipeTo(up.writable), up.readable.pipeTo(socket.writable)]);
    }
  }`;
async function forwards(body, to, more) {
  const server = await serve({ "index.js": forwarding(to) + worker(through(body)) },
    { outbound: ALLOW, worker_loaders: [{ binding: "LOADER" }] });
  const pending = request(server);
  await more?.();
  const { text } = await pending;
  const { code } = await server.stop();
  assert.equal(code, 0, server.log);
  return JSON.parse(text);
}

test("through a service: 20 MB there and back, the writing side closed first", async () => {
  const [n, sum] = await forwards(`
    const socket = connect("no.such.host:1");
    ${BOTH_WAYS}
    return Response.json([n, sum > 0]);`, port);
  assert.deepEqual([n, sum], [20 * MB, true]);
});

test("through a service: who does not read stops the server", async () => {
  sent = 0;
  await forwards(`
    const socket = connect("a:1");
    await socket.readable.getReader().read();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return Response.json(0);`, floodPort, async () => assert.ok((await settled(() => sent)) < 40 * MB));
});

test("through a service: the end of the sandbox's event ends the connection to the server", async () => {
  const gone = new Promise((resolve) => (ended = resolve));
  assert.equal(await forwards(`await connect("a:1").opened; return Response.json(1);`, port), 1);
  await gone;
});

test("through a service: a connection that waits both ways is not a Worker that hangs", async () => {
  const text = await forwards(`
    const socket = connect("a:1"), reader = socket.readable.getReader();
    const writer = socket.writable.getWriter();
    setTimeout(() => writer.write("late"), 300);
    return Response.json(new TextDecoder().decode((await reader.read()).value));`, port);
  assert.equal(text, "late");
});

test("TLS: with a certificate of the operator's authority", async () => {
  const made = directory({ ext: "subjectAltName=DNS:localhost\n" });
  const openssl = (...args) => execFileSync("openssl", args, { stdio: "ignore", cwd: made });
  const key = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", "-newkey", ...key, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority");
  openssl("req", "-newkey", ...key, "-keyout", "key.pem", "-out", "req.pem", "-subj", "/CN=localhost");
  openssl("x509", "-req", "-in", "req.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", "cert.pem",
    "-extfile", "ext");
  const read = (name) => fs.readFileSync(path.join(made, name));
  const server = tls.createServer({ key: read("key.pem"), cert: read("cert.pem") }, (socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const body = `
    const socket = connect("localhost:${server.address().port}", { secureTransport: "on" }), writer = socket.writable.getWriter();
    await writer.write("hello");
    const { value } = await socket.readable.getReader().read();
    return [socket.secureTransport, new TextDecoder().decode(value)];`;
  const bulk = (made) => `
    const socket = ${made}, writer = socket.writable.getWriter();
    const write = async () => {
      for (let i = 0; i < 320; i++) await writer.write(new Uint8Array(65536).fill(i));
      await writer.close();
    };
    const writing = write();
    let n = 0;
    for await (const chunk of socket.readable) n += chunk.length;
    await writing;
    return n;`;
  assert.equal(await runs(body), "Error: The request to the network failed: the server's certificate is not trusted");
  process.env.SSL_CERT_FILE = path.join(made, "ca.pem");
  try {
    assert.deepEqual(await runs(body), ["on", "hello"]);
    assert.deepEqual(await runs(bulk(`connect("localhost:${server.address().port}", { secureTransport: "on" })`)), 20 * MB);
    const later = `connect("localhost:${server.address().port}", { secureTransport: "starttls" }).startTls()`;
    assert.deepEqual(await runs(bulk(later)), 20 * MB);
  } finally {
    delete process.env.SSL_CERT_FILE;
    server.close();
  }
});
