// itty-router: routes, middleware, before and finally, cors, errors, JSON answers.
import { AutoRouter, cors, error, html, IttyRouter, json, Router, StatusError, status, text, withContent, withParams } from "itty-router";
import { equal, ok, program } from "../check.js";

const { preflight, corsify } = cors({ origin: ["https://a.example"], credentials: true });
const seen = [];
const router = AutoRouter({
  base: "/api",
  before: [preflight, (request) => void (request.user = request.headers.get("x-user"))],
  catch: (e) => error(e.status ?? 500, { caught: e.message }),
  missing: () => error(404, "nothing here"),
  finally: [corsify, (response) => (seen.push(response.status), response)],
});
router
  .get("/users/:id", ({ id, query }) => ({ id, query }))
  .get("/files/:path+", ({ path }) => path)
  .get("/picture.:ext?", ({ params }) => params)
  .get("/any/*", () => "wild")
  .post("/echo", withContent, ({ content }) => content)
  .get("/me", (r) => (r.user ? undefined : error(401)), ({ user }) => ({ user }))
  .get("/fails", () => { throw new StatusError(418, "teapot"); })
  .get("/breaks", () => nothing)
  .get("/html", () => html("<b>x</b>"))
  .get("/none", () => status(204));

const get = (path, init) => router.fetch(new Request(`http://host/api${path}`, init));
const body = async (path, init) => (await get(path, init)).json();

export default program({
  "parameters and queries": async () => {
    equal(await body("/users/7?a=1&a=2&b=x%20y"), { id: "7", query: { a: ["1", "2"], b: "x y" } });
    equal(await body("/files/a/b/c.txt"), "a/b/c.txt");
    equal(await body("/picture.png"), { ext: "png" });
    equal(await body("/any/thing/at/all"), "wild");
  },
  "bodies": async () => {
    equal(await body("/echo", { method: "POST", body: '{"a":[1]}', headers: { "content-type": "application/json" } }), { a: [1] });
    equal(await body("/echo", { method: "POST", body: "plain" }), "plain");
  },
  "middleware": async () => {
    equal((await get("/me")).status, 401);
    equal(await body("/me", { headers: { "x-user": "ada" } }), { user: "ada" });
  },
  "errors": async () => {
    const teapot = await get("/fails");
    equal([teapot.status, await teapot.json()], [418, { status: 418, caught: "teapot" }]);
    equal((await get("/breaks")).status, 500);
    const missing = await get("/missing");
    equal([missing.status, await missing.json()], [404, { status: 404, error: "nothing here" }]);
  },
  "cors": async () => {
    const answer = await get("/users/1", { headers: { origin: "https://a.example" } });
    equal(answer.headers.get("access-control-allow-origin"), "https://a.example");
    const asked = await get("/users/1", {
      method: "OPTIONS",
      headers: { origin: "https://a.example", "access-control-request-method": "GET" },
    });
    equal([asked.status, asked.headers.get("access-control-allow-credentials")], [204, "true"]);
  },
  "kinds of answers": async () => {
    const page = await get("/html");
    ok(page.headers.get("content-type").startsWith("text/html"));
    equal(await page.text(), "<b>x</b>");
    equal((await get("/none")).status, 204);
    equal(await text("t").text(), "t");
    equal(await json([1], { status: 202 }).json(), [1]);
    ok(seen.includes(204) && seen.includes(418));
  },
  "the small routers": async () => {
    const small = IttyRouter().get("/:a/:b?", ({ params }) => json(params)).all("*", () => error(404));
    equal(await (await small.fetch(new Request("http://h/x"))).json(), { a: "x" });
    const plain = Router().get("/p/:q", withParams, ({ q }, extra) => new Response(q + extra));
    equal(await (await plain.fetch(new Request("http://h/p/v"), "!")).text(), "v!");
  },
});
