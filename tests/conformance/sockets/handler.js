// connect(socket) of a Worker: whose connections it gets, what it is given, both ways, ends and errors, forwarding.
// tcp: yes
// services: A=self#Accepts, PLAIN=self#plain, NONE=self#None, NUMBER=self#number, PEER=peer
import { checks } from "../checks.js";
import { connect } from "cloudflare:sockets";
import { WorkerEntrypoint } from "cloudflare:workers";
import { attempt, decode, encode, outcome, quiet, readAll, readUntil } from "../tcp.js";

const notes = {}; // what handlers saw
const note = (mode, what) => void (notes[mode] ??= []).push(what);

// By the host that is connected to.
const modes = {
  async echo(socket) {
    await socket.readable.pipeTo(socket.writable);
  },
  async told(socket, { env, ctx }) {
    const members = [socket.secureTransport, socket.upgraded, Object.prototype.toString.call(socket), Object.keys(socket)];
    const writer = socket.writable.getWriter();
    await writer.write(encode(JSON.stringify([await socket.opened, Object.keys(await socket.opened), members, writer.desiredSize,
      attempt(() => socket.startTls()), typeof env.A, ctx.props])));
    await writer.close();
  },
  async reads(socket) {
    note("reads", await readAll(socket.readable.getReader()));
    note("reads", await outcome(socket.closed));
  },
  async closes(socket) {
    await socket.writable.getWriter().write(encode("bye"));
    note("closes", [await outcome(socket.close()), await outcome(socket.closed)].join());
    await scheduler.wait(100);
  },
  async closesWriting(socket) {
    await socket.writable.getWriter().close();
    note("closesWriting", await readAll(socket.readable.getReader()));
  },
  async throws(socket) {
    const { value } = await socket.readable.getReader().read();
    note("throws", decode(value));
    throw new TypeError("mine");
  },
  async says(socket) {
    await socket.writable.getWriter().write(encode("some"));
  },
  async ignores() {
    await scheduler.wait(100);
  },
  async forwards(socket, { env }) {
    const server = connect(env.TCP);
    const writer = server.writable.getWriter();
    await writer.write(encode("echo\nsecret: ")); // which the client never sees being sent
    writer.releaseLock();
    await Promise.all([socket.readable.pipeTo(server.writable), server.readable.pipeTo(socket.writable)]);
  },
};

export class Accepts extends WorkerEntrypoint {
  async connect(socket, ...rest) {
    const { localAddress } = await socket.opened;
    note("arguments", rest.length);
    return modes[localAddress.split(":")[0]](socket, this);
  }
}
export const plain = {
  async connect(socket, env, ctx) {
    const writer = socket.writable.getWriter();
    await writer.write(encode(JSON.stringify([arguments.length, typeof env.A, typeof ctx.waitUntil, this === plain])));
    await writer.close();
  },
};
export class None extends WorkerEntrypoint {
  fetch() {
    return new Response("never");
  }
}
export const number = { connect: 5 };

const open = (env, mode, options) => {
  const socket = quiet(env.A.connect(`${mode}:1`, options));
  return { socket, writer: socket.writable.getWriter(), reader: socket.readable.getReader() };
};
const json = async ({ readable }) => JSON.parse((await readAll(readable.getReader())).replace("(end)", ""));
const refused = async (socket) =>
  [await outcome(socket.opened), await outcome(socket.closed), await outcome(socket.readable.getReader().read()), await outcome(socket.close())];
const info = async (env, address) => {
  const socket = quiet(env.A.connect(address));
  return [await socket.opened, (await json(socket))[0]];
};

const load = (env, text, more) =>
  env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": text }, ...more });
const entrypoint = (env, text, options, more) => load(env, text, more).getEntrypoint(null, options);
const found = async (env, text) => outcome(quiet(entrypoint(env, text).connect("q:1")).opened);

const SANDBOX = `import { connect } from "cloudflare:sockets";
  export default { async fetch(request) {
    try {
      const socket = connect(new URL(request.url).searchParams.get("to")), writer = socket.writable.getWriter();
      socket.closed.catch(() => {});
      const { remoteAddress } = await socket.opened;
      await writer.write("hello");
      await writer.close();
      return new Response(remoteAddress + " " + await new Response(socket.readable).text());
    } catch (e) {
      return new Response(e.name + ": " + e.message);
    }
  } };`;
const sandbox = async (env, globalOutbound, to) =>
  (await entrypoint(env, SANDBOX, undefined, { globalOutbound }).fetch(`http://a/?to=${to}`)).text();

