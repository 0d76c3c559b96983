// services: SELF=self#Main, PEER=peer#Main
// flags: nodejs_als
// Workers RPC: AsyncLocalStorage over calls: it does not travel, and comes back as it was.
import { AsyncLocalStorage } from "node:async_hooks";
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const storage = new AsyncLocalStorage();
class Target extends RpcTarget {
  made = storage.getStore();
  store() {
    return [storage.getStore(), this.made];
  }
  get property() {
    return String(storage.getStore());
  }
  [Symbol.dispose]() {
    disposed = storage.getStore() ?? "no store";
  }
}
let disposed;

export class Main extends WorkerEntrypoint {
  store() {
    return storage.getStore();
  }
  async call(f) {
    return await storage.run("callee", f);
  }
  target() {
    return storage.run("callee", () => new Target());
  }
  func() {
    return storage.run("callee", () => () => storage.getStore());
  }
  disposing() {
    return { target: new Target(), disposed: () => disposed };
  }
  waitUntil() {
    let seen;
    storage.run("waiting", () => this.ctx.waitUntil(scheduler.wait(5).then(() => (seen = storage.getStore()))));
    return () => seen;
  }
  async use(target) {
    return await storage.run("callee", () => target.store());
  }
}

export default checks([
  async ({ env }) => await storage.run("caller", async () => [await env.SELF.store(), storage.getStore()]),
  async ({ env }) => await storage.run("caller", async () => [await env.PEER.store(), storage.getStore()]),
  async ({ env }) => await storage.run("caller", () => env.SELF.store().then(() => storage.getStore())),
  async ({ env }) => { const p = storage.run("made", () => env.SELF.store()); return await storage.run("used", () => p.then(() => storage.getStore())); },
  async ({ env }) => await storage.run("caller", () => env.SELF.absent().catch(() => storage.getStore())),
  async ({ env }) => await storage.run("caller", () => env.SELF.call(() => storage.getStore())),
  async ({ env }) => await storage.run("caller", () => env.PEER.call(() => storage.getStore())),
  async ({ env }) => { const f = storage.run("made", () => () => storage.getStore()); return await storage.run("sent", () => env.SELF.call(f)); },
  async ({ env }) => await env.SELF.call(() => storage.getStore()),
  async ({ env }) => { using t = await env.SELF.target(); return await storage.run("caller", () => t.store()); },
  async ({ env }) => { using t = await env.SELF.target(); return await storage.run("caller", async () => await t.property); },
  async ({ env }) => { using f = await env.SELF.func(); return await storage.run("caller", () => f()); },
  async ({ env }) => { using o = await env.SELF.disposing(); storage.run("disposer", () => o.target[Symbol.dispose]()); await scheduler.wait(20); return await o.disposed(); },
  async ({ env }) => { using f = await env.SELF.waitUntil(); await scheduler.wait(30); return await f(); },
  async ({ env }) => { const t = storage.run("made", () => new Target()); return await storage.run("sent", () => env.SELF.use(t)); },
  async ({ env }) => await storage.run("caller", async () => { const r = []; for (let i = 0; i < 3; i++) { await env.SELF.store(); r.push(storage.getStore()); } return r; }),
]);
