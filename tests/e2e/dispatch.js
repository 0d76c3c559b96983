// dispatch.js: the host Worker of most end-to-end tests. The header x-load says what to load and how to call it; the
// request itself is passed on to the loaded Worker, and its response comes back as it is. An exception becomes JSON.

const calls = {}; // how often the callback of get() ran, by id

function code(spec) {
  const code = { globalOutbound: null, ...spec.code };
  if (spec.repeat) for (const name in code.modules) code.modules[name] += " ".repeat(spec.repeat);
  return code;
}

function stub(spec, env) {
  const loader = env[spec.loader ?? "LOADER"];
  if (spec.get === undefined) return loader.load(code(spec));
  return loader.get(spec.get, async () => {
    calls[spec.get] = (calls[spec.get] ?? 0) + 1;
    if (spec.pause) await new Promise((resolve) => setTimeout(resolve, spec.pause));
    if (spec.fail) throw new RangeError(spec.fail);
    return code(spec);
  });
}

const plain = (error) => ({ name: error?.name, message: error?.message, stack: error?.stack, text: String(error) });

async function many(spec, env) {
  const results = await Promise.allSettled(
    Array.from({ length: spec.many }, async (_, i) => {
      const one = { ...spec, get: spec.names ? `${spec.names}${i}` : spec.get };
      const response = await stub(one, env).getEntrypoint().fetch("http://many/" + i);
      return response.text();
    }),
  );
  return Response.json(results.map((r) => (r.status === "fulfilled" ? { value: r.value } : { error: plain(r.reason) })));
}

export default {
  async fetch(request, env) {
    const header = request.headers.get("x-load");
    if (!header) return Response.json({ calls });
    const spec = JSON.parse(decodeURIComponent(header));
    try {
      if (spec.many) return await many(spec, env);
      const headers = new Headers(request.headers);
      headers.delete("x-load");
      const inner = new Request(request, { headers });
      return await stub(spec, env).getEntrypoint(spec.entrypoint, spec.options).fetch(inner);
    } catch (error) {
      return Response.json(plain(error), { status: 500, headers: { "x-thrown": "1" } });
    }
  },
};
