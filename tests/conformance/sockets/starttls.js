// startTls(): what it needs, what it gives, the two sockets and their streams; names, and what fails.
// tcp: yes
import { checks } from "../checks.js";
import { connect } from "cloudflare:sockets";
import { attempt, encode, kind, outcome, quiet, readAll, readUntil, told } from "../tcp.js";

const STARTTLS = { secureTransport: "starttls" };

// A connection whose server is ready for TLS, with both streams free.
async function ready(address, command = "starttls") {
  const { socket, writer, reader } = await told(address, command, STARTTLS);
  await readUntil(reader, "\n");
  writer.releaseLock();
  reader.releaseLock();
  return socket;
}

async function upgraded(address, command, options) {
  const plain = await ready(address, command);
  return { plain, secure: quiet(plain.startTls(options)) };
}

const byAddress = (env) => env.TCP.replace("localhost", "127.0.0.1");

async function echoes(socket) {
  const reader = socket.readable.getReader();
  await socket.writable.getWriter().write(encode("secret\n"));
  return readUntil(reader, "\n");
}

const failure = async (socket) =>
  [await kind(socket.opened), await kind(socket.closed), await kind(socket.readable.getReader().read()),
    await kind(socket.writable.getWriter().write(encode("x")))];

export default checks({
  "it is encrypted": async ({ env }) => {
    const { secure } = await upgraded(env.TCP);
    return [await outcome(secure.opened), await echoes(secure)];
  },
  "at once": async ({ env }) => {
    const { plain, secure } = await upgraded(env.TCP);
    return [secure === plain, secure.constructor === plain.constructor, plain.secureTransport, secure.secureTransport,
      plain.upgraded, secure.upgraded, plain.readable.locked, plain.writable.locked, secure.readable === plain.readable];
  },
  "afterwards": async ({ env }) => {
    const { plain, secure } = await upgraded(env.TCP);
    await secure.opened;
    return [plain.secureTransport, secure.secureTransport, plain.upgraded, secure.upgraded, await outcome(plain.closed),
      await outcome(plain.opened), await outcome(secure.closed)];
  },
  "the old streams": async ({ env }) => {
    const { plain, secure } = await upgraded(env.TCP);
    await secure.opened;
    return [attempt(() => plain.readable.getReader()), attempt(() => plain.writable.getWriter()),
      await outcome(plain.readable.cancel()), await outcome(plain.writable.close()), await outcome(plain.writable.abort())];
  },
  "written before it is open": async ({ env }) => echoes((await upgraded(env.TCP)).secure),
  "before the connection is there": async ({ env }) => {
    const secure = quiet(quiet(connect(env.TLS, STARTTLS)).startTls());
    return [await outcome(secure.opened), await echoes(secure)];
  },
  "it ends both ways": async ({ env }) => {
    const { secure } = await upgraded(env.TCP);
    const writer = secure.writable.getWriter();
    await writer.write(encode("abc"));
    return [await outcome(writer.close()), await readAll(secure.readable.getReader()), await outcome(secure.closed)];
  },
  "twice": async ({ env }) => {
    const { plain, secure } = await upgraded(env.TCP);
    const again = attempt(() => plain.startTls());
    await secure.opened;
    return [again, attempt(() => plain.startTls()), attempt(() => secure.startTls())];
  },
  "of a connection without, or with TLS": ({ env }) =>
    [attempt(() => quiet(connect(env.TCP)).startTls()), attempt(() => quiet(connect(env.TLS, { secureTransport: "on" })).startTls())],
  "close() of the new one": async ({ env }) => {
    const { secure } = await upgraded(env.TCP);
    return [await outcome(secure.close()), await outcome(secure.opened), await outcome(secure.closed)];
  },
  "close() of the old one": async ({ env }) => {
    const { plain, secure } = await upgraded(env.TCP);
    const closing = plain.close();
    return [await outcome(secure.opened), await outcome(closing), await echoes(secure)];
  },
  "after close()": async ({ env }) => {
    const plain = await ready(env.TCP);
    await plain.close();
    return attempt(() => plain.startTls());
  },
  "during close()": async ({ env }) => {
    const plain = await ready(env.TCP);
    plain.close();
    const secure = quiet(plain.startTls());
    return [await kind(secure.opened), await kind(secure.closed), await outcome(plain.closed)];
  },
  "a writer holds the stream": async ({ env }) => {
    const { socket, reader } = await told(env.TCP, "starttls", STARTTLS);
    await readUntil(reader, "\n");
    reader.releaseLock();
    const secure = quiet(socket.startTls());
    return [await outcome(secure.opened), await outcome(secure.closed), await outcome(secure.readable.getReader().read()),
      await outcome(secure.writable.getWriter().write(encode("x")))];
  },
  "a reader holds the stream": async ({ env }) => {
    const { socket, writer, reader } = await told(env.TCP, "starttls", STARTTLS);
    await readUntil(reader, "\n");
    writer.releaseLock();
    const secure = quiet(socket.startTls());
    return [await outcome(secure.opened), await outcome(secure.closed), await outcome(secure.readable.getReader().read()),
      await outcome(reader.read())];
  },
  "the server has closed": async ({ env }) => {
    const { socket, writer, reader } = await told(env.TCP, "hangup", STARTTLS);
    writer.releaseLock();
    const text = await readAll(reader);
    await socket.closed;
    reader.releaseLock();
    const secure = quiet(socket.startTls());
    return [text, await outcome(secure.opened), await outcome(secure.closed), await outcome(secure.readable.getReader().read())];
  },
  "something came before, and nobody read it": async ({ env }) => {
    const { socket, writer, reader } = await told(env.TCP, "starttls", STARTTLS);
    writer.releaseLock();
    reader.releaseLock();
    await scheduler.wait(100);
    return failure(quiet(socket.startTls()));
  },
  "the certificate is for another name": async ({ env }) => failure((await upgraded(byAddress(env))).secure),
  "the old one, then": async ({ env }) => {
    const { plain, secure } = await upgraded(byAddress(env));
    await kind(secure.opened);
    return outcome(plain.closed);
  },
  "expectedServerHostname": async ({ env }) => {
    const { secure } = await upgraded(byAddress(env), "starttls", { expectedServerHostname: "localhost" });
    return [await outcome(secure.opened.then(() => "open")), await echoes(secure)];
  },
  "expectedServerHostname that is another": async ({ env }) =>
    failure((await upgraded(env.TCP, "starttls", { expectedServerHostname: "example.com" })).secure),
  "options": async ({ env }) => {
    const plain = await ready(env.TCP);
    const thrower = { get expectedServerHostname() { throw new RangeError("mine"); } };
    return [attempt(() => plain.startTls(5)), attempt(() => plain.startTls("localhost")), attempt(() => plain.startTls(thrower)),
      await outcome(quiet(plain.startTls(null)).opened)];
  },
  "what is no TLS": async ({ env }) => failure((await upgraded(env.TCP, "garbage")).secure),
  "the server goes away": async ({ env }) => failure((await upgraded(env.TCP, "hangup")).secure),
  "of nobody": async () => {
    const plain = quiet(connect("127.0.0.1:1", STARTTLS));
    const secure = quiet(plain.startTls());
    return [await outcome(plain.opened), await outcome(secure.opened), await outcome(secure.closed)];
  },
});
