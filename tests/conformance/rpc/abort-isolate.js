// Workers RPC: abortIsolate() in a dynamic Worker: what its callers see, and that the next get() loads it again.
import { checks } from "../checks.js";

const CODE = `
import { WorkerEntrypoint, RpcTarget, abortIsolate } from "cloudflare:workers";
let calls = 0;
class Target extends RpcTarget {
  use() { return "used"; }
  async slow() { await scheduler.wait(1000); return "slow"; }
  abort() { abortIsolate("of a stub"); }
}
export default class extends WorkerEntrypoint {
  count() { return ++calls; }
  abort(reason) { abortIsolate(reason); }
  abortNothing() { abortIsolate(); }
  async abortLater() { await scheduler.wait(5); abortIsolate("later"); }
  async slow() { await scheduler.wait(1000); return "slow"; }
  target() { return new Target(); }
  catching() { try { abortIsolate("caught?"); } catch (e) { return "caught"; } finally { calls = 100; } }
}
`;
const code = { compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": CODE } };
let loads = 0;
const get = (env, name) => env.LOADER.get(name, () => (loads++, code)).getEntrypoint();
const short = (e) => (e instanceof Error ? `${e.name}: ${e.message.replace(/reference = .*/, "reference = ...")}` : e);

export default checks({
  "the caller": async ({ env }) => short(await get(env, "caller").abort("my reason").catch((e) => e)),
  "the caller, without a reason": async ({ env }) => short(await get(env, "nothing").abortNothing().catch((e) => e)),
  "the caller, later": async ({ env }) => short(await get(env, "later").abortLater().catch((e) => e)),
  "it cannot be caught": async ({ env }) => [short(await get(env, "catching").catching().catch((e) => e)), await get(env, "catching").count()],
  "the next get() loads again": async ({ env }) => {
    const before = [await get(env, "again").count(), await get(env, "again").count(), loads];
    await get(env, "again").abort("x").catch(() => {});
    return [before, await get(env, "again").count(), loads];
  },
  "other calls in flight": async ({ env }) => {
    const e = get(env, "others");
    const slow = e.slow().catch((e) => e);
    await e.count();
    await e.abort("x").catch(() => {});
    return short(await slow);
  },
  "a stub of it, afterwards": async ({ env }) => {
    const e = get(env, "stub");
    const s = await e.target();
    await e.abort("x").catch(() => {});
    return short(await s.use().catch((e) => e));
  },
  "a call of a stub in flight": async ({ env }) => {
    const e = get(env, "stub in flight");
    const s = await e.target();
    const slow = s.slow().catch((e) => e);
    await e.abort("x").catch(() => {});
    return short(await slow);
  },
  "in a method of a stub": async ({ env }) => short(await (await get(env, "in stub").target()).abort().catch((e) => e)),
  "the old entrypoint, afterwards": async ({ env }) => {
    const e = get(env, "entrypoint");
    await e.count();
    await e.abort("x").catch(() => {});
    return short(await e.count().catch((e) => e));
  },
});
