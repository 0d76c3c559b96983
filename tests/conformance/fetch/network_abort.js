// fetch() and AbortSignal: before, while waiting for the head, while reading the body, after all is over.
import { checks } from "../checks.js";

const get = (env, path, init) => fetch(env.UPSTREAM + path, init);
const soon = (f) => setTimeout(f, 20);
const caught = (promise) => promise.then(() => "no error", (e) => e);
const same = (a, b) => [a === b, String(a)];

export default checks({
  "aborted before": ({ env }) => get(env, "/echo", { signal: AbortSignal.abort() }),
  "aborted before, with a reason": ({ env }) => get(env, "/echo", { signal: AbortSignal.abort(new RangeError("r")) }),
  "aborted before, with a string": async ({ env }) => caught(get(env, "/echo", { signal: AbortSignal.abort("why") })),
  "aborted before, in a Request": ({ env }) => fetch(new Request(`${env.UPSTREAM}/echo`, { signal: AbortSignal.abort() })),
  "while it waits": ({ env }) => {
    const c = new AbortController();
    soon(() => c.abort());
    return get(env, "/never", { signal: c.signal });
  },
  "at once after the call": ({ env }) => {
    const c = new AbortController();
    const promise = get(env, "/never", { signal: c.signal });
    c.abort();
    return promise;
  },
  "in a Request": ({ env }) => {
    const c = new AbortController();
    soon(() => c.abort(new Error("in a Request")));
    return fetch(new Request(`${env.UPSTREAM}/never`, { signal: c.signal }));
  },
  "init's signal goes before the Request's": async ({ env }) => {
    const c = new AbortController();
    c.abort();
    const request = new Request(`${env.UPSTREAM}/echo`, { signal: c.signal });
    return (await fetch(request, { signal: new AbortController().signal })).status;
  },
  "null takes the Request's away": async ({ env }) => {
    const request = new Request(`${env.UPSTREAM}/echo`, { signal: AbortSignal.abort() });
    return (await fetch(request, { signal: null })).status;
  },
  "timeout": ({ env }) => get(env, "/never", { signal: AbortSignal.timeout(30) }),
  "timeout that is not reached": async ({ env }) => (await get(env, "/echo", { signal: AbortSignal.timeout(10000) })).status,
  "any": ({ env }) => {
    const c = new AbortController();
    soon(() => c.abort(new Error("one of them")));
    return get(env, "/never", { signal: AbortSignal.any([new AbortController().signal, c.signal]) });
  },
  "while the body is read": async ({ env }) => {
    const c = new AbortController();
    const r = await get(env, "/first", { signal: c.signal });
    soon(() => c.abort());
    return r.text();
  },
  "while the body is read, with a reason": async ({ env }) => {
    const c = new AbortController();
    const r = await get(env, "/first", { signal: c.signal });
    soon(() => c.abort(new SyntaxError("reason")));
    return r.text();
  },
  "between two pieces": async ({ env }) => {
    const c = new AbortController();
    const reader = (await get(env, "/first", { signal: c.signal })).body.getReader();
    const first = await reader.read();
    c.abort(new Error("stop"));
    return [new TextDecoder().decode(first.value), await caught(reader.read())];
  },
  "between head and body": async ({ env }) => {
    const c = new AbortController();
    const r = await get(env, "/first", { signal: c.signal });
    c.abort(new Error("stop"));
    return r.text();
  },
  "the upstream notices": async ({ env }) => {
    const c = new AbortController();
    await get(env, "/watch/abort", { signal: c.signal });
    c.abort();
    return (await get(env, "/closed/abort")).text();
  },
  "after the end": async ({ env }) => {
    const c = new AbortController();
    const r = await get(env, "/chunks", { signal: c.signal });
    const text = await r.text();
    c.abort();
    return [text, r.bodyUsed];
  },
  "after the end of a body that nobody read": async ({ env }) => {
    const c = new AbortController();
    const r = await get(env, "/status/200", { signal: c.signal });
    c.abort(new Error("late"));
    return r.text();
  },
  "a null body": async ({ env }) => {
    const c = new AbortController();
    const r = await get(env, "/status/204", { signal: c.signal });
    c.abort();
    return [r.status, await r.text()];
  },
  "during a redirect": async ({ env }) => {
    const c = new AbortController();
    soon(() => c.abort(new Error("between hops")));
    return get(env, "/redirect/302/never", { signal: c.signal });
  },
  "the request's body is cancelled": async ({ env }) => {
    const c = new AbortController();
    let cancelled = "not";
    const body = new ReadableStream({ pull() { soon(() => c.abort(new Error("x"))); return new Promise(() => {}); }, cancel(r) { cancelled = String(r); } });
    const error = await caught(get(env, "/mirror", { method: "POST", body, signal: c.signal }).then((r) => r.text()));
    return error;
  },
  "listeners of the signal run": async ({ env }) => {
    const c = new AbortController(), order = [];
    c.signal.addEventListener("abort", () => order.push("listener"));
    const promise = get(env, "/never", { signal: c.signal }).catch(() => order.push("rejected"));
    soon(() => c.abort());
    await promise;
    return order;
  },
  "a signal for many": async ({ env }) => {
    const c = new AbortController();
    soon(() => c.abort());
    const all = await Promise.allSettled([1, 2, 3].map(() => get(env, "/never", { signal: c.signal })));
    return all.map((r) => r.reason?.name);
  },
  "the others go on": async ({ env }) => {
    const c = new AbortController();
    const good = get(env, "/chunks");
    const bad = caught(get(env, "/never", { signal: c.signal }));
    c.abort();
    return [(await bad).name, await (await good).text()];
  },
  "what is no signal": ({ env }) => get(env, "/echo", { signal: {} }),
  "signal of a request made with one": ({ env }) => {
    const c = new AbortController();
    const request = new Request(env.UPSTREAM, { signal: c.signal });
    c.abort(new Error("r"));
    return same(request.signal.aborted, request.signal.reason);
  },
});
