// hono: an application with routes, middleware, validation, cookies, errors, streams and a mounted second one.
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { bearerAuth } from "hono/bearer-auth";
import { bodyLimit } from "hono/body-limit";
import { getCookie, setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { createMiddleware } from "hono/factory";
import { html } from "hono/html";
import { HTTPException } from "hono/http-exception";
import { logger } from "hono/logger";
import { prettyJSON } from "hono/pretty-json";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { stream, streamSSE, streamText } from "hono/streaming";
import { timing } from "hono/timing";
import { validator } from "hono/validator";
import { equal, ok, program } from "../check.js";

const lines = [];
const timed = createMiddleware(async (c, next) => {
  c.set("who", c.req.header("x-who") ?? "nobody");
  await next();
  c.header("x-after", `${c.res.status}`);
});

const api = new Hono().basePath("/v1");
api.get("/items/:id{[0-9]+}", (c) => c.json({ id: Number(c.req.param("id")), q: c.req.queries("q") ?? [] }));
api.post(
  "/items",
  validator("json", (value, c) => (typeof value.name === "string" ? value : c.json({ error: "name" }, 422))),
  (c) => c.json(c.req.valid("json"), 201),
);

const app = new Hono();
app.use(logger((line) => lines.push(line)));
app.use("/api/*", cors({ origin: ["https://a.example"], allowMethods: ["GET", "POST"], maxAge: 60, credentials: true }));
app.use("/private/*", basicAuth({ username: "user", password: "pass:word" }));
app.use("/bearer/*", bearerAuth({ token: "secret" }));
app.use("/small", bodyLimit({ maxSize: 10, onError: (c) => c.text("too large", 413) }));
app.use("/etag", etag());
app.use("/safe", secureHeaders(), requestId(), timing());
app.use("/pretty", prettyJSON());
app.route("/api", api);
app.get("/", (c) => c.text("root"));
app.get("/who", timed, (c) => c.text(c.get("who")));
app.get("/private/page", (c) => c.text("in"));
app.get("/bearer/page", (c) => c.text("in"));
app.post("/small", async (c) => c.text(await c.req.text()));
app.get("/etag", (c) => c.text("same every time"));
app.get("/safe", (c) => c.body(null, 204));
app.get("/pretty", (c) => c.json({ a: [1] }));
app.get("/files/*", (c) => c.text(c.req.path));
app.get("/optional/:a?", (c) => c.json(c.req.param()));
app.get("/go", (c) => c.redirect("/there", 307));
app.get("/html", (c) => c.html(html`<p>${"<escaped> & \"quoted\""}</p>`));
app.get("/cookie", (c) => {
  setCookie(c, "session", "a b", { httpOnly: true, path: "/", maxAge: 60, sameSite: "Lax" });
  return c.json(getCookie(c));
});
app.post("/form", async (c) => {
  const body = await c.req.parseBody({ all: true });
  return c.json({ ...body, file: body.file && [body.file.name, body.file.type, await body.file.text()] });
});
app.get("/env", (c) => c.text(c.env.GREETING));
app.get("/fails", () => {
  throw new Error("broken");
});
app.get("/refuses", () => {
  throw new HTTPException(403, { message: "no entry" });
});
app.get("/stream", (c) => stream(c, async (s) => {
  for (let i = 0; i < 3; i++) await s.write(new Uint8Array([65 + i]));
}));
app.get("/text", (c) => streamText(c, async (s) => {
  await s.writeln("one");
  await s.sleep(5);
  await s.write("two");
}));
app.get("/sse", (c) => streamSSE(c, async (s) => {
  for (let i = 0; i < 2; i++) await s.writeSSE({ data: `n ${i}`, event: "tick", id: String(i) });
}));
app.notFound((c) => c.text(`nothing at ${c.req.path}`, 404));
app.onError((e, c) => (e instanceof HTTPException ? e.getResponse() : c.json({ error: e.message }, 500)));
app.mount("/mounted", (request) => new Response(`mounted ${new URL(request.url).pathname}`));

const get = (path, init) => app.request(path, init, { GREETING: "hello" });
const text = async (path, init) => (await get(path, init)).text();
const json = async (path, init) => (await get(path, init)).json();
const post = (body, type) => ({ method: "POST", body, headers: type ? { "content-type": type } : {} });

export default program({
  "routes with parameters and queries": async () => {
    equal(await json("/api/v1/items/42?q=a&q=b%20c"), { id: 42, q: ["a", "b c"] });
    equal((await get("/api/v1/items/abc")).status, 404);
    equal(await json("/optional"), {});
    equal(await json("/optional/x%2Fy"), { a: "x/y" });
    equal(await text("/files/a/b"), "/files/a/b");
    equal(await text("/nowhere"), "nothing at /nowhere");
  },
  "middleware before and after": async () => {
    const response = await get("/who", { headers: { "x-who": "me" } });
    equal([await response.text(), response.headers.get("x-after")], ["me", "200"]);
    ok(lines.some((l) => l.includes("GET /who")), lines.join("\n"));
  },
  "cors": async () => {
    const preflight = await get("/api/v1/items/1", {
      method: "OPTIONS",
      headers: { origin: "https://a.example", "access-control-request-method": "GET", "access-control-request-headers": "x-a" },
    });
    equal(preflight.status, 204);
    equal(preflight.headers.get("access-control-allow-origin"), "https://a.example");
    equal(preflight.headers.get("access-control-max-age"), "60");
    equal(preflight.headers.get("access-control-allow-headers"), "x-a");
    const other = await get("/api/v1/items/1", { headers: { origin: "https://b.example" } });
    equal(other.headers.get("access-control-allow-origin"), null);
  },
  "basic and bearer authentication": async () => {
    const refused = await get("/private/page");
    equal([refused.status, refused.headers.get("www-authenticate")], [401, 'Basic realm="Secure Area"']);
    equal(await text("/private/page", { headers: { authorization: `Basic ${btoa("user:pass:word")}` } }), "in");
    equal((await get("/private/page", { headers: { authorization: `Basic ${btoa("user:wrong")}` } })).status, 401);
    equal(await text("/bearer/page", { headers: { authorization: "Bearer secret" } }), "in");
    equal((await get("/bearer/page", { headers: { authorization: "Bearer other" } })).status, 401);
  },
  "JSON bodies and validation": async () => {
    const made = await get("/api/v1/items", post('{"name":"é"}', "application/json"));
    equal([made.status, await made.json()], [201, { name: "é" }]);
    equal((await get("/api/v1/items", post('{"name":1}', "application/json"))).status, 422);
    equal((await get("/api/v1/items", post("{", "application/json"))).status, 400);
  },
  "forms and files": async () => {
    const form = new FormData();
    form.append("a", "1");
    form.append("a", "2");
    form.append("file", new File(["content"], "ü.txt", { type: "text/plain" }));
    equal(await json("/form", post(form)), { a: ["1", "2"], file: ["ü.txt", "text/plain", "content"] });
    equal(await json("/form", post(new URLSearchParams({ a: "b c", d: "&" }))), { a: "b c", d: "&" });
  },
  "body limit": async () => {
    equal(await text("/small", post("tiny")), "tiny");
    equal((await get("/small", post("much too large"))).status, 413);
  },
  "etag": async () => {
    const first = await get("/etag");
    const tag = first.headers.get("etag");
    ok(/^(W\/)?"[0-9a-f]+"$/.test(tag), tag);
    const second = await get("/etag", { headers: { "if-none-match": tag } });
    equal([second.status, await second.text()], [304, ""]);
  },
  "headers that middleware adds": async () => {
    const { headers } = await get("/safe");
    equal(headers.get("x-content-type-options"), "nosniff");
    ok(/^[0-9a-f-]{36}$/.test(headers.get("x-request-id")));
    ok(headers.has("server-timing"));
  },
  "pretty JSON, HTML, redirects, cookies, env": async () => {
    equal(await text("/pretty?pretty"), '{\n  "a": [\n    1\n  ]\n}');
    equal(await text("/html"), "<p>&lt;escaped&gt; &amp; &quot;quoted&quot;</p>");
    const go = await get("/go");
    equal([go.status, go.headers.get("location")], [307, "/there"]);
    const cookie = await get("/cookie", { headers: { cookie: "x=1; y=%C3%BC" } });
    equal(await cookie.json(), { x: "1", y: "ü" });
    equal(cookie.headers.getSetCookie(), ["session=a%20b; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"]);
    equal(await text("/env"), "hello");
  },
  "errors": async () => {
    const failed = await get("/fails");
    equal([failed.status, await failed.json()], [500, { error: "broken" }]);
    const refused = await get("/refuses");
    equal([refused.status, await refused.text()], [403, "no entry"]);
  },
  "streams": async () => {
    equal(await text("/stream"), "ABC");
    equal(await text("/text"), "one\ntwo");
    const sse = await get("/sse");
    equal(sse.headers.get("content-type"), "text/event-stream");
    equal(await sse.text(), "event: tick\ndata: n 0\nid: 0\n\nevent: tick\ndata: n 1\nid: 1\n\n");
  },
  "a mounted application, HEAD, app.fetch": async () => {
    equal(await text("/mounted/x/y"), "mounted /x/y");
    const head = await get("/", { method: "HEAD" });
    equal([head.status, await head.text()], [200, ""]);
    const direct = await app.fetch(new Request("http://host/who"), {}, { waitUntil() {}, passThroughOnException() {} });
    equal(await direct.text(), "nobody");
  },
});
