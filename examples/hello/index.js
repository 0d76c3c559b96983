// POST a program, and it runs: in a sandbox of its own that has never existed before and is thrown away afterwards.
// The program is a Worker: a module that exports an object with fetch(). It gets what is listed below and nothing
// else: no network, no files, no clock to measure others with, 100 ms of processor time, 32 MB of memory.

const usage = `POST the source of a Worker and it runs, for example

  curl --data-binary 'export default { fetch() { return new Response("hello") } }' THIS_ADDRESS

It may import { isPrime } from "./math.js", and finds a greeting in env.GREETING.
`;

const math = `
export function isPrime(n) {
  if (n < 2) return false;
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
  return true;
}`;

export default {
  async fetch(request, env) {
    if (request.method !== "POST") return new Response(usage);
    try {
      const worker = env.LOADER.load({
        compatibilityDate: "2026-11-01",
        mainModule: "program.js",
        modules: { "program.js": await request.text(), "math.js": math },
        env: { GREETING: "hello" },
        globalOutbound: null,
        limits: { cpuMs: 100, memoryMb: 32 },
      });
      return await worker.getEntrypoint().fetch(request.url);
    } catch (error) {
      return new Response(`${error.name}: ${error.message}\n`, { status: 500 });
    }
  },
};
