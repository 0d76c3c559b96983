// tcp.js: what the conformance scripts about connections share.
import { connect } from "cloudflare:sockets";

export const encode = (text) => new TextEncoder().encode(text);
export const decode = (bytes) => new TextDecoder().decode(bytes);

// What is not awaited is not unhandled.
export function quiet(socket) {
  socket.opened.catch(() => {});
  socket.closed.catch(() => {});
  return socket;
}

// What a promise becomes, as text; "(pending)" when it has become nothing for a while.
export function outcome(promise, ms = 150) {
  const text = (value) => (typeof value === "string" ? value : value === undefined ? "undefined" : JSON.stringify(value));
  const told = Promise.resolve(promise).then(text, (e) => `${e.name}: ${e.message}`);
  return Promise.race([told, new Promise((resolve) => setTimeout(resolve, ms, "(pending)"))]);
}

// The same, of an error only its name: its words are this or that program's own.
export const kind = async (promise, ms) => (await outcome(promise, ms)).replace(/^(\w+Error|Error): .*$/s, "$1");

// What a function returns or throws, as text.
export function attempt(f) {
  try {
    return String(f());
  } catch (e) {
    return `${e.name}: ${e.message}`;
  }
}

// Reads until what came ends so, or to the end.
export async function readUntil(reader, end) {
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return `${text}(end)`;
    text += decode(value);
    if (text.endsWith(end)) return text;
  }
}

export const readAll = (reader) => readUntil(reader, "\0");

// A connection to upstream_tcp.mjs to which that line was written. Its writer is not released.
export async function told(address, line, options) {
  const socket = quiet(connect(address, options));
  const writer = socket.writable.getWriter();
  await writer.write(encode(`${line}\n`));
  return { socket, writer, reader: socket.readable.getReader() };
}
