// upstream.mjs: the HTTP server that conformance scripts talk to (env.UPSTREAM), the same for Mayfly and workerd.
//   /echo            JSON of what came: method, url, headers (without those that name the client), body as text
//   /status/N        an empty answer with that status
//   /redirect/N/PATH status N with location PATH
//   /bytes/N         N bytes, 0 to 255 over and over, in pieces
//   /chunks          "one", "two", "three" in three pieces
//   /gzip            "compressed", gzipped
//   /coded/CODING/N  N bytes of text, compressed so (gzip, deflate, br), content-encoding CODING
//   /coded-badly     content-encoding gzip, and plain text
//   /all             JSON of every header of the request as it came, but host and those that tell the client's version
//   /goto/N?URL      status N with this location, decoded
//   /loop/N          redirects N times, then "done"
//   /mirror          the request's body, piece by piece
//   /first           "first" at once, and then nothing for ever
//   /watch/KEY, /closed/KEY   a body without end, after ? its content-type; an answer once the client of /watch/KEY went away
//   /hold/KEY, /free/KEY      no answer until /free/KEY was asked for
//   /early           103 with a link, then 200
//   /trailer         a chunked body, and a trailer
//   /raw?TEXT        these bytes, decoded, instead of an answer; then the connection is closed
//   /events?TEXT     TEXT, decoded, as text/event-stream; after it, last-event-id, accept and cache-control of the request as data
//   /headers         two set-cookie headers, and one header twice
//   /cut             announces 100 bytes, sends 10, closes the connection
//   /never           no answer
//   /saw/KEY         JSON of how the WebSocket of /socket/.../?KEY ended: code and reason that the server saw
// And to requests for a WebSocket:
//   /socket/echo             sends back what comes
//   /socket/greet            "one", "two" and the bytes 1, 2, 3 at once, then as echo
//   /socket/told             JSON of the request's headers, as echo after that
//   /socket/close/CODE/WHY   closes at the first message; CODE 1005: none
//   /socket/cut              the connection is cut at the first message
//   /socket/protocol/NAME    as echo, with that subprotocol
//   /socket/badkey           the wrong sec-websocket-accept; /socket/nokey: none
//   /socket/noupgrade        no upgrade; /socket/otherupgrade: another one
//   /socket/extended         an extension that nobody offered
//   /socket/raw?TEXT         the handshake and these bytes, decoded, at once; the connection stays
//   /socket/rawcut?TEXT      as raw; then the connection is closed
//   /socket/answer?TEXT      these bytes, decoded, instead of an answer; then the connection is closed
//   all others               the ordinary answer, as above
import { createHash } from "node:crypto";
import http from "node:http";
import zlib from "node:zlib";
import { WebSocketServer } from "ws";

const UNTOLD = ["host", "user-agent", "connection", "accept-encoding", "accept", "cf-worker", "cf-ew-via", "cdn-loop"];

const UNSHOWN = ["host", "user-agent", "cf-worker", "cf-ew-via", "cdn-loop"];

// What a request waits for and another brings about, in whatever order they come.
const events = new Map();
function event(name) {
  if (!events.has(name)) {
    let settle;
    const promise = new Promise((resolve) => (settle = resolve));
    events.set(name, { promise, settle });
  }
  return events.get(name).promise;
}
function settle(name, value) {
  event(name);
  events.get(name).settle(value);
}

async function body(request) {
  const parts = [];
  try {
    for await (const part of request) parts.push(part);
  } catch {
    parts.push(Buffer.from("(cut)"));
  }
  return Buffer.concat(parts).toString("latin1");
}

const paths = {
  async echo(request, response) {
    const headers = Object.entries(request.headers).filter(([name]) => !UNTOLD.includes(name)).sort();
    const told = { method: request.method, url: request.url, headers, body: await body(request) };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(told));
  },
  status(request, response, [status]) {
    response.writeHead(Number(status)).end();
  },
  redirect(request, response, [status, ...path]) {
    request.resume();
    response.writeHead(Number(status), { location: `/${path.join("/")}` }).end("moved");
  },
  async bytes(request, response, [count]) {
    const piece = Buffer.from(Array.from({ length: 65536 }, (_, i) => i & 255));
    for (let left = Number(count); left > 0; left -= piece.length) {
      if (!response.write(piece.subarray(0, Math.min(left, piece.length)))) {
        await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
      }
    }
    response.end();
  },
  async chunks(request, response) {
    for (const piece of ["one", "two", "three"]) {
      response.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    response.end();
  },
  gzip(request, response) {
    response.writeHead(200, { "content-encoding": "gzip" }).end(zlib.gzipSync("compressed"));
  },
  headers(request, response) {
    response.writeHead(200, { "set-cookie": ["a=1", "b=2"], "x-twice": ["1", "2"] }).end();
  },
  cut(request, response) {
    response.writeHead(200, { "content-length": "100" });
    response.write("0123456789", () => response.destroy());
  },
  never() {},
  async saw(request, response, [key]) {
    response.end(JSON.stringify(await event(`saw ${decodeURIComponent(key)}`)));
  },
  coded(request, response, [coding, count]) {
    const encode = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync }[coding];
    response.writeHead(200, { "content-encoding": coding, "content-type": "text/plain" });
    response.end(encode("0123456789abcdef".repeat(count / 16)));
  },
  "coded-badly"(request, response) {
    response.writeHead(200, { "content-encoding": "gzip" }).end("this is not gzip");
  },
  all(request, response) {
    const told = [];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      if (!UNSHOWN.includes(request.rawHeaders[i].toLowerCase())) told.push(`${request.rawHeaders[i].toLowerCase()}: ${request.rawHeaders[i + 1]}`);
    }
    response.end(JSON.stringify(told.sort()));
  },
  goto(request, response, [status]) {
    request.resume();
    const location = decodeURIComponent(request.url.slice(request.url.indexOf("?") + 1));
    response.writeHead(Number(status) || 404, { location }).end("moved");
  },
  loop(request, response, [left]) {
    if (Number(left)) response.writeHead(302, { location: `/loop/${left - 1}` }).end();
    else response.end("done");
  },
  mirror(request, response) {
    response.flushHeaders();
    request.pipe(response);
  },
  first(request, response) {
    response.write("first");
  },
  watch(request, response, [key]) {
    const [, type] = request.url.split("?");
    if (type) response.setHeader("content-type", type);
    response.write("watched");
    response.on("close", () => settle(`closed ${key}`));
  },
  async closed(request, response, [key]) {
    await event(`closed ${key}`);
    response.end("closed");
  },
  async hold(request, response, [key]) {
    await event(`free ${key}`);
    response.end("held");
  },
  free(request, response, [key]) {
    settle(`free ${key}`);
    response.end("freed");
  },
  early(request, response) {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" }, () => response.end("late"));
  },
  trailer(request, response) {
    response.writeHead(200, { trailer: "x-sum" });
    response.write("body");
    response.addTrailers({ "x-sum": "1" });
    response.end();
  },
  events(request, response) {
    const { "last-event-id": id = "", accept, "cache-control": cache } = request.headers;
    response.setHeader("content-type", "text/event-stream; charset=utf-8");
    response.end(`${decodeURIComponent(request.url.slice(request.url.indexOf("?") + 1))}data: ${id} ${accept} ${cache}\n\n`);
  },
  raw(request, response) {
    request.socket.on("error", () => {}).end(Buffer.from(decodeURIComponent(request.url.slice(request.url.indexOf("?") + 1)), "latin1"));
  },
};

