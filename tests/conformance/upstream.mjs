// upstream.mjs: the HTTP server that conformance scripts talk to (env.UPSTREAM), the same for Mayfly and workerd.
//   /echo            JSON of what came: method, url, headers (without those that name the client), body as text
//   /status/N        an empty answer with that status
//   /redirect/N/PATH status N with location PATH
//   /bytes/N         N bytes, 0 to 255 over and over, in pieces
//   /chunks          "one", "two", "three" in three pieces
//   /gzip            "compressed", gzipped
//   /headers         two set-cookie headers, and one header twice
//   /cut             announces 100 bytes, sends 10, closes the connection
//   /never           no answer
import http from "node:http";
import zlib from "node:zlib";

const UNTOLD = ["host", "user-agent", "connection", "accept-encoding", "accept", "cf-worker", "cf-ew-via", "cdn-loop"];

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
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
};

/** Listens on a free port of the loopback address; { url, server, close() }. */
export async function startUpstream() {
  const server = http.createServer((request, response) => {
    const [name, ...rest] = request.url.split("?")[0].slice(1).split("/");
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
