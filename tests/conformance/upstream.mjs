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
import http from "node:http";
import zlib from "node:zlib";

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
function settle(name) {
  event(name);
  events.get(name).settle();
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
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, server, close };
}
