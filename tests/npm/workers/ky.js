// ky: JSON, search parameters, hooks, retries, time limits, errors, instances, progress, against a local server.
import ky, { HTTPError, TimeoutError } from "ky";
import { equal, ok, program, thrown } from "../check.js";

const api = (env, more) => ky.create({ prefix: env.UPSTREAM, retry: 0, ...more });

export default program({
  "JSON both ways": async ({ env }) => {
    const told = await api(env).post("echo", { json: { a: "é" }, searchParams: { q: "x y", n: 1 }, headers: { "x-a": "b" } }).json();
    equal([told.method, told.url, told.body, told.headers["content-type"], told.headers["x-a"]],
      ["POST", "/echo?q=x+y&n=1", '{"a":"é"}', "application/json", "b"]);
  },
  "every shortcut": async ({ env }) => {
    for (const method of ["get", "put", "patch", "delete"]) equal((await api(env)[method]("echo").json()).method, method.toUpperCase());
    equal((await api(env).head("echo")).headers.get("x-served"), "echo");
  },
  "other bodies": async ({ env }) => {
    equal((await api(env).post("echo", { body: new URLSearchParams({ a: "b c" }) }).json()).body, "a=b+c");
    const form = new FormData();
    form.set("f", new File(["content"], "n.txt"));
    ok((await api(env).post("echo", { body: form }).json()).body.includes('filename="n.txt"'));
    equal((await api(env).get("echo").arrayBuffer()).byteLength > 10, true);
    equal(typeof (await api(env).get("echo").text()), "string");
  },
  "errors of HTTP": async ({ env }) => {
    const e = await thrown(() => api(env).get("status/404").json());
    ok(e instanceof HTTPError, e.name);
    equal([e.name, e.response.status, e.request.method], ["HTTPError", 404, "GET"]);
    equal((await api(env, { throwHttpErrors: false }).get("status/500")).status, 500);
  },
  "retries": async ({ env }) => {
    const seen = [];
    const told = await api(env, {
      retry: { limit: 3, delay: () => 1 },
      hooks: { beforeRetry: [({ retryCount }) => void seen.push(retryCount)] },
    }).get("flaky/ky/2").json();
    equal([told.tries, seen], [3, [1, 2]]);
    const e = await thrown(() => api(env, { retry: { limit: 1, delay: () => 1 } }).get("flaky/ky-much/5").json());
    equal(e.response.status, 503);
  },
  "hooks": async ({ env }) => {
    const told = await api(env, {
      hooks: {
        beforeRequest: [({ request }) => void request.headers.set("x-hook", "before")],
        afterResponse: [async ({ response }) => {
          const body = await response.json();
          return Response.json({ ...body, after: response.status });
        }],
      },
    }).get("echo").json();
    equal([told.headers["x-hook"], told.after], ["before", 200]);
  },
  "time limits and aborts": async ({ env }) => {
    const e = await thrown(() => api(env, { timeout: 30 }).get("never"));
    ok(e instanceof TimeoutError, `${e.name}: ${e.message}`);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 10);
    equal((await thrown(() => api(env).get("never", { signal: controller.signal }))).name, "AbortError");
    equal(await api(env, { timeout: 5000 }).get("late/20").json(), { late: 20 });
  },
  "instances that extend each other": async ({ env }) => {
    const base = api(env, { headers: { "x-one": "1", "x-two": "2" } });
    const more = base.extend({ headers: { "x-two": undefined, "x-three": "3" } });
    const { headers } = await more.get("echo").json();
    equal([headers["x-one"], headers["x-two"], headers["x-three"]], ["1", undefined, "3"]);
  },
  "progress of a download": async ({ env }) => {
    let last;
    await api(env).get("echo", { onDownloadProgress: (p) => (last = p) }).text();
    ok(last.transferredBytes > 10, JSON.stringify(last));
  },
  "redirects": async ({ env }) => {
    equal((await api(env).get("redirect").json()).url, "/echo");
    equal((await api(env, { throwHttpErrors: false }).get("redirect", { redirect: "manual" })).status, 302);
  },
});
