// redirects.test.mjs: redirects to another origin (C9): every hop is judged as if it were asked for, on the address that
// is connected; credentials stay behind, the sandbox's own and those that rules add; what an upstream writes in Location
// cannot become part of a request; and a chain ends. The oracle: what each server saw, and the log's line for each hop.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { makeCertificates } from "../conformance/upstream_tcp.mjs";
import { DATE, request, serve } from "./harness.mjs";
import { Bare } from "./hostile/bare.mjs";
import { NO_ADDRESS, NO_REQUEST, sandbox, serveSandboxes, told } from "./hostile/sandboxes.mjs";

const TOKEN = "s3cr3t-T0ken/with+more==", STATUSES = [301, 302, 303, 307, 308];
const BAD = "TypeError: Invalid Location header; unable to follow redirect.";
let first, second, secure, hidden, certificates, server;
let seen = []; // { by, method, url, headers, body }, of all servers

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** Goes where ?to= says, with ?status=; ?endless: with a body that never ends. Everything else: "METHOD /path". */
async function listen(by, server, host = "127.0.0.1", port = 0) {
  server.on("request", async (request, response) => {
    for (const each of [request, response]) each.on("error", () => {});
    const query = new URL(request.url, "http://x").searchParams;
    const endless = query.has("endless");
    seen.push({ by, method: request.method, url: request.url, headers: request.headers, body: await body(request).catch(() => "(cut)"), closed: once(response, "close") });
    if (query.get("to") !== null) response.writeHead(Number(query.get("status") ?? 302), { location: query.get("to") });
    const more = () => {
      while (response.writable && response.write("x".repeat(16384)));
      response.once("drain", more);
    };
    if (endless) more();
    else response.end(`${request.method} ${request.url.split("?")[0]}`);
  });
  server.on("upgrade", (request, socket) => {
    seen.push({ by, method: "UPGRADE", url: request.url, headers: request.headers });
    socket.on("error", () => {});
    const to = new URL(request.url, "http://x").searchParams.get("to");
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    if (to) socket.end(`HTTP/1.1 302 Found\r\nlocation: ${to}\r\ncontent-length: 0\r\n\r\n`);
    else socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`);
    if (!to) socket.once("data", () => socket.end());
  });
  server.listen(port, host);
  await once(server, "listening");
  server.port = server.address().port;
  server.url = `${by === "secure" ? "https://localhost" : `http://${host}`}:${server.port}`;
  return server;
}

before(async () => {
  certificates = makeCertificates();
  const read = (name) => fs.readFileSync(path.join(certificates, name));
  first = await listen("first", http.createServer());
  second = await listen("second", http.createServer());
  secure = await listen("secure", https.createServer({ key: read("key.pem"), cert: read("cert.pem") }));
  hidden = await listen("hidden", http.createServer(), "127.0.0.2", first.port);
  process.env.SSL_CERT_FILE = path.join(certificates, "ca.pem");
  server = await serveSandboxes({ outbound: { allow: [{ cidr: "127.0.0.1/32" }] }, vars: { TOKEN }, limits: { log_lines: 100000, log_kb: 10000 } });
  delete process.env.SSL_CERT_FILE;
});
after(async () => {
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.ok(!server.log.includes(TOKEN), "no secret is in the log");
  for (const each of [first, second, secure, hidden]) {
    each.closeAllConnections();
    each.close();
  }
  fs.rmSync(certificates, { recursive: true, force: true });
});
beforeEach(() => (seen = []));

/** A URL of the first origin that leads along these; status: of all. */
const via = (urls, status = 302) =>
  urls.reduceRight((to, url) => `${url}/go?status=${status}&to=${encodeURIComponent(to)}`);
const get = (rules, url, init = {}) =>
  told(server, rules, `async () => (await fetch(${JSON.stringify(url)}, ${JSON.stringify(init)})).text()`);
const hops = () => seen.map(({ by, method, url }) => `${by} ${method} ${url.split("?")[0]}`);
const at = (by) => seen.filter((each) => each.by === by).at(-1)?.headers;
const here = () => ({ host: "127.0.0.1", port: first.port });

test("what may not be reached is not, by whatever redirect", async () => {
  const port = first.port;
  const targets = [
    `http://127.0.0.2:${port}/`, `//127.0.0.2:${port}/`, `\\\\127.0.0.2:${port}\\`, `http://2130706434:${port}/`, `http://0x7f.0.0.02:${port}/`, `http://0177.2:${port}/`,
    `http://[::ffff:127.0.0.2]:${port}/`, `http://[::ffff:7f00:2]:${port}/`, `http://[::1]:${port}/`, `http://[::]:${port}/`, `http://0:${port}/`, `http://127.0.0.1@127.0.0.2:${port}/`,
    "http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/", "http://10.0.0.1/", "https://192.168.0.1/", "http://[fd00:ec2::254]/",
  ];
  for (const to of targets)
    for (const status of STATUSES) {
      const init = status % 2 ? { method: "POST", body: "b" } : {};
      for (const rules of [null, { allow: [{ host: "*" }, { cidr: "0.0.0.0/0" }, { cidr: "::/0" }] }])
        assert.equal(await get(rules, `${first.url}/go?status=${status}&to=${encodeURIComponent(to)}`, init), NO_ADDRESS, to);
    }
  assert.deepEqual([...new Set(seen.map(({ by }) => by))], ["first"]);
  await server.logged(/refused to connect to 169\.254\.169\.254 port 80/);
});

