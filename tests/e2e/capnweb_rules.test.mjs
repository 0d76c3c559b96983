// Cap'n Web with peers that do not keep to it: what they are answered, byte for byte as the npm package answers; how
// their connections end; and that nobody else notices.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { nodeServer, play } from "./capnweb/node.mjs";
import { rules, worded } from "./capnweb/rules.mjs";
import { both } from "./capnweb/scenes.mjs";
import { HOW, workerServer } from "./capnweb/servers.mjs";
import { request } from "./harness.mjs";

let node;
const servers = {};
before(async () => {
  process.on("unhandledRejection", () => {}); // of the package's sessions that are aborted
  node = await nodeServer();
  for (const how of HOW) servers[how] = await workerServer(how, { limits: { message_mb: 64 } });
});
after(async () => {
  node.close();
  for (const how of HOW) await servers[how].stop();
});

// Sends messages, then a call whose answer shows that all was read: [messages that came, close code, reason].
function tell(url, messages) {
  const ws = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: false });
  const got = [];
  const last = messages.filter((m) => /^\["(push|pipe|stream)"/.test(m)).length + 1;
  return new Promise((resolve) => {
    ws.on("open", () => {
      for (const message of messages) ws.send(message);
      ws.send('["push",["pipeline",0,["later"],[7]]]');
      ws.send(`["pull",${last}]`);
    });
    ws.on("error", () => {});
    ws.on("message", (data) => {
      if (String(data).startsWith(`["resolve",${last},`)) ws.close();
      else got.push(String(data));
    });
    ws.on("close", (code, reason) => resolve([got, code, String(reason)]));
  });
}
const texts = (messages) => messages.map((each) => (typeof each === "string" ? each : JSON.stringify(each)));

async function stillServes(how) {
  await play(both["calls"], servers[how].rpc, "websocket");
}

for (const how of HOW) {
  test(`${how}: messages that break rules, or nearly`, async (t) => {
    for (const name of Object.keys(rules)) {
      await t.test(name, async () => {
        const messages = texts(rules[name]);
        assert.deepEqual(await tell(servers[how].rpc, messages), await tell(node.url, messages));
      });
    }
    await stillServes(how);
  });

  test(`${how}: errors in words of the engine`, async () => {
    for (const name of Object.keys(worded)) {
      const [got, code, reason] = await tell(servers[how].rpc, texts(worded[name]));
      const [, , should] = await tell(node.url, texts(worded[name]));
      assert.equal(code, 3000, name);
      assert.equal(got.length, 1, name);
      const [kind, [tag, , message]] = JSON.parse(got[0]);
      assert.deepEqual([kind, tag, message], ["abort", "error", reason], name);
      assert.ok(reason && should, name);
    }
    await stillServes(how);
  });

  test(`${how}: bytes instead of text`, async () => {
    const { code, reason } = await new Promise((resolve) => {
      const ws = new WebSocket(servers[how].rpc.replace("http", "ws"));
      ws.on("open", () => ws.send(Buffer.from('["pull",0]')));
      ws.on("error", () => {});
      ws.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
    });
    assert.ok(code === 3000 || code === 1011, `${code} ${reason}`);
    await stillServes(how);
  });

  test(`${how}: a message of more than 32 Mi units`, async () => {
    const big = `["push",["pipeline",0,["none"],["${"x".repeat(33 << 20)}"]]]`;
    assert.deepEqual(await tell(servers[how].rpc, [big]), await tell(node.url, [big]));
    await stillServes(how);
  });

  test(`${how}: HTTP batches`, async () => {
    const ask = (path, method, body) => request(servers[how], path, { method, body });
    const call = '["push",["pipeline",0,["add"],[1,2]]]';
    for (const path of ["/rpc", "/batch"]) {
      const open = path === "/rpc" ? "*" : undefined;
      for (const [body, text] of [["", ""], [call, ""], [`${call}\n["pull",1]`, '["resolve",1,3]']]) {
        const { status, headers, text: got } = await ask(path, "POST", body);
        assert.deepEqual([status, got, headers["access-control-allow-origin"]], [200, text, open]);
      }
      for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
        assert.equal((await ask(path, method)).status, path === "/rpc" ? 400 : 405, `${method} ${path}`);
      }
      for (const body of ["x", "[1]", "\n", `${call}\n["pull",1]\n`, '["pull",9]', '["abort",5]']) {
        assert.ok((await ask(path, "POST", body)).status >= 400, JSON.stringify(body));
      }
    }
    await stillServes(how);
  });
}
