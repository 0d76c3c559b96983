// POST a text: it goes through the filters that plugins registered.
import { RpcTarget } from "cloudflare:workers";
import broken from "./plugins/broken.txt";
import endless from "./plugins/endless.txt";
import shout from "./plugins/shout.txt";
import smileys from "./plugins/smileys.txt";

const plugins = { smileys, shout, broken, endless };

// What a plugin can do with its host.
class Host extends RpcTarget {
  #filters = [];
  addFilter(filter) {
    this.#filters.push(filter.dup()); // else it would end with this call
  }
  forbiddenWords() {
    return ["SPAM"];
  }
  static async apply(host, text) {
    for (const filter of host.#filters) text = await filter(text);
    return text;
  }
}

function start(env, name) {
  const worker = env.LOADER.get(name, () => ({
    compatibilityDate: "2026-11-01",
    mainModule: "plugin.js",
    modules: { "plugin.js": plugins[name] },
    globalOutbound: null,
    limits: { cpuMs: 200, memoryMb: 32 },
  }));
  return worker.getEntrypoint();
}

export default {
  async fetch(request, env) {
    const leftOut = [];
    let text = await request.text();
    for (const name in plugins) {
      try {
        const host = new Host();
        await start(env, name).setup(host);
        text = await Host.apply(host, text);
      } catch (error) {
        leftOut.push(`${name}: ${error.message}`);
      }
    }
    return Response.json({ text, "left out": leftOut });
  },
};