test("a chain ends where a hop is refused, and nobody behind it is asked", async () => {
  assert.equal(await get(null, via([first.url, second.url, `http://127.0.0.2:${first.port}`, `${first.url}/end`])), NO_ADDRESS);
  assert.equal(await get({ allow: [here()] }, via([first.url, first.url, second.url, `${first.url}/end`])), NO_REQUEST);
  assert.deepEqual(hops(), ["first GET /go", "second GET /go", "first GET /go", "first GET /go"]);
});

test("hosts, ports and schemes of rules at every hop", async () => {
  const refused = [
    [{ allow: [here()] }, `${second.url}/end`],
    [{ allow: [here()] }, `http://localhost:${first.port}/end`],
    [{ allow: [{ host: "127.0.0.1", scheme: "http" }] }, `https://127.0.0.1:${secure.port}/end`],
    [{ deny: [{ host: "localhost" }] }, `http://LocalHost:${first.port}/end`],
    [{ deny: [{ host: "localhost" }] }, `http://%6cocalhost:${first.port}/end`],
    [{ deny: [{ port: second.port }] }, `${second.url}/end`],
    [{ deny: [{ scheme: "https" }] }, `${secure.url}/end`],
  ];
  for (const [rules, to] of refused)
    for (const status of STATUSES) assert.equal(await get(rules, via([first.url, to], status)), NO_REQUEST, to);
  assert.equal(await get({ deny: [{ cidr: "127.0.0.1/32", port: second.port }] }, via([first.url, `${second.url}/end`])), NO_ADDRESS);
  assert.ok(seen.every(({ by }) => by === "first"));
  assert.equal(await get({ allow: [here(), { host: "localhost", scheme: "https" }] }, via([first.url, `${secure.url}/end`, `${first.url}/end`])), "GET /end");
});

test("paths of rules at every hop, however they are written", async () => {
  const rules = { deny: [{ path: "/private/*" }] };
  for (const to of ["/private/x", "private/x", "./private/x", "/%70rivate/x", "/a/../private/x", "/a/%2e%2E/private/x", "\\private\\x", `//127.0.0.1:${first.port}/private/x`, "/private%2fx", "/a/..%2fprivate/x", "/private/?x#y"])
    for (const status of [302, 307]) assert.equal(await get(rules, `${first.url}/go?status=${status}&to=${encodeURIComponent(to)}`), NO_REQUEST, to);
  assert.ok(hops().every((hop) => hop === "first GET /go"));
  assert.equal(await get(rules, via([first.url, "/public/?/private/x"])), "GET /public/");
});

test("methods of rules, which a redirect changes", async () => {
  const post = { method: "POST", body: "b" };
  const rules = { allow: [{ ...here(), methods: ["POST"], path: "/go" }, { ...here(), methods: ["GET"], path: "/end" }] };
  const only = { allow: [{ ...here(), methods: ["POST"] }] };
  const end = (status) => via([first.url, "/end"], status);
  for (const status of [301, 302, 303]) {
    assert.equal(await get(rules, end(status), post), "GET /end");
    assert.equal(await get(only, end(status), post), NO_REQUEST, "it would be a GET");
  }
  for (const status of [307, 308]) {
    assert.equal(await get(only, end(status), post), "POST /end");
    assert.equal(await get(rules, end(status), post), NO_REQUEST, "it is a POST still");
  }
});

