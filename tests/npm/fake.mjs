// fake.mjs: the server that the programs talk to (env.UPSTREAM): small services, and as much of the HTTP interfaces of
// OpenAI and Anthropic as their libraries need, with answers that are always the same.
//   /echo           JSON of what came: method, url, headers, body
//   /status/N       that status, with a JSON body
//   /flaky/KEY/N    503 to the first N requests with this key, then JSON { tries }
//   /late/MS        answers after that many milliseconds
//   /never          no answer
//   /redirect       302 to /echo
//   /openai/v1/…    chat completions (also streamed, with tools), responses, embeddings, models, files
//   /anthropic/v1/… messages (also streamed, with tools), token counts, models
//   /gone           how many answers were left by their reader before they ended
import http from "node:http";

const state = () => ({ tries: {}, gone: 0 });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function textOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

function json(response, value, status = 200, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}

// Server-sent events, in pieces that end anywhere, within a character too. `endless`: the last event over and over.
async function events(response, list, { endless = false, named = false } = {}) {
  const text = (e) => `${named ? `event: ${e.type}\n` : ""}data: ${typeof e === "string" ? e : JSON.stringify(e)}\n\n`;
  response.writeHead(200, { "content-type": "text/event-stream", "x-request-id": "req_stream" });
  const bytes = Buffer.from(list.map(text).join(""));
  for (let at = 0; at < bytes.length && !response.destroyed; at += 37) {
    response.write(bytes.subarray(at, at + 37));
    if (at % 370 === 0) await sleep(1);
  }
  while (endless && !response.destroyed) {
    response.write(text(list.at(-1)));
    await sleep(5);
  }
  response.end();
}

const tried = (s, key) => (s.tries[key] = (s.tries[key] ?? 0) + 1);

// ---- OpenAI

const WORDS = ["Hel", "lo ", "wörld", " 😀"];
const chunk = (delta, finish = null, more = {}) => ({
  id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-test",
  choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }], ...more,
});
const call = (args) => ({ index: 0, ...args });

function chatEvents(body) {
  if (body.tools && body.messages.at(-1).role !== "tool") {
    return [
      chunk({ role: "assistant", content: null, tool_calls: [call({ id: "call_1", type: "function", function: { name: "weather", arguments: "" } })] }),
      ...['{"ci', 'ty":"Zü', 'rich"}'].map((part) => chunk({ tool_calls: [call({ function: { arguments: part } })] })),
      chunk({}, "tool_calls"), "[DONE]",
    ];
  }
  const usage = { usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }, choices: [] };
  return [chunk({ role: "assistant", content: "" }), ...WORDS.map((content) => chunk({ content })), chunk({}, "stop"), chunk({}, null, usage), "[DONE]"];
}

function chatAnswer(body) {
  const tool = body.messages.at(-1).role === "tool";
  const content = body.response_format ? '{"city":"Zürich","degrees":21}' : tool ? `It is ${body.messages.at(-1).content}.` : WORDS.join("");
  const message = body.tools && !tool
    ? { role: "assistant", content: null, refusal: null, tool_calls: [{ id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Zürich"}' } }] }
    : { role: "assistant", content, refusal: null };
  return {
    id: "chatcmpl-1", object: "chat.completion", created: 1, model: body.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: message.tool_calls ? "tool_calls" : "stop" }],
    usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
  };
}

function responseEvents(body) {
  const response = (status, output) => ({ id: "resp_1", object: "response", created_at: 1, model: body.model, status, output, error: null });
  const item = { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text: WORDS.join(""), annotations: [] }] };
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const list = [
    { type: "response.created", response: response("in_progress", []) },
    { type: "response.output_item.added", output_index: 0, item: { ...item, status: "in_progress", content: [] } },
    { type: "response.content_part.added", ...at, part: { type: "output_text", text: "", annotations: [] } },
    ...WORDS.map((delta) => ({ type: "response.output_text.delta", ...at, delta })),
    { type: "response.output_text.done", ...at, text: WORDS.join("") },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: response("completed", [item]) },
  ];
  return list.map((event, i) => ({ ...event, sequence_number: i }));
}

async function openai(request, response, path, s) {
  if (request.headers.authorization !== "Bearer sk-test") {
    return json(response, { error: { message: "Incorrect API key", type: "invalid_request_error", code: "invalid_api_key" } }, 401, { "x-request-id": "req_401" });
  }
  if (path === "models") {
    return json(response, { object: "list", data: ["gpt-a", "gpt-b"].map((id) => ({ id, object: "model", created: 1, owned_by: "x" })) });
  }
  const text = await textOf(request);
  if (path === "files") {
    const [, name] = /filename="([^"]+)"/.exec(text) ?? [];
    return json(response, { id: "file-1", object: "file", filename: name, bytes: text.length, purpose: /name="purpose"\r\n\r\n(\S+)/.exec(text)?.[1] });
  }
  const body = JSON.parse(text);
  if (path === "embeddings") {
    const floats = Buffer.from(new Float32Array([0.5, -1.25, 3]).buffer).toString("base64");
    const embedding = body.encoding_format === "base64" ? floats : [0.5, -1.25, 3];
    return json(response, { object: "list", model: body.model, data: [{ object: "embedding", index: 0, embedding }], usage: {} });
  }
  const flaky = /^flaky-(\d+)$/.exec(body.user ?? "");
  if (flaky && tried(s, `openai ${body.user}`) <= Number(flaky[1])) {
    return json(response, { error: { message: "Rate limit", type: "requests", code: "rate_limit_exceeded" } }, 429, { "retry-after-ms": "10" });
  }
  if (path === "responses") return events(response, responseEvents(body), { named: true });
  if (path !== "chat/completions") return json(response, { error: { message: `no ${path}` } }, 404);
  if (body.user === "slow") return undefined;
  if (body.user === "broken") return events(response, [chunk({ content: "x" }), '{"error":{"message":"overloaded","type":"server_error"}}']);
  if (body.stream) return events(response, body.user === "endless" ? [chunk({ content: "again " })] : chatEvents(body), { endless: body.user === "endless" });
  return json(response, chatAnswer(body), 200, { "x-request-id": "req_1" });
}

