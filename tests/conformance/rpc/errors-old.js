// services: SELF=self#Main
// date: 2026-04-01
// Workers RPC before own properties of errors were sent (2026-04-21).
import { WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

class Mine extends RangeError {
  name = "Mine";
  code = 42;
}

export class Main extends WorkerEntrypoint {
  fail() {
    throw new Mine("m");
  }
  cause() {
    throw new Error("outer", { cause: new Error("inner") });
  }
  aggregate() {
    throw new AggregateError([new Error("a")], "several");
  }
  text() {
    throw "text";
  }
  retryable() {
    throw Object.assign(new Error("m"), { retryable: true, code: 1 });
  }
  dom() {
    throw new DOMException("m", "AbortError");
  }
  give() {
    return Object.assign(new TypeError("m"), { code: 1 });
  }
}

const keys = (e) => [e.constructor.name, e.name, e.message, Object.keys(e).sort(), e.code, e.remote];

export default checks([
  async ({ env }) => await env.SELF.fail().catch(keys),
  async ({ env }) => await env.SELF.cause().catch((e) => [e.message, Object.hasOwn(e, "cause"), e.cause?.message]),
  async ({ env }) => await env.SELF.aggregate().catch((e) => [e.constructor.name, e.message, e.errors?.length]),
  async ({ env }) => await env.SELF.text().catch((e) => [typeof e, e?.message ?? e]),
  async ({ env }) => await env.SELF.retryable().catch((e) => [...keys(e), e.retryable]),
  async ({ env }) => await env.SELF.dom().catch((e) => [e instanceof DOMException, e.name, e.message, e.code, e.remote]),
  async ({ env }) => keys(await env.SELF.give()),
]);