test("the log has a line for each hop, with the rule that decided", async () => {
  const rules = { allow: [{ ...here(), path: "/go" }, { host: "localhost" }], deny: [{ path: "/secret" }] };
  const chain = via([first.url, `http://localhost:${first.port}`, `http://localhost:${second.port}/secret?q=1`], 307);
  assert.equal(await get(rules, chain.replace("//", "//user:pass@"), { method: "PUT", body: "four" }), NO_REQUEST);
  const line = (host, port, rest) => `mayfly: outbound PUT http://${host}:${port}${rest} id=\\d+ worker=\\(loaded\\)\n`;
  const go = "/go\\?status=\u2026&to=\u2026 status=307 rule=sandbox\\.allow\\[N\\] sent=4 received=7 ms=\\d+";
  await server.logged(new RegExp(
    line("127\\.0\\.0\\.1", first.port, go.replace("N", 0)) + line("localhost", first.port, go.replace("N", 1)) +
    line("localhost", second.port, "/secret\\?q=\u2026 status=0 rule=sandbox\\.deny\\[0\\] sent=0 received=0 ms=\\d+ error=\"refused\"")));
  assert.doesNotMatch(server.log, /user:pass/);
});

test("a sandbox's own authorization does not go to another origin, nor back", async () => {
  const init = { headers: { AUTHORIZATION: "mine", cookie: "a=1" } };
  const arrived = async (urls, status) => {
    await get(null, via(urls, status), init);
    const { authorization, cookie } = seen.at(-1).headers;
    assert.equal(cookie, "a=1", "as in workerd: it is a header like any");
    return authorization;
  };
  const end = (base) => `${base}/end`;
  for (const status of STATUSES) {
    assert.equal(await arrived([first.url, first.url, end(first.url)], status), "mine");
    for (const other of [second.url, `http://localhost:${first.port}`, secure.url]) {
      assert.equal(await arrived([first.url, end(other)], status), undefined, other);
      assert.equal(await arrived([first.url, other, end(first.url)], status), undefined, other);
      assert.equal(await arrived([first.url, other, end(other)], status), undefined, other);
    }
  }
  assert.equal(await arrived([first.url, end(first.url.replace("//", "//user:pass@"))]), "mine", "names and passwords in URLs are nobody's");
  assert.equal(await arrived([first.url, end(second.url.replace("//", "//user:pass@"))]), undefined);
});

test("headers of rules: none on another origin, nor when it leads back, in whatever way", async () => {
  const secret = { "x-key": "SECRET" }, rules = { allow: [{ host: "127.0.0.1", headers: secret }, { host: "localhost", headers: { "x-other": "SECRET" } }] };
  const key = `Bearer ${TOKEN}`, ends = (base) => `${base}/end`, byName = `http://localhost:${first.port}`;
  const arrived = async (...urls) => {
    await get(rules, via(urls), { headers: { "x-key": "mine" } });
    const { "x-key": mine, "x-other": other } = seen.at(-1).headers;
    return [mine, other];
  };
  assert.deepEqual(await arrived(first.url, ends(first.url)), [key, undefined]);
  assert.deepEqual(await arrived(first.url, ends(`http://127.1:${first.port}`)), [key, undefined], "the same origin");
  assert.deepEqual(await arrived(first.url, ends(first.url.replace("//", "//user:pass@"))), [key, undefined], "the same origin");
  for (const other of [second.url, byName, secure.url]) {
    assert.deepEqual(await arrived(first.url, ends(other)), ["mine", undefined], other);
    assert.deepEqual(await arrived(first.url, other, ends(first.url)), ["mine", undefined], other);
    assert.deepEqual(await arrived(first.url, other, first.url, first.url, ends(first.url)), ["mine", undefined], other);
    assert.deepEqual(await arrived(first.url, other, ends(other)), ["mine", undefined], other);
  }
  assert.deepEqual(await arrived(byName, ends(byName)), ["mine", key], "what is asked for itself gets what its rule says");
  assert.deepEqual(await arrived(ends(second.url)), [key, undefined]);
});

test("headers of rules within an origin: as the rule says of each hop", async () => {
  const rules = { allow: [{ ...here(), path: "/go", methods: ["POST"], headers: { "x-key": "SECRET" } }, here()] };
  const post = { method: "POST", body: "b" };
  await get(rules, via([first.url, first.url, `${first.url}/end`], 307), post);
  assert.deepEqual(seen.map(({ headers }) => headers["x-key"] !== undefined), [true, true, false]);
  seen = [];
  await get(rules, via([first.url, first.url, `${first.url}/end`], 303), post);
  assert.deepEqual(seen.map(({ method, headers }) => [method, headers["x-key"] !== undefined]), [["POST", true], ["GET", false], ["GET", false]]);
});

