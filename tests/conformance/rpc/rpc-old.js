// services: SELF=self#Main, WHOLE=self
// date: 2024-01-01
// Service bindings before they had RPC (2024-04-03), and while they had get(), put() and delete() (2024-03-26).
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

class Target extends RpcTarget {
  method() {
    return "method";
  }
}
export class Main extends WorkerEntrypoint {
  one() {
    return 1;
  }
  target() {
    return new Target();
  }
  func() {
    return () => "called";
  }
  async fetch(request) {
    return new Response(`${request.method} ${request.url} ${await request.text()}`);
  }
}
const names = (o) => Object.getOwnPropertyNames(o).filter((name) => name !== "constructor").sort();

export default checks([
  ({ env }) => ["fetch", "get", "put", "delete", "one", "anything", "then"].map((name) => typeof env.SELF[name]),
  ({ env }) => names(Object.getPrototypeOf(env.SELF)),
  async ({ env }) => await env.SELF.one?.(),
  async ({ env }) => await env.SELF.target?.().method(),
  async ({ env }) => await env.SELF.func?.()(),
  async ({ env }) => await (await env.SELF.fetch("http://a/")).text(),
  async ({ env }) => await env.SELF.get("http://a/get"),
  async ({ env }) => await env.SELF.put("http://a/put", "body"),
  async ({ env }) => await env.SELF.delete("http://a/delete"),
]);
