// openai: chat completions with and without streams, tools, structured output, responses, embeddings, files, errors,
// retries, time limits and aborts, against a local server that answers as OpenAI's does.
import OpenAI, { APIConnectionTimeoutError, APIUserAbortError, AuthenticationError, NotFoundError, toFile } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import * as z from "zod";
import { equal, ok, program, thrown } from "../check.js";

const client = (env, more) => new OpenAI({ apiKey: "sk-test", baseURL: `${env.UPSTREAM}/openai/v1`, maxRetries: 0, ...more });
const messages = [{ role: "user", content: "Say hello" }];
const ask = { model: "gpt-test", messages };
const TEXT = "Hello wörld 😀";
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }];
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
  "a completion": async ({ env }) => {
    const { data, response, request_id } = await client(env).chat.completions.create(ask).withResponse();
    equal([data.choices[0].message.content, data.usage.total_tokens], [TEXT, 7]);
    equal([response.status, request_id], [200, "req_1"]);
  },
  "a stream": async ({ env }) => {
    const parts = [];
    for await (const chunk of await client(env).chat.completions.create({ ...ask, stream: true })) parts.push(chunk.choices[0]?.delta.content ?? "");
    equal([parts.join(""), parts.length], [TEXT, 7]);
  },
  "a stream with events, and its final message": async ({ env }) => {
    const seen = [];
    const stream = client(env).chat.completions.stream({ ...ask, stream_options: { include_usage: true } }).on("content", (delta) => seen.push(delta));
    equal(await stream.finalContent(), TEXT);
    equal((await stream.totalUsage()).total_tokens, 7);
    equal(seen.join(""), TEXT);
  },
  "a stream as bytes for a client, and back": async ({ env }) => {
    const stream = await client(env).chat.completions.create({ ...ask, stream: true });
    const response = new Response(stream.toReadableStream());
    const lines = (await response.text()).trim().split("\n").map((line) => JSON.parse(line));
    equal(lines.map((c) => c.choices[0]?.delta.content ?? "").join(""), TEXT);
    const [left, right] = (await client(env).chat.completions.create({ ...ask, stream: true })).tee();
    let count = 0;
    for await (const _ of left) count++;
    for await (const _ of right) count++;
    equal(count, 14);
  },
  "tools, streamed": async ({ env }) => {
    const stream = client(env).chat.completions.stream({ ...ask, tools });
    const { tool_calls } = (await stream.finalChatCompletion()).choices[0].message;
    equal(JSON.parse(tool_calls[0].function.arguments), { city: "Zürich" });
  },
  "tools that run": async ({ env }) => {
    const asked = [];
    const runner = client(env).chat.completions.runTools({
      ...ask,
      tools: [{ type: "function", function: { name: "weather", parse: JSON.parse, parameters: tools[0].function.parameters, function: ({ city }) => (asked.push(city), "sunny") } }],
    });
    equal([await runner.finalContent(), asked], ["It is sunny.", ["Zürich"]]);
  },
  "structured output": async ({ env }) => {
    const format = zodResponseFormat(z.object({ city: z.string(), degrees: z.number() }), "weather");
    const { choices } = await client(env).chat.completions.parse({ ...ask, response_format: format });
    equal(choices[0].message.parsed, { city: "Zürich", degrees: 21 });
  },
  "responses, streamed": async ({ env }) => {
    const deltas = [];
    const stream = client(env).responses.stream({ model: "gpt-test", input: "hi" }).on("response.output_text.delta", (e) => deltas.push(e.delta));
    equal((await stream.finalResponse()).output_text, TEXT);
    equal(deltas.join(""), TEXT);
  },
  "embeddings, models": async ({ env }) => {
    const { data } = await client(env).embeddings.create({ model: "e", input: "x" });
    equal([...data[0].embedding], [0.5, -1.25, 3]);
    const names = [];
    for await (const model of client(env).models.list()) names.push(model.id);
    equal(names, ["gpt-a", "gpt-b"]);
  },
  "a file": async ({ env }) => {
    const file = await toFile(new Uint8Array([104, 105]), "hi.txt", { type: "text/plain" });
    const made = await client(env).files.create({ file, purpose: "assistants" });
    equal([made.id, made.filename, made.purpose], ["file-1", "hi.txt", "assistants"]);
  },
  "errors have classes": async ({ env }) => {
    const e = await thrown(() => client(env, { apiKey: "wrong" }).chat.completions.create(ask));
    ok(e instanceof AuthenticationError && e instanceof OpenAI.APIError);
    equal([e.status, e.code, e.requestID, e.message], [401, "invalid_api_key", "req_401", "401 Incorrect API key"]);
    ok((await thrown(() => client(env).post("/nothing", { body: {} }))) instanceof NotFoundError);
  },
  "an error in the middle of a stream": async ({ env }) => {
    const stream = await client(env).chat.completions.create({ ...ask, user: "broken", stream: true });
    const e = await thrown(async () => { for await (const _ of stream); });
    ok(e instanceof OpenAI.APIError, e.name);
    ok(e.message.includes("overloaded"), e.message);
  },
  "retries": async ({ env }) => {
    const answer = await client(env, { maxRetries: 3 }).chat.completions.create({ ...ask, user: "flaky-2" });
    equal(answer.choices[0].message.content, TEXT);
    equal((await thrown(() => client(env, { maxRetries: 1 }).chat.completions.create({ ...ask, user: "flaky-5" }))).status, 429);
  },
  "a time limit": async ({ env }) => {
    const e = await thrown(() => client(env, { timeout: 50 }).chat.completions.create({ ...ask, user: "slow" }));
    ok(e instanceof APIConnectionTimeoutError, e.name);
  },
  "an abort before the answer": async ({ env }) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const e = await leaves(env, () => thrown(() => client(env).chat.completions.create({ ...ask, user: "slow" }, { signal: controller.signal })));
    ok(e instanceof APIUserAbortError, e.name);
  },
  "an abort in the middle of a stream": async ({ env }) => {
    const stream = await client(env).chat.completions.create({ ...ask, user: "endless", stream: true });
    let count = 0;
    await leaves(env, async () => {
      for await (const _ of stream) if (++count === 5) stream.controller.abort();
    });
    ok(count >= 5, String(count));
    const broken = await client(env).chat.completions.create({ ...ask, user: "endless", stream: true });
    await leaves(env, async () => {
      for await (const _ of broken) break;
    });
  },
});