test("a Location that echoes a secret leads nowhere with it", async () => {
  const bare = await Bare.start();
  bare.answer = ({ text }) => `HTTP/1.1 302 Found\r\nlocation: ${second.url}/end/${/x-key: (?:Bearer )?(.*)/.exec(text)[1]}\r\ncontent-length: 0\r\n\r\n`;
  const rules = (redact) => ({ allow: [{ host: "127.0.0.1", headers: { "x-key": "SECRET" } }], redact });
  assert.equal(await get(rules(true), bare.url), `GET /end/${"*".repeat(TOKEN.length)}`);
  const { text } = await sandbox(server, rules(true), `async () => (await fetch("${bare.url}", { redirect: "manual" })).headers.get("location")`);
  assert.equal(text, `${second.url}/end/${"*".repeat(TOKEN.length)}`);
  assert.ok(seen.every(({ url, headers }) => !`${url}${JSON.stringify(headers)}`.includes(TOKEN)));
  bare.stop();
});

test("what is no URL to follow", async () => {
  for (const to of ["file:///etc/passwd", "ftp://127.0.0.1/", "data:,x", "javascript:1", "blob:http://a/b", "about:blank", "tcp://127.0.0.1:1", "http://", "http://[::1%25lo]/", "http://a b/", "http://127.0.0.1:65536/", "http://256.0.0.1/"])
    for (const status of [301, 307]) assert.equal(await get(null, `${first.url}/go?status=${status}&to=${encodeURIComponent(to)}`), BAD, to);
  assert.equal(await get(null, `${first.url}/go?to=`), "GET /go");
  assert.equal(await told(server, null, `() => fetch("${first.url}/go?to=/end", { redirect: "error" })`).then((said) => said.slice(0, 33)), "TypeError: Invalid redirect value");
});

