// services: SELF=self#Main, PEER=peer#Main
// Workers RPC: ReadableStream and WritableStream as arguments and results: data, ends, errors, flow, locks.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const log = [];
const encode = (s) => new TextEncoder().encode(s);
const decode = (b) => new TextDecoder().decode(b);
const isBytes = (v) => ArrayBuffer.isView(v) || v instanceof ArrayBuffer;

function bytes(...parts) {
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      for (const part of parts) controller.enqueue(encode(part));
      controller.close();
    },
  });
}
function values(...parts) {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
}
function slow(...parts) {
  return new ReadableStream({
    async pull(controller) {
      await scheduler.wait(2);
      if (parts.length) controller.enqueue(encode(parts.shift()));
      else controller.close();
    },
    cancel(reason) {
      log.push(`cancelled: ${reason?.name} ${reason?.message ?? reason}`);
    },
  });
}
function failing(after, error) {
  let n = 0;
  return new ReadableStream({
    pull(controller) {
      if (n++ < after) controller.enqueue(encode(`${n}`));
      else controller.error(error);
    },
  });
}
function endless() {
  let n = 0;
  return new ReadableStream({
    pull(controller) {
      n++;
      controller.enqueue(new Uint8Array(16384));
    },
    cancel(reason) {
      log.push(`cancelled after ${n > 0 && n < 1000 ? "some" : n}: ${reason?.name} ${reason?.message ?? reason}`);
    },
  }, { highWaterMark: 0 });
}
function sink(options = {}) {
  const got = [];
  const stream = new WritableStream({
    write(chunk) {
      if (options.failAt === got.length) throw new RangeError("sink failed");
      got.push(isBytes(chunk) ? decode(chunk) : typeof chunk);
      return options.wait && scheduler.wait(options.wait);
    },
    close() {
      got.push("(closed)");
      if (options.failClose) throw new RangeError("close failed");
    },
    abort(reason) {
      got.push(`(aborted: ${reason?.name} ${reason?.message ?? reason})`);
    },
  });
  return { stream, got };
}

class Sink extends RpcTarget {
  constructor(options) {
    super();
    this.made = sink(options);
  }
  stream() {
    return this.made.stream;
  }
  got() {
    return this.made.got;
  }
}

class Counted extends RpcTarget {
  n = 0;
  stream() {
    return new ReadableStream({
      pull: (controller) => {
        this.n++;
        controller.enqueue(new Uint8Array(65536));
      },
    }, { highWaterMark: 0 });
  }
  count() {
    return this.n;
  }
}

export class Main extends WorkerEntrypoint {
  async read(stream) {
    return await new Response(stream).text();
  }
  async readParts(stream) {
    const parts = [];
    for await (const part of stream) parts.push(decode(part));
    return parts.join("");
  }
  async readKinds(stream) {
    const parts = [];
    for await (const part of stream) parts.push(`${part?.constructor?.name}`);
    return [...new Set(parts)];
  }
  async readOne(stream) {
    const reader = stream.getReader();
    const { value } = await reader.read();
    return decode(value);
  }
  async readThenCancel(stream) {
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel(new RangeError("enough"));
    return "cancelled";
  }
  async readByob(stream) {
    const reader = stream.getReader({ mode: "byob" });
    const { value, done } = await reader.read(new Uint8Array(3));
    return [decode(value), done];
  }
  async length(stream) {
    let n = 0;
    for await (const part of stream) n += part.byteLength;
    return n;
  }
  ignore(stream) {
    return typeof stream;
  }
  echo(stream) {
    return stream;
  }
  upper(stream) {
    return stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TransformStream({ transform: (s, c) => c.enqueue(s.toUpperCase()) })).pipeThrough(new TextEncoderStream());
  }
  bytes(...parts) {
    return bytes(...parts);
  }
  slow(...parts) {
    return slow(...parts);
  }
  values() {
    return values("text");
  }
  objects() {
    return values({ a: 1 });
  }
  failing(n) {
    return failing(n, new RangeError("source failed"));
  }
  failingNow() {
    return failing(0, new RangeError("at once"));
  }
  endless() {
    return endless();
  }
  counted() {
    return new Counted();
  }
  large(n) {
    let left = n;
    return new ReadableStream({
      pull(controller) {
        const size = Math.min(left, 65536);
        if (size) controller.enqueue(new Uint8Array(size));
        left -= size;
        if (!left) controller.close();
      },
    });
  }
  empty() {
    return bytes();
  }
  nested() {
    return { a: bytes("first"), list: [bytes("second")], response: new Response(bytes("third")) };
  }
  locked() {
    const stream = bytes("a");
    stream.getReader();
    return stream;
  }
  disturbed() {
    const stream = bytes("a");
    stream.cancel();
    return stream;
  }
  same() {
    const stream = bytes("same");
    return [stream, stream];
  }
  identity() {
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    this.ctx.waitUntil(writer.write(encode("identity")).then(() => writer.close()));
    return readable;
  }
  disconnected() {
    return new ReadableStream({
      start(controller) {
        controller.enqueue(encode("partial"));
      },
    });
  }
  abortedSource() {
    const ctx = this.ctx;
    let n = 0;
    return new ReadableStream({
      async pull(controller) {
        if (!n++) return controller.enqueue(encode("partial"));
        await scheduler.wait(10);
        ctx.abort(new RangeError("aborted while streaming"));
      },
    });
  }
  async write(stream, ...parts) {
    const writer = stream.getWriter();
    for (const part of parts) await writer.write(encode(part));
    await writer.close();
    return "written";
  }
  async writeRaw(stream, part) {
    const writer = stream.getWriter();
    await writer.write(part);
    await writer.close();
    return "written";
  }
  async writeAbort(stream) {
    const writer = stream.getWriter();
    await writer.write(encode("a"));
    await writer.abort(new RangeError("writer gave up"));
    return "aborted";
  }
  async writeOnly(stream) {
    const writer = stream.getWriter();
    await writer.write(encode("a"));
    return "left open";
  }
  async pipe(from, to) {
    await from.pipeTo(to);
    return "piped";
  }
  pipeLater(from, to) {
    this.ctx.waitUntil(from.pipeTo(to));
  }
  sink(options) {
    return new Sink(options);
  }
  takeLog() {
    return log.splice(0);
  }
}

