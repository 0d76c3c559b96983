// @anthropic-ai/sdk: messages with and without streams, tools, paging, errors, retries, time limits and aborts, against
// a local server that answers as Anthropic's does.
import Anthropic, { APIConnectionTimeoutError, APIUserAbortError, AuthenticationError, BadRequestError } from "@anthropic-ai/sdk";
import { equal, ok, program, thrown } from "../check.js";

const client = (env, more) => new Anthropic({ apiKey: "sk-ant-test", baseURL: `${env.UPSTREAM}/anthropic`, maxRetries: 0, ...more });
const ask = { model: "claude-test", max_tokens: 100, messages: [{ role: "user", content: "Say hello" }] };
const as = (user) => ({ ...ask, metadata: { user_id: user } });
const TEXT = "Hello wörld 😀";
const tools = [{ name: "weather", description: "w", input_schema: { type: "object", properties: { city: { type: "string" } } } }];
const gone = async (env) => (await (await fetch(`${env.UPSTREAM}/gone`)).json()).gone;

// The server sees that its reader has left a little later than the reader leaves.
async function leaves(env, f) {
  const before = await gone(env);
  const result = await f();
  for (let i = 0; i < 200 && (await gone(env)) === before; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  ok((await gone(env)) > before, "the server was not told");
  return result;
}

export default program({
  "a message": async ({ env }) => {
    const { data, response, request_id } = await client(env).messages.create(ask).withResponse();
    equal([data.content[0].text, data.stop_reason, data.usage.output_tokens], [TEXT, "end_turn", 7]);
    equal([response.status, request_id], [200, "req_1"]);
  },
  "a stream of raw events": async ({ env }) => {
    const types = [];
    for await (const event of await client(env).messages.create({ ...ask, stream: true })) types.push(event.type);
    equal([types[0], types.at(-1), types.filter((t) => t === "content_block_delta").length], ["message_start", "message_stop", 4]);
  },
  "a stream with helpers": async ({ env }) => {
    const parts = [], kinds = [];
    const stream = client(env).messages.stream(ask).on("text", (delta) => parts.push(delta)).on("streamEvent", (e) => kinds.push(e.type));
    const final = await stream.finalMessage();
    equal([parts.join(""), await stream.finalText(), final.stop_reason, final.usage.output_tokens], [TEXT, TEXT, "end_turn", 7]);
    ok(kinds.includes("message_delta"));
  },
  "tool use, streamed, and its answer": async ({ env }) => {
    const partial = [];
    const stream = client(env).messages.stream({ ...ask, tools }).on("inputJson", (delta, snapshot) => partial.push(snapshot));
    const { content, stop_reason } = await stream.finalMessage();
    equal([stop_reason, content[1].name, content[1].input], ["tool_use", "weather", { city: "Zürich", days: [1, 2] }]);
    ok(partial.length >= 3);
    const next = await client(env).messages.create({
      ...ask, tools,
      messages: [...ask.messages, { role: "assistant", content }, { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "sunny" }] }],
    });
    equal(next.content[0].text, "It is sunny.");
  },
  "a stream as bytes for a client": async ({ env }) => {
    const stream = client(env).messages.stream(ask);
    const lines = (await new Response(stream.toReadableStream()).text()).trim().split("\n").map((line) => JSON.parse(line));
    equal(lines.filter((e) => e.type === "content_block_delta").map((e) => e.delta.text).join(""), TEXT);
  },
  "token counts, and pages of models": async ({ env }) => {
    ok((await client(env).messages.countTokens({ model: "m", messages: ask.messages })).input_tokens > 10);
    const names = [];
    for await (const model of client(env).models.list()) names.push(model.id);
    equal(names, ["claude-a", "claude-b", "claude-c"]);
  },
  "errors have classes": async ({ env }) => {
    const e = await thrown(() => client(env, { apiKey: "wrong" }).messages.create(ask));
    ok(e instanceof AuthenticationError && e instanceof Anthropic.APIError);
    equal([e.status, e.requestID, e.error.error.type], [401, "req_401", "authentication_error"]);
    const bad = await thrown(() => client(env).messages.create({ ...ask, max_tokens: 2000 }));
    ok(bad instanceof BadRequestError && bad.message.includes("too large"), bad.message);
  },
  "an error in the middle of a stream": async ({ env }) => {
    const stream = await client(env).messages.create({ ...as("broken"), stream: true });
    const e = await thrown(async () => { for await (const _ of stream); });
    ok(e instanceof Anthropic.APIError && e.message.includes("Overloaded"), `${e.name}: ${e.message}`);
  },
  "retries": async ({ env }) => {
    equal((await client(env, { maxRetries: 3 }).messages.create(as("flaky-2"))).content[0].text, TEXT);
    equal((await thrown(() => client(env, { maxRetries: 1 }).messages.create(as("flaky-5")))).status, 529);
  },
  "a time limit": async ({ env }) => {
    ok((await thrown(() => client(env, { timeout: 50 }).messages.create(as("slow")))) instanceof APIConnectionTimeoutError);
  },
  "an abort before the answer": async ({ env }) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const e = await leaves(env, () => thrown(() => client(env).messages.create(as("slow"), { signal: controller.signal })));
    ok(e instanceof APIUserAbortError, e.name);
  },
  "an abort in the middle of a stream": async ({ env }) => {
    const stream = client(env).messages.stream(as("endless"));
    let count = 0;
    const e = await leaves(env, () => thrown(async () => {
      for await (const _ of stream) if (++count === 5) stream.abort();
    }));
    ok(e instanceof APIUserAbortError && stream.aborted, e.name);
  },
});
