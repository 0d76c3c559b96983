// bare.mjs: an upstream that keeps every byte that it gets, and answers with bytes, right or wrong.
import { once } from "node:events";
import net from "node:net";

export const ok = (body, more = "") => `HTTP/1.1 200 OK\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** The length of the first request in these bytes; 0: it is not all there. */
function requestLength(bytes) {
  const head = bytes.indexOf("\r\n\r\n");
  if (head < 0) return 0;
  const start = head + 4, lines = bytes.slice(0, head).toLowerCase();
  if (/\r\ntransfer-encoding: chunked/.test(lines)) {
    const end = /(^|\r\n)0\r\n\r\n/.exec(bytes.slice(start));
    return end ? start + end.index + end[0].length : 0;
  }
  const length = Number(/\r\ncontent-length: (\d+)/.exec(lines)?.[1] ?? 0);
  return bytes.length >= start + length ? start + length : 0;
}

/** `answer(request, socket)` is called for each request that is complete: { text: all of it, target, first: of its
 * connection, connection }, and returns what to write (latin1), or nothing. */
export class Bare {
  connections = []; // { text, socket, ended: promise }
  answer = ({ target }) => ok(target);

  static async start(host = "127.0.0.1") {
    const bare = new Bare();
    bare.server = net.createServer((socket) => bare.#connection(socket));
    bare.server.listen(0, host);
    await once(bare.server, "listening");
    bare.port = bare.server.address().port;
    bare.url = `http://127.0.0.1:${bare.port}`;
    return bare;
  }

  #connection(socket) {
    const connection = { text: "", socket, ended: new Promise((resolve) => socket.on("close", resolve)) };
    let left = "", first = true;
    this.connections.push(connection);
    socket.on("error", () => {});
    socket.setNoDelay(true); // what is written is sent, and not when the next request comes
    socket.setEncoding("latin1").on("data", (data) => {
      connection.text += data;
      left += data;
      for (let n; (n = requestLength(left)); left = left.slice(n), first = false) {
        const text = left.slice(0, n);
        const bytes = this.answer({ text, target: text.split(" ")[1], first, connection }, socket);
        if (typeof bytes === "string" && socket.writable) socket.write(bytes, "latin1");
      }
    });
  }

  /** What came since the last time, a string for each connection. */
  take() {
    const all = this.connections.map((connection) => connection.text);
    for (const connection of this.connections) connection.text = "";
    return all.filter(Boolean);
  }

  stop() {
    this.server.close();
    for (const { socket } of this.connections) socket.destroy();
  }
}
