// Which AsyncLocalStorage value code sees when it runs: across promises, awaits, generators, timers, events, streams.
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { checks } from "../checks.js";

const als = new AsyncLocalStorage();
const here = () => als.getStore();
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Runs a check that appends to a list what is seen where, and gives the list.
const seen = (run) => async () => {
  const list = [];
  await run((where) => list.push(`${where} ${here()}`));
  return list.join(", ");
};

export default checks({
  "then": seen(async (see) => {
    const { promise, resolve } = Promise.withResolvers();
    const done = als.run(1, () => promise.then(() => see("then")));
    als.run(2, resolve);
    await done;
    see("after");
  }),
  "then on a settled promise": seen((see) => als.run(3, () => Promise.resolve().then(() => see("then")))),
  "catch and finally": seen(async (see) => {
    await als.run(1, () => Promise.reject(new Error()).catch(() => see("catch")));
    await als.run(2, () => Promise.resolve().finally(() => see("finally")));
  }),
  "await": seen(async (see) => {
    await als.run(1, async () => { see("a"); await null; see("b"); await wait(1); see("c"); });
    see("after");
  }),
  "an await that throws": seen((see) => als.run(1, async () => {
    try { await als.run(2, () => Promise.reject(1)); } catch { see("catch"); }
  })),
  "a chain begun elsewhere": seen(async (see) => {
    const p = als.run(1, () => wait(1).then(() => see("inner")));
    await als.run(2, () => p.then(() => see("outer")));
  }),
  "two at once": seen((see) => Promise.all([1, 2].map((n) => als.run(n, async () => {
    await null; see("x"); await wait(n); see("y");
  })))),
  "queueMicrotask": seen((see) => als.run(1, () => new Promise((resolve) => queueMicrotask(() => { see("task"); resolve(); })))),
  "setTimeout": seen((see) => als.run(1, () => new Promise((resolve) => setTimeout(() => { see("timer"); resolve(); }, 1)))),
  "nested setTimeout": seen((see) => als.run(1, () => new Promise((resolve) => setTimeout(() => {
    als.run(2, () => setTimeout(() => { see("inner"); resolve(); }, 1));
    see("outer");
  }, 1)))),
  "setInterval": seen((see) => als.run(1, () => new Promise((resolve) => {
    let count = 0;
    const id = setInterval(() => { see("tick"); if (++count === 2) { clearInterval(id); resolve(); } }, 1);
  }))),
  "a thenable": seen((see) => als.run(1, async () => { await { then(resolve) { see("then"); resolve(); } }; see("after"); })),
  "resolved with a thenable": seen(async (see) => {
    let resolve;
    const p = als.run(1, () => new Promise((r) => { resolve = r; }));
    als.run(2, () => resolve({ then(done) { see("then"); done(); } }));
    await p;
  }),
  "async generator": seen(async (see) => {
    async function* generate() { see("start"); yield 1; see("second"); await null; see("third"); yield 2; }
    const it = als.run(1, () => generate());
    await als.run(2, () => it.next());
    await als.run(3, () => it.next());
  }),
  "generator": seen((see) => {
    function* generate() { see("start"); yield; see("second"); }
    const it = als.run(1, () => generate());
    als.run(2, () => it.next());
    it.next();
  }),
  "for await": seen((see) => als.run(1, async () => {
    async function* generate() { see("a"); yield 1; see("b"); }
    for await (const _ of generate()) see("body");
  })),
  "Promise.all, race, any": seen((see) => als.run(1, async () => {
    await Promise.all([wait(1), null]); see("all");
    await Promise.race([wait(1)]); see("race");
    try { await Promise.any([Promise.reject(1)]); } catch { see("any"); }
  })),
  "a class that extends Promise": seen((see) => als.run(1, async () => {
    class Mine extends Promise {}
    await new Mine((resolve) => resolve()).then(() => see("then"));
    await new Mine((resolve) => setTimeout(resolve, 1));
    see("after");
  })),
  "Array.fromAsync": seen((see) => als.run(1, () => Array.fromAsync([1, 2], () => see("map")))),
  "await using": seen((see) => als.run(1, async () => {
    await using _ = { async [Symbol.asyncDispose]() { await null; see("dispose"); } };
    await null;
  })),
  "EventTarget": seen((see) => {
    const target = new EventTarget();
    als.run(1, () => target.addEventListener("x", () => see("listener")));
    als.run(2, () => target.dispatchEvent(new Event("x")));
    target.dispatchEvent(new Event("x"));
  }),
  "abort": seen((see) => {
    const controller = new AbortController();
    als.run(1, () => controller.signal.addEventListener("abort", () => see("abort")));
    als.run(2, () => controller.abort());
  }),
  "AbortSignal.timeout": seen((see) => als.run(1, () => new Promise((resolve) => {
    AbortSignal.timeout(1).addEventListener("abort", () => { see("abort"); resolve(); });
  }))),
  "ReadableStream": seen(async (see) => {
    const stream = als.run(1, () => new ReadableStream({ start() { see("start"); }, pull(c) { see("pull"); c.enqueue(1); }, cancel() { see("cancel"); } }, { highWaterMark: 0 }));
    await wait(1);
    await als.run(2, async () => { const reader = stream.getReader(); await reader.read(); see("read"); await reader.cancel(); see("cancelled"); });
  }),
  "WritableStream": seen(async (see) => {
    const stream = als.run(1, () => new WritableStream({ start() { see("start"); }, write() { see("write"); }, close() { see("close"); } }));
    await als.run(2, async () => { const writer = stream.getWriter(); await writer.write(1); see("written"); await writer.close(); });
  }),
  "TransformStream": seen(async (see) => {
    const { readable, writable } = als.run(1, () => new TransformStream({ transform(chunk, c) { see("transform"); c.enqueue(chunk); }, flush() { see("flush"); } }));
    await als.run(2, async () => {
      const writer = writable.getWriter(), reader = readable.getReader();
      writer.write(1); await reader.read(); see("read"); writer.close(); await reader.read();
    });
  }),
  "a body": seen((see) => als.run(1, async () => {
    await new Request("http://a/", { method: "POST", body: "x" }).text(); see("text");
    await new Response(new ReadableStream({ pull(c) { see("pull"); c.close(); } })).arrayBuffer(); see("bytes");
  })),
  "fetch": async ({ env }) => seen((see) => als.run(1, async () => {
    const response = await fetch(`${env.UPSTREAM}/chunks`); see("head");
    await response.text(); see("body");
  }))(),
  "MessagePort": seen((see) => als.run(1, async () => {
    const { port1, port2 } = new MessageChannel();
    const done = new Promise((resolve) => { port1.onmessage = () => { see("message"); resolve(); }; });
    als.run(2, () => port2.postMessage(1));
    await done;
    port1.close();
  })),
  "scheduler.wait": seen((see) => als.run(1, async () => { await scheduler.wait(1); see("after"); })),
  "setImmediate and nextTick": seen((see) => als.run(1, () => new Promise((resolve) => setImmediate(() => {
    see("immediate");
    als.run(2, () => process.nextTick(() => { see("tick"); resolve(); }));
  })))),
  "import()": seen((see) => als.run(1, async () => { await import("node:async_hooks"); see("after"); })),
  "FinalizationRegistry's methods": seen((see) => als.run(1, () => { new FinalizationRegistry(() => {}).register({}, 1); see("after"); })),
  "AsyncResource": seen((see) => {
    const resource = als.run(1, () => new AsyncResource("x"));
    als.run(2, () => { resource.runInAsyncScope(() => see("inside")); see("outside"); });
  }),
  "a snapshot in a promise": seen(async (see) => {
    const snapshot = als.run(1, () => AsyncLocalStorage.snapshot());
    await als.run(2, async () => { await null; snapshot(() => see("snapshot")); see("own"); });
  }),
  "waitUntil": ({ ctx }) => seen((see) => als.run(1, () => {
    const p = Promise.resolve().then(() => see("inside"));
    ctx.waitUntil(p);
    return p;
  }))(),
  "structuredClone, JSON, sort": seen((see) => als.run(1, () => {
    JSON.stringify({ toJSON() { see("toJSON"); } });
    [2, 1].sort(() => { see("sort"); return 0; });
    structuredClone({ get a() { see("getter"); return 1; } });
  })),
  "nothing is left": () => here(),
});
