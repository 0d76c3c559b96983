// upstream_tcp.mjs: the TCP servers that conformance scripts about connections talk to, the same for Mayfly and workerd;
// for scripts that begin with "// tcp: yes". env.TCP is the address of one whose first line from the client says what it
// does, env.TLS that of one that echoes over TLS, with a certificate for "localhost" that both trust.
//   echo           sends back what comes
//   starttls       answers "go", then is a TLS server that echoes
//   garbage        answers "go", then what is no TLS; hangup: answers "go", then closes
//   bye            answers "bye" and closes for writing; when the client has closed too, the next "saw" is told what came
//   saw            answers with what the last "bye" was sent afterwards
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import tls from "node:tls";

/** A new folder with key.pem and cert.pem for "localhost", and ca.pem, the authority that says so. */
export function makeCertificates() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "mayfly-tls-"));
  const openssl = (...args) => execFileSync("openssl", args, { stdio: "ignore", cwd: directory });
  const key = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  fs.writeFileSync(path.join(directory, "ext"), "subjectAltName=DNS:localhost\n");
  openssl("req", "-x509", "-newkey", ...key, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority");
  openssl("req", "-newkey", ...key, "-keyout", "key.pem", "-out", "req.pem", "-subj", "/CN=localhost");
  openssl("x509", "-req", "-in", "req.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", "cert.pem",
    "-extfile", "ext");
  return directory;
}

/** Listens on two free ports of the loopback address; { tcp, tls, ca (a file), close() }. */
export async function startTcpUpstream() {
  const directory = makeCertificates();
  const read = (name) => fs.readFileSync(path.join(directory, name));
  const context = { key: read("key.pem"), cert: read("cert.pem") };
  const open = new Set();
  let tellSaw;
  let saw = new Promise((resolve) => (tellSaw = resolve));
  const quietly = (socket) => socket.on("error", () => {});
  const echo = (socket) => quietly(socket).pipe(socket);
  const upgrade = (socket) => echo(new tls.TLSSocket(socket, { isServer: true, ...context }));
  const commands = {
    echo: (socket, rest) => socket.write(rest) && socket.pipe(socket),
    starttls: (socket) => socket.write("go\n", () => upgrade(socket)),
    garbage: (socket) => socket.write("go\n", () => socket.once("data", () => socket.end("this is not TLS, and long enough"))),
    hangup: (socket) => socket.write("go\n", () => socket.end()),
    async bye(socket, rest) {
      socket.end("bye\n");
      let text = String(rest);
      for await (const piece of socket) text += piece;
      tellSaw(text);
    },
    async saw(socket) {
      socket.end(await saw);
      saw = new Promise((resolve) => (tellSaw = resolve));
    },
  };
  const plain = net.createServer({ allowHalfOpen: true }, (socket) => {
    quietly(socket);
    let text = Buffer.alloc(0);
    socket.on("data", function read(piece) {
      text = Buffer.concat([text, piece]);
      const at = text.indexOf("\n");
      if (at < 0) return;
      socket.off("data", read).pause();
      commands[text.subarray(0, at)]?.(socket, text.subarray(at + 1));
      socket.resume();
    });
  });
  const secure = tls.createServer(context, echo);
  secure.on("tlsClientError", () => {});
  for (const server of [plain, secure]) {
    server.on("connection", (socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  }
  const close = () => {
    for (const server of [plain, secure]) server.close();
    for (const socket of open) socket.destroy();
    fs.rmSync(directory, { recursive: true, force: true });
  };
  const at = (server) => `localhost:${server.address().port}`;
  return { tcp: at(plain), tls: at(secure), ca: path.join(directory, "ca.pem"), close };
}
