// proxy.test.mjs: requests, WebSockets and connections by way of a proxy: HTTP, HTTPS and SOCKS, with credentials that
// stand in no log; and what rules still hold then.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { WebSocketServer } from "ws";
import { makeCertificates } from "../conformance/upstream_tcp.mjs";
import { DATE, directory, request, run, serve } from "./harness.mjs";

const AUTH = "mayfly:s3cret:word";
let certificates, plain, secure, echo;
const open = new Set();
const listen = async (server) => {
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
};
const portOf = (server) => server.address().port;

before(async () => {
  certificates = makeCertificates();
  const read = (name) => fs.readFileSync(path.join(certificates, name));
  const tls = { key: read("key.pem"), cert: read("cert.pem") };
  const answer = (request, response) => response.end(JSON.stringify([request.url, request.headers["proxy-authorization"] ?? null]));
  plain = await listen(http.createServer(answer));
  secure = await listen(https.createServer(tls, answer));
  const sockets = new WebSocketServer({ noServer: true });
  plain.on("upgrade", (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (ws) => ws.on("message", (data) => ws.send(`${data}!`))));
  echo = await listen(net.createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).pipe(socket)));
  process.env.SSL_CERT_FILE = path.join(certificates, "ca.pem");
  proxies.http = await httpProxy((listener) => http.createServer(listener));
  proxies.https = await httpProxy((listener) => https.createServer(tls, listener));
  proxies.socks5h = await socksProxy();
  proxies.socks5 = proxies.socks5h;
});
after(() => {
  delete process.env.SSL_CERT_FILE;
  for (const server of [plain, secure, echo, ...Object.values(proxies).map(({ server }) => server)]) server.close();
  for (const socket of open) socket.destroy();
  fs.rmSync(certificates, { recursive: true, force: true });
});

// ---- proxies: { server, asked: what for, known: it was told who asks }; to whatever name, they connect to this machine

const proxies = {};
const pipeBoth = (a, b) => {
  for (const socket of [a, b]) socket.on("error", () => {});
  a.pipe(b);
  b.pipe(a);
};

async function httpProxy(create) {
  const proxy = { asked: [], known: true };
  const check = ({ headers }) => {
    if (headers["proxy-authorization"] !== `Basic ${Buffer.from(AUTH).toString("base64")}`) proxy.known = false;
  };
  proxy.server = create((request, response) => {
    check(request);
    proxy.asked.push(`${request.method} ${request.url}`);
    const { port, pathname } = new URL(request.url);
    http.get({ host: "127.0.0.1", port, path: pathname }, (answer) => answer.pipe(response));
  });
  proxy.server.on("connect", (request, socket, head) => {
    check(request);
    proxy.asked.push(`CONNECT ${request.url}`);
    const to = net.connect({ port: request.url.split(":").pop(), host: "127.0.0.1", allowHalfOpen: true }, () => {
      socket.write("HTTP/1.1 200 Connection established\r\nx-of: the proxy\r\n\r\n");
      to.write(head);
      pipeBoth(to, socket);
    });
    to.on("error", () => socket.destroy());
  });
  await listen(proxy.server);
  return proxy;
}

// RFC 1928 and 1929, as far as a client needs who does nothing unusual.
async function socksProxy() {
  const proxy = { asked: [], known: true };
  proxy.server = net.createServer({ allowHalfOpen: true }, async (socket) => {
    socket.on("error", () => {});
    const take = async (n) => {
      for (;;) {
        const bytes = socket.read(n);
        if (bytes !== null) return bytes;
        await once(socket, "readable");
      }
    };
    const [, methods] = await take(2);
    if (!(await take(methods)).includes(2)) proxy.known = false;
    socket.write(Buffer.from([5, 2]));
    const [, user] = await take(2), name = await take(user), [word] = await take(1), given = await take(word);
    if (`${name}:${given}` !== AUTH) proxy.known = false;
    socket.write(Buffer.from([1, 0]));
    const [, , , kind] = await take(4);
    const host = kind === 3 ? `${await take((await take(1))[0])}` : [...(await take(kind === 1 ? 4 : 16))].join(".");
    const port = (await take(2)).readUInt16BE();
    proxy.asked.push(`CONNECT ${host}:${port}`);
    const to = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      pipeBoth(to, socket);
    });
  });
  await listen(proxy.server);
  return proxy;
}

// ---- the Worker

const WORKER = `import { connect } from "cloudflare:sockets";
  const ways = {
    async fetch(to) { return await (await fetch(to, { headers: { "proxy-authorization": "mine" } })).json(); },
    async socket(to) {
      const { webSocket } = await fetch(to, { headers: { upgrade: "websocket" } });
      webSocket.accept();
      const message = new Promise((resolve) => webSocket.addEventListener("message", ({ data }) => resolve(data)));
      webSocket.send("hello");
      const text = await message;
      webSocket.close();
      return text;
    },
    async connect(to) {
      const socket = connect(to), writer = socket.writable.getWriter();
      await writer.write("x".repeat(100000));
      let n = 0;
      for await (const chunk of socket.readable) if ((n += chunk.length) === 100000) break;
      return n;
    },
  };
  export default { async fetch(request) {
    const { searchParams } = new URL(request.url);
    try { return Response.json(await ways[searchParams.get("what")](searchParams.get("to"))); } catch (e) { return Response.json(e.message); }
  } };`;
