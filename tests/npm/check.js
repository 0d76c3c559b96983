// check.js: what the programs of tests/npm/workers are made with. One is a Worker that uses a package for real:
//
//     import { program, equal } from "../check.js";
//     export default program({ "what is shown": async ({ env, request }) => equal(got, wanted), ... });
//
// A test passes unless it throws. The answer is JSON: a list of { name, error }, error null when it passed.

export const fail = (message) => {
  throw new Error(message);
};

const show = (v) => {
  try {
    return JSON.stringify(v, (_, x) => (typeof x === "bigint" ? `${x}n` : x === undefined ? "(undefined)" : x)) ?? String(v);
  } catch {
    return String(v);
  }
};

const isObject = (v) => v !== null && typeof v === "object";

function same(a, b) {
  if (Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (a instanceof Date || b instanceof Date) return a instanceof Date && b instanceof Date && Object.is(+a, +b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (a instanceof Map || a instanceof Set) return b?.constructor === a.constructor && same([...a], [...b]);
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/** Deep equality of plain data. */
export function equal(got, wanted) {
  if (!same(got, wanted)) fail(`got ${show(got)}, wanted ${show(wanted)}`);
}

export function ok(value, what = "not true") {
  if (!value) fail(what);
}

/** What f throws, or its promise rejects with. */
export async function thrown(f) {
  try {
    await f();
  } catch (e) {
    return e;
  }
  fail("did not throw");
}

// A test that hangs fails by itself, and the others still run.
const inTime = (promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("took longer than ten seconds")), 10000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

export function program(tests) {
  return {
    async fetch(request, env) {
      const results = [];
      for (const [name, test] of Object.entries(tests)) {
        let error = null;
        try {
          await inTime(test({ env, request }));
        } catch (e) {
          error = `${e?.name}: ${e?.message}\n${e?.stack ?? ""}`;
        }
        results.push({ name, error });
      }
      return Response.json(results);
    },
  };
}
