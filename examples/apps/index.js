// PUT /TENANT deploys the body as a new version of that tenant's app; /TENANT/... is answered by its newest one.
import { WorkerEntrypoint } from "cloudflare:workers";

const apps = new Map(); // tenant -> { version, source }; a real host would keep them elsewhere
const stores = new Map(); // tenant -> Map

// What an app may keep. Whose it is stands in the props, which the host wrote.
export class Store extends WorkerEntrypoint {
  add(name) {
    const { tenant } = this.ctx.props;
    if (!stores.has(tenant)) stores.set(tenant, new Map());
    const store = stores.get(tenant);
    store.set(name, (store.get(name) ?? 0) + 1);
    return store.get(name);
  }
}

async function deploy(tenant, request) {
  const version = (apps.get(tenant)?.version ?? 0) + 1;
  apps.set(tenant, { version, source: await request.text() });
  return new Response(`${tenant}/${version}\n`, { status: 201 });
}

function appOf(tenant, env, ctx) {
  const { version, source } = apps.get(tenant);
  const worker = env.LOADER.get(`${tenant}/${version}`, () => ({
    compatibilityDate: "2026-11-01",
    mainModule: "app.js",
    modules: { "app.js": source },
    env: { STORE: ctx.exports.Store({ props: { tenant } }) },
    globalOutbound: null,
    limits: { cpuMs: 200, memoryMb: 32 },
  }));
  return worker.getEntrypoint(null, { props: { tenant, version } });
}

export default {
  async fetch(request, env, ctx) {
    const [, tenant, path] = /^\/([a-z0-9-]+)(\/.*)?$/.exec(new URL(request.url).pathname) ?? [];
    if (!tenant) return new Response("PUT /TENANT deploys an app; /TENANT/ asks it\n", { status: 404 });
    if (request.method === "PUT" && !path) return deploy(tenant, request);
    if (!apps.has(tenant)) return new Response(`${tenant} has no app\n`, { status: 404 });
    try {
      return await appOf(tenant, env, ctx).fetch(request);
    } catch (error) {
      return new Response(`${error.name}: ${error.message}\n`, { status: 502 });
    }
  },
};
