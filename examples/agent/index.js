// POST a task: a program for it is written, runs in a sandbox with five tools, and its answer comes back.
import { WorkerEntrypoint } from "cloudflare:workers";
import { write } from "./model.js";

const shop = {
  tea: { stock: 10, soldPerDay: 4, price: 3 },
  rice: { stock: 10, soldPerDay: 2, price: 5 },
  soap: { stock: 90, soldPerDay: 1, price: 2 },
  wine: { stock: 2, soldPerDay: 3, price: 40 },
};
const TOOLS = ["items", "stock", "soldPerDay", "price", "order"];
const calls = new Map(); // run -> how many

// What a program may do. ctx.props is the host's word for whose program it is; no program can change it.
export class Tools extends WorkerEntrypoint {
  #count() {
    const { run } = this.ctx.props;
    if (!calls.has(run)) throw new Error("this run is over");
    calls.set(run, calls.get(run) + 1);
  }
  #item(name) {
    this.#count();
    if (!Object.hasOwn(shop, name)) throw new Error(`there is no ${name}`);
    return shop[name];
  }
  items() {
    this.#count();
    return Object.keys(shop);
  }
  stock(name) {
    return this.#item(name).stock;
  }
  soldPerDay(name) {
    return this.#item(name).soldPerDay;
  }
  price(name) {
    return this.#item(name).price;
  }
  order(name, count) {
    this.#item(name);
    return count; // a real one would order
  }
}

export default {
  async fetch(request, env, ctx) {
    const program = await write(await request.text(), TOOLS);
    const run = crypto.randomUUID();
    calls.set(run, 0);
    try {
      const worker = env.LOADER.load({
        compatibilityDate: "2026-11-01",
        mainModule: "program.js",
        modules: { "program.js": program },
        env: { TOOLS: ctx.exports.Tools({ props: { run } }) },
        globalOutbound: null,
        limits: { cpuMs: 200, wallMs: 10000, memoryMb: 32 },
      });
      const answer = await worker.getEntrypoint().run();
      return Response.json({ answer, calls: calls.get(run) });
    } catch (error) {
      return Response.json({ error: `${error.name}: ${error.message}` }, { status: 500 });
    } finally {
      calls.delete(run);
    }
  },
};
