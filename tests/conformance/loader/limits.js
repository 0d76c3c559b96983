// The limits of WorkerCode and of getEntrypoint(): which values are taken.
import { checks } from "../checks.js";

const base = { compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": `export default { fetch() { return new Response("ran"); } };` } };
const values = { undefined: undefined, null: null, "5": 5, "0": 0, "-0": -0, "0.5": 0.5, "1.5": 1.5, "-1": -1, "-0.5": -0.5, NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity,
  "2^31": 2 ** 31, "2^32-1": 2 ** 32 - 1, "2^32": 2 ** 32, "2^53": 2 ** 53, "1e300": 1e300, "a text with a number": "5", "a text": "x", "an empty text": "", true: true, false: false,
  "an object": {}, "an array": [7], "an object with a value": { valueOf: () => 9 }, "a bigint": 5n, "a symbol": Symbol("s"), "a Date": new Date(100), "it throws": { valueOf() { throw new RangeError("mine"); } } };
const run = async (worker) => await (await worker.fetch("http://x/")).text();
const list = {};
for (const key of ["cpuMs", "subRequests"]) {
  for (const [name, value] of Object.entries(values)) {
    list[`load: ${key}: ${name}`] = ({ env }) => (env.LOADER.load({ ...base, limits: { [key]: value } }), "taken");
    list[`getEntrypoint: ${key}: ${name}`] = ({ env }) => (env.LOADER.load(base).getEntrypoint(null, { limits: { [key]: value } }), "taken");
  }
}
const whole = { undefined: undefined, null: null, "a number": 5, "a text": "x", true: true, "a function": () => 1, "an array": [], "an empty object": {}, "a symbol": Symbol("s"), "a null prototype": { __proto__: null }, unknown: { unknown: -1 } };
for (const [name, limits] of Object.entries(whole)) {
  list[`load: limits: ${name}`] = ({ env }) => run(env.LOADER.load({ ...base, limits }).getEntrypoint());
  list[`getEntrypoint: limits: ${name}`] = ({ env }) => run(env.LOADER.load(base).getEntrypoint(null, { limits }));
}
list["which are read, in which order"] = ({ env }) => {
  const read = [];
  const limits = new Proxy({}, { get: (_, key) => { read.push(String(key)); } });
  env.LOADER.load({ ...base, limits });
  return read.filter((key) => !["wallMs", "memoryMb"].includes(key)); // Mayfly's own
};

export default checks(list);
