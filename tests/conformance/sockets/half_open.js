// The two directions of a connection, each of which ends by itself: allowHalfOpen, closing, cancelling, aborting; over TLS too.
// tcp: yes
import { checks } from "../checks.js";
import { connect } from "cloudflare:sockets";
import { attempt, encode, outcome, quiet, readAll, told } from "../tcp.js";

// What the last "bye" was sent after its server had closed.
const saw = async (env) => readAll((await told(env.TCP, "saw")).reader);

async function overTls(env, options) {
  const socket = quiet(connect(env.TLS, { secureTransport: "on", ...options }));
  const writer = socket.writable.getWriter();
  await writer.write(encode("abc"));
  await writer.close();
  return [await readAll(socket.readable.getReader()), await outcome(socket.closed)];
}

export default checks({
  "the server closes": async ({ env }) => {
    const { socket, writer, reader } = await told(env.TCP, "bye");
    return [await readAll(reader), await outcome(socket.closed), await outcome(writer.write(encode("late"))),
      await outcome(writer.close()), await outcome(writer.closed), await saw(env)];
  },
  "the server closes, half open": async ({ env }) => {
    const { socket, writer, reader } = await told(env.TCP, "bye", { allowHalfOpen: true });
    return [await readAll(reader), await outcome(socket.closed), await outcome(writer.write(encode("late"))),
      await outcome(writer.close()), await outcome(writer.closed), await outcome(socket.closed), await saw(env)];
  },
  "the server closes, half open, then close()": async ({ env }) => {
    const { socket, writer, reader } = await told(env.TCP, "bye", { allowHalfOpen: true });
    return [await readAll(reader), await outcome(writer.write(encode("late"))), await outcome(socket.close()),
      await outcome(socket.closed), await saw(env)];
  },
  "what is true is half open": async ({ env }) => {
    const { writer, reader } = await told(env.TCP, "bye", { allowHalfOpen: "false" });
    return [await readAll(reader), await outcome(writer.write(encode("late"))), await outcome(writer.close()), await saw(env)];
  },
  "the writing side closes": async ({ env }) => {
    const { socket, writer, reader } = await told(env.TCP, "echo");
    await writer.write(encode("abc"));
    return [await outcome(writer.close()), await outcome(socket.closed), await readAll(reader), await outcome(socket.closed)];
  },
  "the writing side closes, half open": async ({ env }) => {
    const { socket, writer, reader } = await told(env.TCP, "echo", { allowHalfOpen: true });
    await writer.write(encode("abc"));
    return [await outcome(writer.close()), await outcome(socket.closed), await readAll(reader), await outcome(socket.closed)];
  },
  "reading is cancelled": async ({ env }) => {
    const { socket, writer, reader } = await told(env.TCP, "echo");
    return [await outcome(reader.cancel("why")), await outcome(socket.closed), await outcome(writer.write(encode("x"))),
      await outcome(writer.close()), await outcome(socket.closed)];
  },
  "writing is aborted": async ({ env }) => {
    const { socket, writer, reader } = await told(env.TCP, "echo");
    await writer.write(encode("x"));
    return [await outcome(writer.abort(new RangeError("why"))), await outcome(socket.closed), await outcome(writer.closed),
      await outcome(writer.write(encode("y")))];
  },
  "close() after all": async ({ env }) => {
    const { socket, reader } = await told(env.TCP, "bye", { allowHalfOpen: true });
    await readAll(reader);
    return [await outcome(socket.close()), await outcome(socket.close()), await saw(env)];
  },
  "over TLS": ({ env }) => overTls(env, {}),
  "over TLS, half open": ({ env }) => overTls(env, { allowHalfOpen: true }),
  "in what order options are read": ({ env }) => {
    const seen = [];
    const options = new Proxy({}, { get: (_, key) => void seen.push(String(key)) });
    return [String(quiet(connect(env.TCP, options))), seen];
  },
  "before the address is looked at": () =>
    [attempt(() => connect("nonsense", 5)), attempt(() => connect("nonsense", { secureTransport: "maybe" })),
      attempt(() => connect({ hostname: "a", port: "x" }, 5))],
  "options that are none": ({ env }) =>
    [5, null, "x", true, [], () => {}].map((options) => attempt(() => quiet(connect(env.TCP, options)))),
  "transports": ({ env }) =>
    [null, 5, "", "ON", { toString: () => "off" }, new String("off")].map((secureTransport) =>
      attempt(() => quiet(connect(env.TCP, { secureTransport })).secureTransport)),
  "high water marks": ({ env }) =>
    [undefined, 16, 0, -1, 1.5, "7", "x", 2n, NaN, Infinity].map((highWaterMark) =>
      attempt(() => quiet(connect(env.TCP, { highWaterMark })).writable.getWriter().desiredSize)),
  "desiredSize": async ({ env }) => {
    const sizes = [];
    for (const options of [undefined, { highWaterMark: 100 }]) {
      const writer = quiet(connect(env.TCP, options)).writable.getWriter();
      sizes.push(writer.desiredSize);
      const writing = writer.write(encode("echo\n"));
      sizes.push(writer.desiredSize);
      await writing;
      sizes.push(writer.desiredSize);
    }
    return sizes;
  },
  "the address, as it was given": async ({ env }) => {
    const [, port] = env.TCP.split(":");
    const addresses = [env.TCP.replace("localhost", "LocalHost"), { hostname: "LOCALHOST", port }, { hostname: "127.0.0.1", port: +port }];
    const infos = [];
    for (const address of addresses) infos.push((await quiet(connect(address)).opened).remoteAddress.replace(port, "PORT"));
    return infos;
  },
});
