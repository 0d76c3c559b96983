// services: SELF=self#Main
// date: 2026-01-01
// Workers RPC before stubs were duplicated as parameters (2026-01-20): they are handed over.
import { RpcStub, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const log = [];
class Resource extends RpcTarget {
  constructor(name) {
    super();
    this.name = name;
  }
  use() {
    return `used ${this.name}`;
  }
  [Symbol.dispose]() {
    log.push(`disposed ${this.name}`);
  }
}
class Duplicable extends Resource {
  dup() {
    log.push(`dup ${this.name}`);
    return new Resource(`${this.name}'s copy`);
  }
}
class Host extends RpcTarget {
  constructor(ctx) {
    super();
    this.ctx = ctx;
  }
  resource(name) {
    return new Resource(name);
  }
  async use(stub) {
    return await stub.use();
  }
  ignore() {
    return "ignored";
  }
  dispose(stub) {
    stub[Symbol.dispose]();
    return "disposed there";
  }
  later(stub) {
    this.ctx.waitUntil(scheduler.wait(20).then(() => stub.use()).then((v) => log.push(`later: ${v}`), (e) => log.push(`later: ${e.message}`)));
    return "later";
  }
  echo(stub) {
    return stub;
  }
  takeLog() {
    return log.splice(0);
  }
}
export class Main extends WorkerEntrypoint {
  host() {
    return new Host(this.ctx);
  }
}
async function logOf(host, n) {
  const lines = [];
  for (let i = 0; i < (n ? 200 : 1) && (!n || lines.length < n); i++) {
    await scheduler.wait(n ? 5 : 60);
    lines.push(...(await host.takeLog()));
  }
  return lines;
}
const list = {
  "a stub as argument, used": async (host) => {
    const r = await host.resource("a");
    return [await host.use(r), await logOf(host, 1), await r.use().catch((e) => e)];
  },
  "a stub as argument, ignored": async (host) => {
    const r = await host.resource("a");
    return [await host.ignore(r), await logOf(host, 1), await r.use().catch((e) => e)];
  },
  "a stub as argument, disposed there": async (host) => {
    const r = await host.resource("a");
    return [await host.dispose(r), await logOf(host, 1), await r.use().catch((e) => e)];
  },
  "a stub as argument, used at once afterwards": async (host) => {
    const r = await host.resource("a");
    const p = host.use(r);
    const again = await r.use().catch((e) => e);
    return [await p, again, await logOf(host, 1)];
  },
  "a dup as argument": async (host) => {
    const r = await host.resource("a");
    const used = [await host.use(r.dup()), await logOf(host, 0), await r.use()];
    r[Symbol.dispose]();
    return [...used, await logOf(host, 1)];
  },
  "a stub as argument, kept": async (host) => {
    const r = await host.resource("a");
    return [await host.later(r), await logOf(host, 2)];
  },
  "a target as argument": async (host) => [await host.use(new Resource("mine")), await logOf(host, 1)],
  "a target with dup()": async (host) => [await host.use(new Duplicable("mine")), await logOf(host, 1), await logOf(host, 0)],
  "a target as argument twice": async (host) => {
    const r = new Resource("mine");
    return [await host.use(r), await logOf(host, 1), await host.use(r), await logOf(host, 1)];
  },
  "RpcStub as argument": async (host) => {
    const s = new RpcStub(new Resource("wrapped"));
    return [await host.use(s), await logOf(host, 1), await s.use().catch((e) => e)];
  },
  "an argument returned": async (host) => {
    const s = await host.echo(new Resource("returned"));
    const used = [await s.use(), await logOf(host, 0)];
    s[Symbol.dispose]();
    return [...used, await logOf(host, 1)];
  },
};
for (const [name, check] of Object.entries(list)) {
  list[name] = async ({ env }) => {
    using host = await env.SELF.host();
    return await check(host);
  };
}
export default checks(list);
