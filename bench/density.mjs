// density.mjs: how many kept Workers a machine holds, what each takes, and whether calls to any of them stay fast.
// usage: density.mjs [WORKERS]; without it 100,000, or as many as four fifths of the free memory take.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { get, HERE, median, memory, sleep, start, stop, timed } from "./servers.mjs";

const EACH_KB = 200; // expected, rounded up
const BATCH = 2000;
const CALLS = 3000;
const IDLE_MS = 5000; // after this isolates have given back what they do not need

const free = Number(/MemAvailable:\s+(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))[1]);
const WORKERS = Number(process.argv[2] ?? 0) || Math.min(100_000, Math.floor((0.8 * free) / EACH_KB / BATCH) * BATCH);

const server = await start("mayfly", join(HERE, "density"));
const random = () => Math.floor(Math.random() * WORKERS);

async function latencies(which) {
  const list = [];
  for (let i = 0; i < CALLS; i++) list.push(await timed(() => get(server, `/call?n=${which()}`)));
  list.sort((a, b) => a - b);
  return { p50: median(list), p99: list[Math.floor(0.99 * CALLS)] };
}

await get(server, "/fill?from=0&n=50");
const alone = await latencies(() => 7);
const before = memory(server, "Private_Dirty");
let filled = 50, here = 0;
const us = await timed(async () => {
  for (; filled < WORKERS; filled += BATCH)
    here = Number(await get(server, `/fill?from=${filled}&n=${Math.min(BATCH, WORKERS - filled)}`));
});
await sleep(IDLE_MS);
const kb = (memory(server, "Private_Dirty") - before) / (WORKERS - 50);
const among = await latencies(random);
await stop(server);

const line = (what, value) => console.log(`${what.padEnd(62)} ${value}`);
line("Workers kept at the end, of those made", `${here.toLocaleString("en")} of ${WORKERS.toLocaleString("en")}`);
line("to make one and call it, 50 at a time", `${(us / (WORKERS - 50)).toFixed(0)} us`);
line("private memory of each, idle", `${kb.toFixed(0)} kB`);
line("a call over HTTP to one of 50: median, p99", `${alone.p50.toFixed(0)}, ${alone.p99.toFixed(0)} us`);
line("a call to a random one of all: median, p99", `${among.p50.toFixed(0)}, ${among.p99.toFixed(0)} us`);
