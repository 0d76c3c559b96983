// checks.js: what a conformance script is made with. A script is a Worker:
//
//     import { checks } from "../checks.js";
//     export default checks([ () => new URL("http://a/").href, ... ]);          // the line is named by its source
//     export default checks({ "what is shown": async ({ request, env, ctx }) => ..., ... });
//
// It answers with one line for each check: "name = value", or "name throws Name: message". A value is shown as JSON
// where it has some, so that undefined, -0, NaN, bytes and classes can be told apart. With { messages: false } after
// the list an error is only named: for scripts about the engine, whose words for its own errors are its own.
//
// export default logged([...]) is about the log: a check gives console.log() the list of arguments that it returns, or
// writes to console itself and returns nothing. Its line is "name = what debug(), info() and log() wrote ! what warn()
// and error() wrote", which the runner puts together: here the log only gets a mark before each check.

function show(value) {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "symbol") return value.toString();
  if (value instanceof ArrayBuffer) return `ArrayBuffer [${new Uint8Array(value)}]`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return `${value.constructor.name} [${value}]`;
  if (value instanceof Error || value instanceof DOMException) return `${value.name}: ${value.message}`;
  if (Array.isArray(value)) return `[${Array.from(value, show).join(",")}]`;
  const prototype = value !== null && typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (prototype === Object.prototype || prototype === null) {
    return `{${Object.keys(value).map((key) => `${JSON.stringify(key)}:${show(value[key])}`).join(",")}}`;
  }
  return String(value);
}

async function line(name, check, argument, messages) {
  let result;
  try {
    result = `= ${show(await check(argument))}`;
  } catch (e) {
    result = messages ? `throws ${e?.name}: ${e?.message ?? show(e)}` : `throws ${e?.name ?? show(e)}`;
  }
  return `${name} ${result}`.replaceAll("\r", "\\r").replaceAll("\n", "\\n");
}

export function checks(list, { messages = true } = {}) {
  const named = Array.isArray(list)
    ? list.map((check) => [check.toString().replace(/^(async )?\([^)]*\) => /, ""), check])
    : Object.entries(list);
  return {
    async fetch(request, env, ctx) {
      const lines = [];
      for (const [name, check] of named) lines.push(await line(name, check, { request, env, ctx }, messages));
      return new Response(lines.join("\n") + "\n");
    },
  };
}

async function logOne(name, check, argument) {
  try {
    const args = await check(argument);
    if (args !== undefined) console.log(...args);
    return name;
  } catch (e) {
    return `${name} throws ${e?.name}: ${e?.message ?? show(e)}`;
  }
}

function mark(name) {
  console.log(`==== ${name} ====`);
  console.error(`==== ${name} ====`);
}

export function logged(list) {
  return {
    async fetch(request, env, ctx) {
      const lines = [];
      for (let i = 0; i < list.length; i++) {
        mark(i);
        const name = list[i].toString().replace(/^(async )?\([^)]*\) => /, "").replaceAll("\n", "\\n");
        lines.push(await logOne(name, list[i], { request, env, ctx }));
      }
      mark("end");
      return new Response(lines.join("\n") + "\n");
    },
  };
}
