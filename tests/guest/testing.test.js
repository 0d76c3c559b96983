// What a test is given, as workerd's own runner gives it.
import assert from "node:assert";
import { WorkerEntrypoint } from "cloudflare:workers";

let waited = 0;

export default {
  test(controller, env, ctx) {
    assert.strictEqual(arguments.length, 3);
    assert.strictEqual(Object.prototype.toString.call(controller), "[object TestController]");
    assert.throws(() => new controller.constructor(), { name: "TypeError", message: "Illegal constructor" });
    assert.strictEqual(typeof TestController, "undefined");
    assert.deepStrictEqual([env.NUMBER, env.TEXT, ctx.props], [5, "five", {}]);
    assert.deepStrictEqual(Object.keys(env), ["NUMBER", "TEXT", "LOADER"]);
    assert.ok("fetches" in ctx.exports);
  },
};

export const this_is_the_export = {
  test() {
    assert.strictEqual(this, this_is_the_export);
  },
};

export const inherited = Object.create({ test() {} });

export const waits = {
  test(controller, env, ctx) {
    ctx.waitUntil(scheduler.wait(5).then(() => waited++));
    return { ignored: true };
  },
};

export const waits_are_over = {
  test() {
    assert.strictEqual(waited, 1, "one test after the other, in one isolate");
  },
};

export const unhandled_rejection_is_no_failure = {
  test() {
    Promise.reject(new Error("nobody handles this"));
  },
};

export const fetches = {
  fetch: (request) => new Response(request.url),
  async test(controller, env, ctx) {
    assert.strictEqual(await (await ctx.exports.fetches.fetch("http://x/y")).text(), "http://x/y");
  },
};

export class Class extends WorkerEntrypoint {
  test(controller, env, ctx) {
    assert.deepStrictEqual([env, ctx, arguments.length], [undefined, undefined, 3]);
    assert.deepStrictEqual([this.env.NUMBER, this.ctx.props], [5, {}]);
  }
}
export class Derived extends Class {}

// None of these is a test.
export class Plain {
  test() {
    throw new Error("not an entrypoint");
  }
}
export class Instance extends WorkerEntrypoint {
  constructor(...given) {
    super(...given);
    this.test = () => {
      throw new Error("not of the prototype");
    };
  }
}
export function callable() {}
callable.test = Plain.prototype.test;