export default checks({
  "what it is given": ({ env }) => json(env.A.connect("told:1")),
  "its arguments": () => [...new Set(notes.arguments)],
  "of an object": ({ env }) => json(env.PLAIN.connect("a:1")),
  "where it is found": async ({ env }) => [await refused(env.NONE.connect("a:1")), await refused(env.NUMBER.connect("a:1")),
    await refused(env.PEER.connect("a:1"))],
  "of a Worker that was loaded": async ({ env }) =>
    [await found(env, "export default { connect() {} }"), await found(env, "export default { connect() { return 5 } }"),
      await found(env, "export default { async connect() { throw 1 } }"), await found(env, "export default { connect() { throw 1 } }"),
      await found(env, "export default { get connect() { throw 1 } }"), await found(env, "export default { connect: null }"),
      await found(env, "export default {}"), await found(env, "export const a = 1"), await found(env, "export default () => {}"),
      await found(env, "export default class { connect() {} }"), await found(env, "export default { __proto__: { connect() {} } }"),
      await found(env, `import { WorkerEntrypoint } from "cloudflare:workers"; export default class extends WorkerEntrypoint {
        constructor(ctx, env) { super(ctx, env); throw new Error("mine"); } connect() {} }`)],
  "its props and env": async ({ env }) => readAll(entrypoint(env, `export default { async connect(socket, env, ctx) {
      const writer = socket.writable.getWriter();
      await writer.write(JSON.stringify([ctx.props, env]));
      await writer.close();
    } }`, { props: { p: 1 } }, { env: { A: 1 } }).connect("q:1").readable.getReader()),
  "of ctx.exports": async ({ ctx }) => (await json(ctx.exports.Accepts({ props: { b: 2 } }).connect("told:1"))).at(-1),
  "the address": async ({ env }) => [await info(env, "told:443"), await info(env, "told:0080"), await info(env, { hostname: "told", port: 7 })],
  "an address that is none": ({ env }) =>
    ["a", "", ":1", "a:70000", undefined].map((address) => attempt(() => env.A.connect(address))),
  "options that are none": ({ env }) => [5, null].map((options) => attempt(() => env.A.connect("a:1", options))),
  "it echoes": async ({ env }) => {
    const { socket, writer, reader } = open(env, "echo");
    const pieces = [];
    for (let i = 0; i < 3; i++) {
      const [, text] = await Promise.all([writer.write(encode(`${i}.`)), readUntil(reader, ".")]);
      pieces.push(text);
    }
    writer.close();
    return [pieces, await readAll(reader), await outcome(socket.closed)];
  },
  "the client closes for writing": async ({ env }) => {
    const { socket, writer, reader } = open(env, "reads");
    await writer.write(encode("abc"));
    return [await outcome(writer.close()), await readAll(reader), await outcome(socket.closed), notes.reads];
  },
  "it closes": async ({ env }) => {
    const { socket, writer, reader } = open(env, "closes");
    const text = await readAll(reader);
    await scheduler.wait(200);
    return [text, await outcome(socket.closed), await outcome(writer.write(encode("x"))), notes.closes];
  },
  "it closes for writing": async ({ env }) => {
    const { socket, writer, reader } = open(env, "closesWriting");
    return [await readAll(reader), await outcome(socket.closed), await outcome(writer.write(encode("x")))];
  },
  "it closes for writing, half open": async ({ env }) => {
    const { socket, writer, reader } = open(env, "closesWriting", { allowHalfOpen: true });
    const text = await readAll(reader);
    await writer.write(encode("tail"));
    await writer.close();
    await scheduler.wait(50);
    return [text, await outcome(socket.closed), notes.closesWriting.at(-1)];
  },
  "it throws": async ({ env }) => {
    const { socket, writer, reader } = open(env, "throws");
    await writer.write(encode("abc"));
    return [await readAll(reader), await outcome(socket.closed), await outcome(writer.write(encode("x"))), notes.throws];
  },
  "it returns": async ({ env }) => {
    const { socket, writer, reader } = open(env, "says");
    return [await readAll(reader), await outcome(socket.closed), await outcome(writer.closed)];
  },
  "it never reads": async ({ env }) => {
    const { socket, writer, reader } = open(env, "ignores");
    return [await readAll(reader), await outcome(socket.closed), await outcome(writer.write(encode("x")))];
  },
  "it forwards": async ({ env }) => {
    const { socket, writer, reader } = open(env, "forwards");
    writer.write(encode("hello\n"));
    const text = await readUntil(reader, "hello\n");
    await writer.close();
    return [text, await readAll(reader), await outcome(socket.closed)];
  },
  "startTls()": async ({ env }) => {
    const plain = quiet(env.A.connect("ignores:1", { secureTransport: "starttls" }));
    const secure = quiet(plain.startTls());
    return [await outcome(plain.opened), await outcome(secure.opened), await outcome(secure.closed), await outcome(plain.closed),
      await outcome(secure.readable.getReader().read())];
  },
  "startTls() without starttls": ({ env }) => attempt(() => quiet(env.A.connect("ignores:1")).startTls()),
  "TLS": ({ env }) => attempt(() => quiet(env.A.connect("a:1", { secureTransport: "on" }))),
  "TLS, of a Worker without": ({ env }) => attempt(() => quiet(env.NONE.connect("a:1", { secureTransport: "on" }))),
  "a sandbox's": async ({ env, ctx }) =>
    [await sandbox(env, ctx.exports.Accepts, "forwards:25"), await sandbox(env, env.A, "forwards:25"),
      await sandbox(env, ctx.exports.None, "forwards:25"), await sandbox(env, env.PEER, "forwards:25"), await sandbox(env, null, "forwards:25")],
});