async function logOf(env, n) {
  const lines = [];
  for (let i = 0; i < (n ? 100 : 1) && (!n || lines.length < n); i++) {
    await scheduler.wait(n ? 5 : 60);
    lines.push(...(await env.SELF.takeLog()));
  }
  return lines;
}
const read = async (stream) => await new Response(stream).text();
const kind = (s) => [s.constructor.name, s.locked];

export default checks({
  "bytes as argument": async ({ env }) => [await env.SELF.read(bytes("a", "b")), await env.SELF.readParts(bytes("a", "b", "c"))],
  "bytes as result": async ({ env }) => [await read(await env.SELF.bytes("x", "y")), await read(await env.SELF.slow("p", "q", "r"))],
  "what it is there": async ({ env }) => [await env.SELF.readKinds(bytes("a")), kind(await env.SELF.bytes("x"))],
  "empty": async ({ env }) => [await env.SELF.read(bytes()), await read(await env.SELF.empty())],
  "there and back": async ({ env }) => await read(await env.SELF.echo(bytes("echo"))),
  "there and back through two": async ({ env }) => await read(await env.PEER.echo(await env.SELF.echo(slow("a", "b")))),
  "through a transform": async ({ env }) => await read(await env.SELF.upper(slow("abc", "def"))),
  "IdentityTransformStream": async ({ env }) => await read(await env.SELF.identity()),
  "in objects": async ({ env }) => {
    const o = await env.SELF.nested();
    return [await read(o.list[0]), await o.response.text(), await read(o.a)];
  },
  "text in a stream, as argument": async ({ env }) => await env.SELF.read(values("text")),
  "text in a stream, as result": async ({ env }) => await read(await env.SELF.values()),
  "objects in a stream, as argument": async ({ env }) => await env.SELF.read(values({ a: 1 })),
  "objects in a stream, as result": async ({ env }) => await read(await env.SELF.objects()),
  "ArrayBuffer in a stream": async ({ env }) => await env.SELF.read(values(encode("ab").buffer)),
  "DataView in a stream": async ({ env }) => await env.SELF.read(values(new DataView(encode("ab").buffer))),
  "byob there": async ({ env }) => await env.SELF.readByob(bytes("abcdef")),
  "byob here": async ({ env }) => {
    const reader = (await env.SELF.bytes("abcdef")).getReader({ mode: "byob" });
    const { value } = await reader.read(new Uint8Array(4));
    return decode(value);
  },
  "the sent stream is locked": async ({ env }) => {
    const stream = bytes("a");
    const p = env.SELF.read(stream);
    const locked = stream.locked;
    return [locked, await p, stream.locked];
  },
  "a locked stream as argument": async ({ env }) => {
    const stream = bytes("a");
    stream.getReader();
    return await env.SELF.read(stream);
  },
  "a locked stream as result": async ({ env }) => await env.SELF.locked(),
  "a disturbed stream": async ({ env }) => await read(await env.SELF.disturbed()),
  "the same stream twice": async ({ env }) => {
    const [a, b] = await env.SELF.same();
    return [a === b, await read(a)];
  },
  "sent twice": async ({ env }) => {
    const stream = bytes("a");
    await env.SELF.read(stream);
    return await env.SELF.read(stream);
  },
  "tee": async ({ env }) => {
    const [a, b] = (await env.SELF.bytes("teed")).tee();
    return [await read(a), await read(b)];
  },
  "fails at the source, as result": async ({ env }) => await read(await env.SELF.failing(2)),
  "fails at once, as result": async ({ env }) => await read(await env.SELF.failingNow()),
  "fails at the source, as argument": async ({ env }) => await env.SELF.read(failing(2, new RangeError("source failed"))),
  "fails with no error": async ({ env }) => await env.SELF.read(failing(1, "text")),
  "what comes before the failure": async ({ env }) => {
    const reader = (await env.SELF.failing(1)).getReader();
    const first = decode((await reader.read()).value);
    return [first, await reader.read().catch((e) => [e.name, e.message, e.remote])];
  },
  "cancelled here": async ({ env }) => {
    const reader = (await env.SELF.endless()).getReader();
    await reader.read();
    await reader.cancel(new RangeError("no more"));
    return await logOf(env, 1);
  },
  "cancelled there": async ({ env }) => {
    const stream = endless();
    return [await env.SELF.readThenCancel(stream), await logOf(env, 1)];
  },
  "not read at all, as argument": async ({ env }) => [await env.SELF.ignore(endless()), (await logOf(env, 1)).map((l) => l.replace(/after \w+/, "after some"))],
  "not read at all, as result": async ({ env }) => {
    const stream = await env.SELF.endless();
    await stream.cancel("not wanted");
    return (await logOf(env, 1)).map((l) => l.replace(/after \w+/, "after some"));
  },
  "read in part, as argument": async ({ env }) => await env.SELF.readOne(slow("a", "b")),
  "a large one as result": async ({ env }) => {
    let n = 0;
    for await (const part of await env.SELF.large(5000000)) n += part.byteLength;
    return n;
  },
  "a large one as argument": async ({ env }) => await env.SELF.length(await env.PEER.large(5000000)),
  "one that is not read stops its source": async ({ env }) => {
    using c = await env.SELF.counted();
    const stream = await c.stream();
    const reader = stream.getReader();
    await reader.read();
    await scheduler.wait(60);
    const before = await c.count();
    await scheduler.wait(60);
    const after = await c.count();
    await reader.cancel();
    return [before > 0 && before < 500, before === after];
  },
  "one that is read goes on": async ({ env }) => {
    using c = await env.SELF.counted();
    const reader = (await c.stream()).getReader();
    let n = 0;
    while (n < 8000000) n += (await reader.read()).value.byteLength;
    await reader.cancel();
    return (await c.count()) >= 122;
  },
  "a sink that does not take stops its writer": async ({ env }) => {
    using s = await env.SELF.sink({ wait: 100000 });
    const writer = (await s.stream()).getWriter();
    let written = 0;
    const writing = (async () => {
      for (let i = 0; i < 500; i++) {
        await writer.write(new Uint8Array(65536));
        written++;
      }
    })();
    writing.catch(() => {});
    await scheduler.wait(100);
    const before = written;
    await scheduler.wait(60);
    return [before < 500, before === written];
  },
  "two at once": async ({ env }) => {
    const [a, b] = await Promise.all([env.SELF.large(300000), env.SELF.large(200000)]);
    const [x, y] = await Promise.all([new Response(a).arrayBuffer(), new Response(b).arrayBuffer()]);
    return [x.byteLength, y.byteLength];
  },
  "never ends": async ({ env }) => {
    const reader = (await env.SELF.disconnected()).getReader();
    const first = decode((await reader.read()).value);
    return [first, await Promise.race([reader.read().then((r) => r.done, (e) => `${e.name}: ${e.message}`), scheduler.wait(60).then(() => "still waiting")])];
  },
  "the source's context is aborted": async ({ env }) => {
    const reader = (await env.SELF.abortedSource()).getReader();
    await reader.read();
    return await reader.read();
  },
  "writable as argument": async ({ env }) => {
    const { stream, got } = sink();
    return [await env.SELF.write(stream, "a", "b"), got];
  },
  "writable as argument: what arrives": async ({ env }) => {
    const kinds = [];
    const stream = new WritableStream({ write: (chunk) => void kinds.push(chunk.constructor.name) });
    await env.SELF.write(stream, "a");
    return kinds;
  },
  "writable as argument: text": async ({ env }) => await env.SELF.writeRaw(sink().stream, "text"),
  "writable as argument: an object": async ({ env }) => await env.SELF.writeRaw(sink().stream, { a: 1 }),
  "writable as argument: ArrayBuffer": async ({ env }) => {
    const { stream, got } = sink();
    await env.SELF.writeRaw(stream, encode("buffer").buffer);
    return got;
  },
  "writable as argument: aborted": async ({ env }) => {
    const { stream, got } = sink();
    return [await env.SELF.writeAbort(stream), got];
  },
  "writable as argument: left open": async ({ env }) => {
    const { stream, got } = sink();
    const result = await env.SELF.writeOnly(stream);
    await scheduler.wait(60);
    return [result, got];
  },
  "writable as argument: never used": async ({ env }) => {
    const { stream, got } = sink();
    await env.SELF.ignore(stream);
    await scheduler.wait(60);
    return got;
  },
  "writable as argument: fails": async ({ env }) => {
    const { stream, got } = sink({ failAt: 1 });
    const result = await env.SELF.write(stream, "a", "b", "c").catch((e) => e);
    return [result, got];
  },
  "writable as argument: fails on close": async ({ env }) => {
    const { stream } = sink({ failClose: true });
    return await env.SELF.write(stream, "a");
  },
  "writable as argument: slow": async ({ env }) => {
    const { stream, got } = sink({ wait: 5 });
    await env.SELF.write(stream, "a", "b", "c");
    return got;
  },
  "writable as argument: locked": async ({ env }) => {
    const { stream } = sink();
    stream.getWriter();
    return await env.SELF.write(stream, "a");
  },
  "writable as argument: locked by being sent": async ({ env }) => {
    const { stream } = sink();
    const p = env.SELF.write(stream, "a");
    const locked = stream.locked;
    await p;
    return locked;
  },
  "writable as result": async ({ env }) => {
    using s = await env.SELF.sink({});
    const stream = await s.stream();
    const writer = stream.getWriter();
    await writer.write(encode("a"));
    await writer.write(encode("b"));
    await writer.close();
    return [stream.constructor.name, await s.got()];
  },
  "writable as result: fails": async ({ env }) => {
    using s = await env.SELF.sink({ failAt: 0 });
    const writer = (await s.stream()).getWriter();
    const results = [];
    for (let i = 0; i < 3; i++) results.push(await writer.write(encode("a")).then(() => "ok", (e) => `${e.name}: ${e.message}`));
    results.push(await writer.close().then(() => "ok", (e) => `${e.name}: ${e.message}`));
    return [...new Set(results.filter((r) => r !== "ok"))];
  },
  "writable as result: aborted": async ({ env }) => {
    using s = await env.SELF.sink({});
    const writer = (await s.stream()).getWriter();
    await writer.write(encode("a"));
    await writer.abort(new RangeError("mine"));
    return await s.got();
  },
  "writable as result: its context is over": async ({ env }) => {
    const s = await env.SELF.sink({});
    const writer = (await s.stream()).getWriter();
    await writer.write(encode("a"));
    s[Symbol.dispose]();
    await scheduler.wait(30);
    return await writer.write(encode("b")).then(() => writer.close()).then(() => "ok", (e) => e);
  },
  "piped from here to there": async ({ env }) => {
    using s = await env.SELF.sink({});
    await slow("a", "b").pipeTo(await s.stream());
    return (await s.got()).join("");
  },
  "piped there": async ({ env }) => {
    const { stream, got } = sink();
    return [await env.SELF.pipe(slow("a", "b"), stream), got.join("")];
  },
  "piped there, later": async ({ env }) => {
    const { stream, got } = sink();
    await env.SELF.pipeLater(slow("a", "b"), stream);
    for (let i = 0; i < 100 && !got.includes("(closed)"); i++) await scheduler.wait(5);
    return got.join("");
  },
  "piped from one Worker to another": async ({ env }) => {
    using s = await env.PEER.sink({});
    await (await env.SELF.slow("a", "b")).pipeTo(await s.stream());
    return (await s.got()).join("");
  },
  "a source that fails, piped there": async ({ env }) => {
    const { stream, got } = sink();
    const result = await env.SELF.pipe(failing(1, new RangeError("source failed")), stream).catch((e) => `${e.name}: ${e.message}`);
    await scheduler.wait(20);
    return [result, got];
  },
  "a stream's properties cannot be reached": async ({ env }) => await env.SELF.bytes("a").locked,
});