async function start(scheme, outbound, files = {}) {
  return serve({ "index.js": WORKER, ...files },
    { outbound: { proxy: `${scheme}://localhost:${portOf(proxies[scheme].server)}`, ...outbound } });
}
const ask = async (server, what, to) => JSON.parse((await request(server, `/?what=${what}&to=${encodeURIComponent(to)}`)).text);
const REFUSED = /not permitted to access this address|not permitted to make this request/;

for (const scheme of ["http", "https", "socks5", "socks5h"]) {
  test(`${scheme}: requests, WebSockets, connections`, async () => {
    const proxy = proxies[scheme];
    proxy.asked.length = 0;
    process.env.MAYFLY_PROXY_AUTH = AUTH;
    const server = await start(scheme, {});
    delete process.env.MAYFLY_PROXY_AUTH;
    const host = scheme === "socks5" ? "localhost" : "name.invalid";
    assert.deepEqual(await ask(server, "fetch", `http://${host}:${portOf(plain)}/a`), ["/a", null]);
    assert.deepEqual(await ask(server, "fetch", `https://localhost:${portOf(secure)}/b`), ["/b", null]);
    assert.equal(await ask(server, "socket", `http://${host}:${portOf(plain)}/`), "hello!");
    assert.equal(await ask(server, "connect", `${host}:${portOf(echo)}`), 100000);
    for (const to of ["127.0.0.1", "[::1]", "0x7f.1", "169.254.169.254", "[::ffff:10.0.0.1]"]) {
      assert.match(await ask(server, "fetch", `http://${to}:${portOf(plain)}/`), REFUSED, to);
      assert.match(await ask(server, "connect", `${to}:${portOf(echo)}`), REFUSED, to);
    }
    assert.equal(proxy.asked.length, 4, proxy.asked.join("\n"));
    assert.ok(proxy.known, "the proxy was told who asks");
    await server.stop();
    assert.doesNotMatch(server.log, /s3cret/);
  });
}

test("credentials in a file, and in the URL; a proxy that does not take them", async () => {
  const { port } = proxies.http.server.address();
  proxies.http.known = true;
  const server = await start("http", { proxy_auth_file: "secrets/proxy" }, { "secrets/proxy": `${AUTH}\n` });
  assert.deepEqual(await ask(server, "fetch", `http://a.invalid:${portOf(plain)}/f`), ["/f", null]);
  await server.stop();
  const [user, ...word] = AUTH.split(":");
  const other = await start("http", { proxy: `http://${user}:${encodeURIComponent(word.join(":"))}@127.0.0.1:${port}` });
  assert.deepEqual(await ask(other, "fetch", `https://localhost:${portOf(secure)}/u`), ["/u", null]);
  await other.stop();
  assert.ok(proxies.http.known);
  assert.doesNotMatch(server.log + other.log, /s3cret/);
  const deaf = await listen(net.createServer((socket) => socket.on("data", () => socket.end("HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n"))));
  const nameless = await run(["serve", directory({ "index.js": "export default {}", secret: "word\n",
    "wrangler.jsonc": `{ "main": "index.js", "compatibility_date": "${DATE}",
      "outbound": { "proxy": "http://a", "proxy_auth_file": "secret" } }` })]);
  assert.match(nameless.err, /secret: must be USER:PASSWORD/);
  assert.doesNotMatch(nameless.err, /word/);
  const refused = await serve({ "index.js": WORKER }, { outbound: { proxy: `http://127.0.0.1:${portOf(deaf)}` } });
  assert.match(await ask(refused, "fetch", `https://localhost:${portOf(secure)}/`), /^Network connection lost\.$/);
  assert.match(await ask(refused, "connect", `a.invalid:1`), /^proxy request failed/);
  await refused.stop();
  deaf.close();
});

test("rules hold by name; those with addresses only where the URL has one", async () => {
  process.env.MAYFLY_PROXY_AUTH = AUTH;
  const rules = { allow: [{ host: "good.invalid" }, { cidr: "10.0.0.0/8" }, { cidr: "127.0.0.0/8", host: "*.local.invalid" }],
    deny: [{ host: "good.invalid", path: "/secret" }] };
  const server = await start("http", rules);
  delete process.env.MAYFLY_PROXY_AUTH;
  const to = (host, rest = "") => `http://${host}:${portOf(plain)}/${rest}`;
  assert.deepEqual(await ask(server, "fetch", to("good.invalid", "x")), ["/x", null]);
  assert.deepEqual(await ask(server, "fetch", to("10.1.2.3", "y")), ["/y", null]);
  for (const url of [to("good.invalid", "secret"), to("other.invalid"), to("127.0.0.1"), to("a.local.invalid")])
    assert.match(await ask(server, "fetch", url), REFUSED, url);
  await server.stop();
});

test("the proxy's own certificate is checked", async () => {
  const trusted = process.env.SSL_CERT_FILE;
  process.env.SSL_CERT_FILE = path.join(directory({ "none.pem": "" }), "none.pem");
  try {
    const server = await start("https", {});
    proxies.https.asked.length = 0;
    assert.match(await ask(server, "fetch", `http://a.invalid:${portOf(plain)}/`), /not trusted|Network connection lost/);
    assert.deepEqual(proxies.https.asked, []);
    await server.stop();
  } finally {
    process.env.SSL_CERT_FILE = trusted;
  }
});
