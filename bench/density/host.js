// host.js: keeps many small Workers by name, and calls one of them.
const SNIPPET = `
let calls = 0;
export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url);
    const list = [...searchParams].map(([name, value]) => name + env.separator + value);
    return Response.json({ calls: ++calls, list });
  },
};`;
const code = () => ({ compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": SNIPPET },
  env: { separator: "=" }, globalOutbound: null });
const call = async (env, i) =>
  await (await env.LOADER.get(`tenant-${i}`, code).getEntrypoint().fetch(`http://worker/?i=${i}`)).json();

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const n = Number(searchParams.get("n"));
    if (pathname === "/call") return Response.json(await call(env, n));
    const from = Number(searchParams.get("from"));
    for (let i = from; i < from + n; i += 50)
      await Promise.all(Array.from({ length: Math.min(50, from + n - i) }, (_, k) => call(env, i + k)));
    return Response.json((await env.LOADER.list()).length);
  },
};
