// names.mjs: a name server that answers what a test tells it to, be it true, false or no answer at all: over UDP, and over
// TCP where it said that an answer is cut.
import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";

const TYPES = { A: 1, CNAME: 5, AAAA: 28 };
const TYPE_NAMES = { 1: "A", 5: "CNAME", 28: "AAAA" };

const u16 = (...values) => Buffer.from(values.flatMap((value) => [value >> 8 & 255, value & 255]));
const u32 = (value) => u16(value >>> 16, value & 65535);

/** A name as it stands in a message. */
export const wire = (name) =>
  Buffer.concat([...name.split(".").filter(Boolean).map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)]);

function address6(text) {
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    `${(a * 256 + +b).toString(16)}:${(c * 256 + +d).toString(16)}`);
  const [before, after] = hex.split("::").map((half) => half.split(":").filter(Boolean).map((part) => parseInt(part, 16)));
  return u16(...before, ...(after ? Array(8 - before.length - after.length).fill(0) : []), ...(after ?? []));
}

/** One record: { type, data, name?, ttl? }. */
export const a = (text, more) => ({ type: "A", data: Buffer.from(text.split(".").map(Number)), ...more });
export const aaaa = (text, more) => ({ type: "AAAA", data: address6(text), ...more });
export const cname = (to, more) => ({ type: "CNAME", data: wire(to), ...more });
/** Of whichever family it is. */
export const at = (text, more) => (text.includes(":") ? aaaa(text, more) : a(text, more));

function record(r) {
  const name = r.name ? wire(r.name) : u16(0xc00c); // that of the question
  return Buffer.concat([name, u16(TYPES[r.type], 1), u32(r.ttl ?? 0), u16(r.length ?? r.data.length), r.data]);
}

/** An answer to the query. how: { id, flags, rcode, records, question }. */
export function message(query, how) {
  const records = how.records ?? [];
  const flags = 0x8580 | (how.cut ? 0x200 : 0) | (how.rcode ?? 0);
  const question = how.question ?? query.question;
  const head = u16(how.id ?? query.id, flags, how.questions ?? 1, how.count ?? records.length, 0, 0);
  return Buffer.concat([head, question, ...records.map(record)]);
}

function parse(bytes, tcp) {
  let at = 12;
  const labels = [];
  while (bytes[at]) {
    labels.push(bytes.subarray(at + 1, at + 1 + bytes[at]).toString("latin1"));
    at += 1 + bytes[at];
  }
  const type = bytes.readUInt16BE(at + 1);
  return {
    id: bytes.readUInt16BE(0), name: labels.join(".").toLowerCase(), type: TYPE_NAMES[type] ?? type,
    question: bytes.subarray(12, at + 5), tcp,
  };
}

/** Names are added to `names`: name -> list of records of all types, or (query, n) => those, a Buffer as it is, a list of
 * Buffers, or null: no answer. n counts the queries for that name and type. */
export class NameServer {
  names = new Map();
  asked = [];
  #counts = new Map();
  #udp = dgram.createSocket("udp4");
  #tcp = net.createServer((socket) => this.#connection(socket));
  #sockets = new Set();

  static async start(address, port = 53) {
    const server = new NameServer();
    server.#udp.on("message", (bytes, from) => {
      for (const answer of server.#answer(parse(bytes, false))) server.#udp.send(answer, from.port, from.address);
    });
    server.#udp.bind(port, address);
    server.#tcp.listen(port, address);
    await Promise.all([once(server.#udp, "listening"), once(server.#tcp, "listening")]);
    return server;
  }

  #connection(socket) {
    let got = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      got = Buffer.concat([got, data]);
      while (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) {
        const query = parse(got.subarray(2, 2 + got.readUInt16BE(0)), true);
        got = got.subarray(2 + got.readUInt16BE(0));
        for (const answer of this.#answer(query)) socket.write(Buffer.concat([u16(answer.length), answer]));
      }
    });
  }

  #answer(query) {
    const key = `${query.name} ${query.type}`, n = this.#counts.get(key) ?? 0, what = this.names.get(query.name);
    this.#counts.set(key, n + 1);
    this.asked.push(query);
    if (what === undefined) return [message(query, { rcode: 3 })];
    const answer = typeof what === "function" ? what(query, n) : what;
    if (answer === null) return [];
    if (Buffer.isBuffer(answer)) return [answer];
    if (answer.length && answer.every(Buffer.isBuffer)) return answer;
    return [message(query, { records: answer.filter(({ type }) => type === query.type || type === "CNAME") })];
  }

  stop() {
    this.#udp.close();
    this.#tcp.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
