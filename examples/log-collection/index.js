// index.js: runs programs of tenants and collects what they log: for the host, by a tail, and for who sent the program,
// with the answer.
import { WorkerEntrypoint } from "cloudflare:workers";

const KEPT = 100; // lines of each tenant
const lines = new Map(); // tenant -> its last lines; a host that lives longer writes them elsewhere

const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const lineOf = ({ level, message }) => `${level}: ${message.map(text).join(" ")}`;

// Gets what happened in each event of a sandbox when it is over, however it ended. The tenant is in props, which only
// this Worker writes: no program can log in the name of another.
export class Collector extends WorkerEntrypoint {
  tail(events) {
    const { tenant } = this.ctx.props, all = lines.get(tenant) ?? [];
    for (const { logs, exceptions, outcome } of events) {
      for (const log of logs) all.push(lineOf(log));
      for (const { name, message } of exceptions) all.push(`exception: ${name}: ${message}`);
      all.push(`outcome: ${outcome}`);
    }
    lines.set(tenant, all.slice(-KEPT));
  }
}

function sandbox(env, ctx, tenant, program) {
  return env.LOADER.load({
    compatibilityDate: "2026-11-01",
    mainModule: "program.js",
    modules: { "program.js": program },
    globalOutbound: null,
    limits: { cpuMs: 50, memoryMb: 32 },
    tails: [ctx.exports.Collector({ props: { tenant } })],
    logs: "collect", // and the logs of a call are at its stub, when it has answered
  }).getEntrypoint();
}

export default {
  async fetch(request, env, ctx) {
    const [, tenant, what] = new URL(request.url).pathname.split("/");
    if (what === "logs") return new Response((lines.get(tenant) ?? []).join("\n"));
    const program = sandbox(env, ctx, tenant, await request.text());
    let answer;
    try {
      answer = await (await program.fetch("http://program/")).text();
    } catch (e) {
      answer = `${e.name}: ${e.message}`;
    }
    return Response.json({ answer, logs: program.logs().map(lineOf) });
  },
};