// ---- WebSockets

const socketServer = new WebSocketServer({ noServer: true, clientTracking: false, handleProtocols: () => false, maxPayload: 1 << 26 });

const socketUntold = [...UNTOLD.filter((name) => name !== "connection"), "sec-websocket-key", "sec-websocket-extensions"];

const sockets = {
  echo() {},
  greet(ws) {
    for (const data of ["one", "two", Buffer.from([1, 2, 3])]) ws.send(data);
  },
  told(ws, request) {
    ws.send(JSON.stringify(Object.entries(request.headers).filter(([name]) => !socketUntold.includes(name)).sort()));
  },
  close(ws, request, [code, why]) {
    ws.once("message", () => (code === "1005" ? ws.close() : ws.close(Number(code), why)));
  },
  cut(ws) {
    ws.once("message", () => ws.terminate());
  },
};

const queryOf = (request) => decodeURIComponent(request.url.slice(request.url.indexOf("?") + 1));
const acceptFor = (request) =>
  createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
const switching = (accept, ...more) =>
  ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`, ...more, "", ""].join("\r\n");

// Handshakes by hand: what to write; a connection whose answer is in `cuts` is closed after it.
const handshakes = {
  badkey: () => switching("AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "Upgrade: websocket"),
  nokey: () => "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  noupgrade: (request) => switching(acceptFor(request)),
  otherupgrade: (request) => switching(acceptFor(request), "Upgrade: h2c"),
  extended: (request) => switching(acceptFor(request), "Upgrade: websocket", "Sec-WebSocket-Extensions: x-unknown"),
  protocol: (request, [name]) => switching(acceptFor(request), "Upgrade: websocket", `Sec-WebSocket-Protocol: ${name}`),
  raw: (request) => switching(acceptFor(request), "Upgrade: websocket") + queryOf(request),
  rawcut: (request) => handshakes.raw(request),
  answer: queryOf,
};
const cuts = ["answer", "rawcut"];

function upgradeSocket(request, socket, head, name, rest) {
  socketServer.handleUpgrade(request, socket, head, (ws) => {
    ws.on("error", () => {});
    ws.on("close", (code, reason) => settle(`saw ${queryOf(request)}`, [code, String(reason)]));
    sockets[name](ws, request, rest);
    ws.on("message", (data, binary) => ws.readyState === 1 && ws.send(data, { binary }));
  });
}

function onUpgrade(server, request, socket, head) {
  const [first, name, ...rest] = request.url.split("?")[0].slice(1).split("/");
  socket.on("error", () => {});
  if (first === "socket" && Object.hasOwn(sockets, name)) {
    upgradeSocket(request, socket, head, name, rest);
  } else if (first === "socket" && Object.hasOwn(handshakes, name)) {
    socket.write(handshakes[name](request, rest), "latin1");
    if (cuts.includes(name)) socket.end();
  } else {
    const response = new http.ServerResponse(request);
    response.assignSocket(socket);
    socket.on("drain", () => response.emit("drain"));
    response.on("finish", () => socket.end());
    server.emit("request", request, response);
  }
}

/** Listens on a free port of the loopback address; { url, server, close() }. */
export async function startUpstream() {
  const server = http.createServer((request, response) => {
    const [name, ...rest] = request.url.split("?")[0].slice(1).split("/");
    request.on("error", () => {});
    response.on("error", () => {});
    response.setMaxListeners(0);
    if (Object.hasOwn(paths, name)) paths[name](request, response, rest);
    else response.writeHead(404).end();
  });
  const upgraded = new Set();
  server.on("upgrade", (request, socket, head) => {
    upgraded.add(socket);
    socket.on("close", () => upgraded.delete(socket));
    onUpgrade(server, request, socket, head);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, server, close };
}
