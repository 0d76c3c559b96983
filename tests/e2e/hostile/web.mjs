// web.mjs: servers on every address that note to which one each connection came (hostile_dns, hostile_addresses).
import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";

export const plain = (address) => address.replace(/^::ffff:(?=\d+\.)/, "");

/** Says its own address to whoever asks; agrees to WebSockets; goes where ?to= says. */
export class Web {
  reached = []; // addresses and ports that connections were made to
  #servers = [];

  static async start(...places) {
    const web = new Web();
    for (const [host, port] of places) await web.#listen(host, port);
    return web;
  }

  async #listen(host, port) {
    const server = http.createServer((request, response) => {
      request.resume();
      const to = new URL(request.url, "http://x").searchParams.get("to");
      if (to) response.writeHead(302, { location: to }).end();
      else response.end(plain(request.socket.localAddress));
    });
    server.keepAliveTimeout = 0;
    server.on("connection", (socket) => {
      this.reached.push(`${plain(socket.localAddress)} ${port}`);
      socket.on("error", () => {});
    });
    server.on("upgrade", (request, socket) => {
      const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`);
      socket.once("data", () => socket.end()); // a close: it goes
    });
    server.listen(port, host);
    await once(server, "listening");
    this.#servers.push(server);
  }

  /** Which addresses were reached since the last time, each once. */
  take() {
    const all = [...new Set(this.reached)];
    this.reached = [];
    return all;
  }

  stop() {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }
}
