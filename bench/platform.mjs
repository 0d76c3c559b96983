// platform.mjs: what the web platform costs (worker/platform.js), and bodies that pass through the host Worker.
import http from "node:http";
import { get, memory, timed } from "./servers.mjs";

/** key of the figure: [operation, how often in one request, what it is called, unit of one] */
export const OPERATIONS = {
  url_us: ["url", 20000, "new URL().href"],
  headers_us: ["headers", 20000, "Headers set and get"],
  classes_us: ["classes", 5000, "new Request and new Response"],
  encode_us: ["encode", 50, "TextEncoder, 1 MB"],
  decode_us: ["decode", 50, "TextDecoder, 1 MB"],
  clone_us: ["clone", 50, "structuredClone of 10 KB"],
  sha256_us: ["sha256", 50, "SHA-256 of 1 MB"],
  json_us: ["json", 5, "JSON.parse and stringify of 1 MB"],
  gzip_us: ["gzip", 5, "gzip of 1 MB"],
};

/** Microseconds for one operation. */
export async function operation(server, key) {
  const [what, n] = OPERATIONS[key];
  const path = (count) => `/platform?what=${what}&n=${count}`;
  await get(server, path(1));
  const without = await timed(() => get(server, path(0)));
  return Math.max(0, (await timed(() => get(server, path(n)))) - without) / n;
}

const PIECE = Buffer.alloc(1 << 16, "x");

/** Sends `megabytes` to the path and reads as much back: { rate: MB/s, peak: kB of all processes while it ran }. */
export async function passThrough(server, path, megabytes) {
  let peak = 0, sent = 0, got = 0;
  const total = megabytes * 1e6;
  const watch = setInterval(() => { peak = Math.max(peak, memory(server, "Pss")); }, 20);
  const us = await timed(() => new Promise((resolve, reject) => {
    const request = http.request(server.url + path, { method: "POST", headers: { "content-length": total } }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${server.name} ${path}: ${response.statusCode}`));
      response.on("data", (data) => { got += data.length; });
      response.on("end", () => (got === total ? resolve() : reject(new Error(`${server.name} ${path}: ${got} bytes of ${total}`))));
      response.on("error", reject);
    });
    request.on("error", reject);
    const write = () => {
      while (sent < total) {
        const piece = PIECE.subarray(0, Math.min(PIECE.length, total - sent));
        sent += piece.length;
        if (!request.write(piece)) return void request.once("drain", write);
      }
      request.end();
    };
    write();
  }));
  clearInterval(watch);
  return { rate: total / us, peak: Math.max(peak, memory(server, "Pss")) };
}