test("bytes in Location become no part of another request", async () => {
  const bare = await Bare.start();
  const lines = (location) => `HTTP/1.1 302 Found\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`;
  const cases = ["/end\rx-evil: 1", "/end\nx-evil: 1", "/end\0x", "/end\x0bx\x0c", "/end\x7f", "/end%0d%0ax-evil:%201%0d%0a%0d%0aGET%20/evil", "/end\t x-evil: 1", "/end\xe2\x80\xa8x-evil: 1", "/end\xff\xfe", `/end?${"y".repeat(60000)}`, "/end\r\n x-evil: 1", "/end HTTP/1.1\r\n\tx-evil: 1"];
  for (const location of cases) {
    bare.answer = ({ target }) => (target === "/" ? lines(location) : "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    const said = await get(null, `${bare.url}/`);
    assert.match(said, /^(ok|Error: .*|TypeError: .*)$/, JSON.stringify(location));
    const heads = bare.take().join("");
    assert.doesNotMatch(heads, /^x-evil|^GET \/evil/im, JSON.stringify(location));
    assert.ok([...heads.matchAll(/^GET (.*)\r$/gm)].every(([, line]) => /^[!-~]+ HTTP\/1\.1$/.test(line)), JSON.stringify(location));
  }
  bare.stop();
});

test("a chain ends after twenty, and counts against the sandbox's requests", async () => {
  const bare = await Bare.start();
  let count = 0;
  bare.answer = ({ target }) => `HTTP/1.1 302 Found\r\nlocation: ${bare.url}/${++count}${target.slice(0, 900)}\r\ncontent-length: 0\r\n\r\n`;
  assert.match(await get(null, `${bare.url}/`), /^TypeError: Too many redirects\./);
  assert.equal(count, 21);
  const few = await serveSandboxes({ outbound: { allow: [{ cidr: "127.0.0.1/32" }] }, limits: { subrequests: 5 } });
  assert.match(await told(few, null, `async () => (await fetch("${bare.url}/")).text()`), /^Error: Too many subrequests/);
  assert.ok(count <= 26);
  await few.stop();
  bare.stop();
});

test("bodies of redirects are not waited for, and their connections end", async () => {
  assert.equal(await get(null, `${via([first.url, second.url, `${first.url}/end`]).replace("/go?", "/go?endless&").replace("%2Fgo%3F", "%2Fgo%3Fendless%26")}`), "GET /end");
  assert.deepEqual(hops(), ["first GET /go", "second GET /go", "first GET /end"]);
  await Promise.all(seen.map(({ closed }) => closed));
});

test("bodies of requests: sent again whole, dropped, or refused", async () => {
  const send = (text, status) => told(server, null, `async () => {
    const body = ${text};
    return (await fetch(${JSON.stringify(via([first.url, second.url, `${first.url}/end`], status))}, { method: "POST", body, headers: { "content-type": "a/b" } })).text();
  }`);
  for (const [text, length] of [["'x'.repeat(3000000)", 3000000], ["new Uint8Array(100000)", 100000], ["''", 0]]) {
    seen = [];
    assert.equal(await send(text, 308), "POST /end");
    assert.deepEqual(seen.map(({ body, headers }) => [body.length, headers["content-length"]]), [1, 2, 3].map(() => [length, `${length}`]));
    seen = [];
    assert.equal(await send(text, 303), "GET /end");
    assert.deepEqual(seen.map(({ body, headers }) => [body.length, headers["content-length"] ?? ""]), [[length, `${length}`], [0, ""], [0, ""]]);
  }
  seen = [];
  const stream = "new Blob(['stream']).stream()";
  assert.match(await send(stream, 307), /^TypeError: A request with a one-time-use body/);
  assert.deepEqual(hops(), ["first POST /go"]);
});

test("WebSockets that are asked for by way of a redirect", async () => {
  const open = (rules, url) => told(server, rules, `() => ways.upgrade(${JSON.stringify(url)})`);
  const rules = { allow: [{ host: "127.0.0.1", headers: { "x-key": "SECRET" } }] };
  assert.equal(await open(rules, via([first.url, `${first.url}/end`])), "open");
  assert.equal(at("first")["x-key"], `Bearer ${TOKEN}`);
  assert.equal(await open(rules, via([first.url, `${second.url}/end`])), "open");
  assert.equal(at("second")["x-key"], undefined);
  seen = [];
  assert.equal(await open(rules, via([first.url, `http://localhost:${second.port}/end`])), NO_REQUEST);
  assert.equal(await open(null, via([first.url, `http://127.0.0.2:${first.port}/end`])), NO_ADDRESS);
  assert.match(await told(server, null, `() => ways.socket(${JSON.stringify(via([first.url, `${second.url}/end`]))})`), /^Error|^Type|Failed/);
  assert.ok(seen.every(({ by }) => by === "first"));
});

// A Worker between: each hop comes to it, and it decides about each.
test("redirects by way of a service", async () => {
  const host = `
    import { WorkerEntrypoint } from "cloudflare:workers";
    const code = "export default { async fetch(r) { try { return await fetch(r.headers.get('x-url'), { headers: { authorization: 'mine' } }); } catch (e) { return new Response(e.message); } } };";
    export class Egress extends WorkerEntrypoint {
      async fetch(request) {
        const { port } = new URL(request.url);
        if (port !== "${first.port}" && port !== "${secure.port}") return new Response("refused " + request.redirect + " " + request.headers.get("authorization"));
        const headers = new Headers(request.headers);
        headers.set("x-key", "key of " + port);
        return fetch(new Request(request, { headers }));
      }
    }
    export default {
      async fetch(request, env, ctx) {
        const worker = env.LOADER.load({ compatibilityDate: "${DATE}", mainModule: "m.js", modules: { "m.js": code }, globalOutbound: ctx.exports.Egress({}) });
        return worker.getEntrypoint().fetch("http://x/", { headers: { "x-url": request.headers.get("x-url") } });
      },
    };`;
  process.env.SSL_CERT_FILE = path.join(certificates, "ca.pem");
  const between = await serve({ "index.js": host }, { worker_loaders: [{ binding: "LOADER" }], outbound: { allow: [{ cidr: "127.0.0.1/32" }] } });
  delete process.env.SSL_CERT_FILE;
  const ask = (urls) => request(between, "/", { headers: { "x-url": via(urls) } }).then(({ text }) => text);
  assert.equal(await ask([first.url, first.url, `${first.url}/end`]), "GET /end");
  assert.deepEqual(seen.map(({ headers }) => [headers["x-key"], headers.authorization]), [1, 2, 3].map(() => [`key of ${first.port}`, "mine"]));
  assert.equal(await ask([first.url, `${second.url}/end`]), "refused manual null");
  seen = [];
  assert.equal(await ask([first.url, secure.url, `${first.url}/end`]), "GET /end");
  assert.deepEqual(seen.map(({ by, headers }) => [by, headers["x-key"], headers.authorization ?? ""]), [
    ["first", `key of ${first.port}`, "mine"], ["secure", `key of ${secure.port}`, ""], ["first", `key of ${first.port}`, ""],
  ]);
  await between.stop();
});