// ---- Anthropic

const message = (body, content, stop) => ({
  id: "msg_1", type: "message", role: "assistant", model: body.model, content, stop_reason: stop, stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: stop ? 7 : 1 },
});

function messageEvents(body) {
  const useTool = body.tools && !Array.isArray(body.messages.at(-1).content);
  const text = [
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "ping" },
    ...WORDS.map((t) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: t } })),
    { type: "content_block_stop", index: 0 },
  ];
  const tool = [
    { type: "content_block_start", index: 1, content_block: { type: "tool_use", id: "toolu_1", name: "weather", input: {} } },
    ...["", '{"city": "Z', 'ürich", "days": [1', ", 2]}"].map((p) => ({ type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: p } })),
    { type: "content_block_stop", index: 1 },
  ];
  return [
    { type: "message_start", message: message(body, [], null) }, ...text, ...(useTool ? tool : []),
    { type: "message_delta", delta: { stop_reason: useTool ? "tool_use" : "end_turn", stop_sequence: null }, usage: { output_tokens: 7 } },
    { type: "message_stop" },
  ];
}

const refusal = (type, text) => ({ type: "error", error: { type, message: text }, request_id: "req_e" });

async function anthropic(request, response, path, s) {
  if (request.headers.authorization !== "Bearer sk-ant-test") return json(response, refusal("authentication_error", "invalid x-api-key"), 401, { "request-id": "req_401" });
  if (!request.headers["anthropic-version"]) return json(response, refusal("invalid_request_error", "anthropic-version"), 400);
  if (path === "models") {
    const after = new URL(request.url, "http://fake").searchParams.get("after_id");
    const data = (after ? ["claude-c"] : ["claude-a", "claude-b"]).map((id) => ({ type: "model", id, display_name: id, created_at: "2026-01-01T00:00:00Z" }));
    return json(response, { data, first_id: data[0].id, last_id: data.at(-1).id, has_more: !after });
  }
  const body = JSON.parse(await textOf(request));
  if (path === "messages/count_tokens") return json(response, { input_tokens: JSON.stringify(body.messages).length });
  const user = body.metadata?.user_id ?? "";
  const flaky = /^flaky-(\d+)$/.exec(user);
  if (flaky && tried(s, `anthropic ${user}`) <= Number(flaky[1])) return json(response, refusal("overloaded_error", "Overloaded"), 529, { "retry-after-ms": "10" });
  if (user === "slow") return undefined;
  if (user === "broken") return events(response, [messageEvents(body)[0], refusal("overloaded_error", "Overloaded")], { named: true });
  if (body.stream) {
    const list = user === "endless" ? messageEvents(body).slice(0, 4) : messageEvents(body);
    return events(response, list, { named: true, endless: user === "endless" });
  }
  if (body.max_tokens > 1000) return json(response, refusal("invalid_request_error", "max_tokens: too large"), 400, { "request-id": "req_400" });
  const results = body.messages.at(-1).content;
  if (body.tools && !Array.isArray(results)) {
    return json(response, message(body, [{ type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Zürich" } }], "tool_use"));
  }
  const text = body.tools ? `It is ${results.find((r) => r.type === "tool_result").content}.` : WORDS.join("");
  return json(response, message(body, [{ type: "text", text }], "end_turn"), 200, { "request-id": "req_1" });
}

// ---- the small services

const services = {
  async echo(request, response) {
    json(response, { method: request.method, url: request.url, headers: request.headers, body: await textOf(request) }, 200, { "x-served": "echo" });
  },
  status: (request, response, [status]) => json(response, { status: Number(status) }, Number(status)),
  flaky(request, response, [key, times], s) {
    const tries = tried(s, key);
    if (tries <= Number(times)) json(response, { tries }, 503, { "retry-after": "0" });
    else json(response, { tries });
  },
  async late(request, response, [ms]) {
    await sleep(Number(ms));
    json(response, { late: Number(ms) });
  },
  never() {},
  redirect: (request, response) => response.writeHead(302, { location: "/echo" }).end(),
  gone: (request, response, rest, s) => json(response, { gone: s.gone }),
  openai: (request, response, [, ...path], s) => openai(request, response, path.join("/"), s),
  anthropic: (request, response, [, ...path], s) => anthropic(request, response, path.join("/"), s),
};

/** Listens on a free port of the loopback address; { url, close() }. */
export async function startFake() {
  const s = state();
  const server = http.createServer((request, response) => {
    response.on("close", () => (s.gone += response.writableFinished ? 0 : 1));
    const [name, ...rest] = request.url.split("?")[0].slice(1).split("/");
    if (Object.hasOwn(services, name)) services[name](request, response, rest, s);
    else json(response, { error: "no such service" }, 404);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}
