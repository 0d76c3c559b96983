// rpc.js: calls from a dynamic Worker to its host Worker: one after the other, many in flight, and large values.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";

class Calculator extends RpcTarget {
  add(a, b) {
    return a + b;
  }
}

export class Host extends WorkerEntrypoint {
  add(a, b) {
    return a + b;
  }
  calculator() {
    return new Calculator();
  }
  echo(value) {
    return value;
  }
}

const CALLER = `import { WorkerEntrypoint } from "cloudflare:workers";
async function calls(target, n, inFlight) {
  for (let i = 0; i < n; i += inFlight) {
    const promises = [];
    for (let k = 0; k < inFlight; k++) promises.push(target.add(i, k));
    await Promise.all(promises);
  }
}
export default class extends WorkerEntrypoint {
  // on the service stub: each call a session of its own
  async service(n, inFlight) {
    await calls(this.env.HOST, n, inFlight);
  }
  // on an object that it gave
  async held(n, inFlight) {
    using calculator = await this.env.HOST.calculator();
    await calls(calculator, n, inFlight);
  }
  async echo(n) {
    const megabyte = new Uint8Array(1 << 20);
    for (let i = 0; i < n; i++) await this.env.HOST.echo(megabyte);
  }
}`;

export async function rpc(env, ctx, url) {
  const { searchParams } = new URL(url);
  const stub = env.LOADER.load({
    compatibilityDate: "2026-11-01",
    mainModule: "caller.js",
    modules: { "caller.js": CALLER },
    env: { HOST: ctx.exports.Host({}) },
    globalOutbound: null,
  });
  await stub.getEntrypoint()[searchParams.get("what")](Number(searchParams.get("n")), Number(searchParams.get("in_flight")));
  return new Response("done\n");
}
