// ofetch: JSON, queries, interceptors, retries, time limits, errors, streams, against a local server.
import { createFetch, FetchError, ofetch } from "ofetch";
import { equal, ok, program, thrown } from "../check.js";

const api = (env, more) => ofetch.create({ baseURL: env.UPSTREAM, retry: 0, ...more });

export default program({
  "JSON both ways": async ({ env }) => {
    const told = await api(env)("/echo", { method: "POST", body: { a: ["é"] }, query: { q: "x y", l: [1, 2] } });
    equal([told.method, told.url, told.body, told.headers["content-type"]],
      ["POST", "/echo?q=x+y&l=1&l=2", '{"a":["é"]}', "application/json"]);
  },
  "kinds of answers": async ({ env }) => {
    equal(typeof (await api(env)("/echo", { responseType: "text" })), "string");
    ok((await api(env)("/echo", { responseType: "blob" })) instanceof Blob);
    ok((await api(env)("/echo", { responseType: "arrayBuffer" })) instanceof ArrayBuffer);
    const stream = await api(env)("/echo", { responseType: "stream" });
    ok(stream instanceof ReadableStream && (await new Response(stream).text()).includes("/echo"));
    const raw = await api(env).raw("/echo");
    equal([raw.status, raw.headers.get("x-served"), raw._data.method], [200, "echo", "GET"]);
    equal(await api(env)("/status/204", { ignoreResponseError: true }), undefined);
  },
  "errors": async ({ env }) => {
    const e = await thrown(() => api(env)("/status/422"));
    ok(e instanceof FetchError, e.name);
    equal([e.statusCode, e.data, e.response.status], [422, { status: 422 }, 422]);
    ok(e.message.includes("[GET]") && e.message.includes("422"), e.message);
    equal(await api(env)("/status/500", { ignoreResponseError: true }), { status: 500 });
  },
  "retries": async ({ env }) => {
    equal(await api(env)("/flaky/ofetch/2", { retry: 3, retryDelay: 1 }), { tries: 3 });
    equal((await thrown(() => api(env)("/flaky/ofetch-much/5", { retry: 1, retryDelay: 1 }))).statusCode, 503);
    equal((await thrown(() => api(env)("/flaky/ofetch-post/1", { method: "POST" }))).statusCode, 503);
  },
  "interceptors": async ({ env }) => {
    const seen = [];
    await thrown(() => api(env, {
      onRequest: ({ options }) => void options.headers.set("x-hook", "1"),
      onResponse: ({ response }) => void seen.push(response.status),
      onResponseError: ({ response }) => void seen.push(`error ${response.status}`),
    })("/status/400"));
    equal(seen, [400, "error 400"]);
    const told = await api(env)("/echo", { onRequest: [({ options }) => void options.headers.set("x-hook", "1")] });
    equal(told.headers["x-hook"], "1");
  },
  "time limits and aborts": async ({ env }) => {
    const e = await thrown(() => api(env)("/never", { timeout: 30 }));
    ok(e instanceof FetchError && /abort|timeout/i.test(`${e.message} ${e.cause?.name}`), e.message);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 10);
    ok((await thrown(() => api(env)("/never", { signal: controller.signal }))) instanceof FetchError);
  },
  "a parser and a fetch of one's own": async ({ env }) => {
    equal(await api(env)("/echo", { parseResponse: (text) => text.length > 10 }), true);
    const mine = createFetch({ fetch: async (url) => Response.json({ url: String(url) }), Headers, AbortController });
    equal(await mine("http://nowhere.example/x"), { url: "http://nowhere.example/x" });
  },
});
