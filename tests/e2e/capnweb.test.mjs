// Cap'n Web with the npm package `capnweb` on Node.js as the peer: scenes with our server and the package as the client,
// and with a Worker as the client of a server of the package's; over WebSockets and HTTP batches; with the runtime's own
// module in the Worker, and with the package bundled into it.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";
import { connect, nodeServer, play } from "./capnweb/node.mjs";
import { abrupt, both, live } from "./capnweb/scenes.mjs";
import { have, HOW, workerServer } from "./capnweb/servers.mjs";

const MB = { native: 100, bundled: 8 };
const STREAMS = "large streams each way";
const MANY = "10,000 calls in flight";
const SCENES = [["websocket", { ...both, ...live }], ["batch", both]];

let node;
const servers = {};
before(async () => {
  node = await nodeServer();
  for (const how of HOW) servers[how] = await workerServer(how, { peer: node.url });
});
after(async () => {
  node.close();
  for (const how of HOW) await servers[how].stop();
});

for (const how of HOW) {
  for (const [transport, scenes] of SCENES) {
    for (const scene of Object.keys(scenes)) {
      if (scene === STREAMS && how === "native") continue; // below
      test(`${how} server, ${transport}: ${scene}`, () => play(scenes[scene], servers[how].rpc, transport, MB[how]));
      test(`${how} client, ${transport}: ${scene}`, () =>
        have(servers[how], "/play", { scene, peer: node.url, transport, mb: MB[how] }));
    }
  }
}

for (const how of HOW) {
  for (const scene of Object.keys(abrupt)) {
    test(`${how} client, websocket: ${scene}`, () =>
      have(servers[how], "/play", { scene, peer: node.url, transport: "websocket" }));
  }

  test(`${how} server: its isolate ends, or all of it, with calls in flight`, async () => {
    const server = await workerServer(how, { limits: { cpu_ms: 300 } });
    const broken = [];
    const ends = async (end) => {
      const { api, closed } = await connect(server.rpc);
      api.onRpcBroken((e) => broken.push(e.message));
      const held = Promise.allSettled([api.wait(), api.callForever(() => new Promise(() => {}))]);
      await api.none();
      await end(api);
      const [code] = await closed;
      for (const { reason } of await held) assert.match(reason.message, new RegExp(`^Peer closed WebSocket: ${code}`));
      return code;
    };
    const spin = (api) => assert.rejects(Promise.resolve(api.spin()), /^Error: Peer closed WebSocket: 1011/);
    assert.equal(await ends(spin), 1011);
    assert.equal(await ends(spin), 1011, "the next isolate");
    assert.equal(await ends(() => server.stop("SIGKILL")), 1006);
    assert.equal(broken.length, 3);
  });
}

test("of the npm package at both ends the same is true", async () => {
  for (const [transport, scenes] of SCENES) {
    for (const scene of Object.keys(scenes)) {
      if (scene !== MANY) await play(scenes[scene], node.url, transport, 1);
    }
  }
  for (const scene of Object.values(abrupt)) await play(scene, node.url, "websocket", 1);
});

const peakMb = (pid) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

test("100 MB each way in 48 MB of an isolate, and nothing piles up in the gateway", async () => {
  const server = await workerServer("native", { peer: node.url, limits: { memory_mb: 48 } });
  const before = peakMb(server.pid);
  await play(live[STREAMS], server.rpc, "websocket", MB.native);
  await have(server, "/play", { scene: STREAMS, peer: node.url, transport: "websocket", mb: MB.native });
  const grown = peakMb(server.pid) - before;
  assert.ok(grown < 32, `the gateway grew by ${grown} MB`);
  await server.stop();
});
