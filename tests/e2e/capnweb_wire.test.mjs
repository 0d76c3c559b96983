// What is on the wire of Cap'n Web, compared with what the npm package sends: the same is done with a server of the
// package's and with ours, by a client of the package's and by ours, and each side's messages must be the same, ids and
// releases included, in the same order.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect, nodeServer } from "./capnweb/node.mjs";
import { have, HOW, workerServer } from "./capnweb/servers.mjs";
import { main, steps } from "./capnweb/steps.mjs";

let node;
const servers = {};
before(async () => {
  node = await nodeServer({ keep: true });
  for (const how of HOW) servers[how] = await workerServer(how, { peer: node.url });
});
after(async () => {
  node.close();
  for (const how of HOW) await servers[how].stop();
});

// Here several things are on their way at once, whose order among each other is nobody's.
const ABREAST = ["map()", "streams"];

// Each side's messages. Of what is on its way at once: what takes an id in order, the rest sorted.
function sides({ messages }, name) {
  const hasNoId = (message) => /^\["(pull|resolve|reject|release)"/.test(message);
  const kept = messages.filter(([, message]) => !message.startsWith('["abort"')); // when all is over
  return [">", "<"].map((side) => {
    const all = kept.filter(([from]) => from === side).map(([, message]) => message);
    if (!ABREAST.includes(name)) return all;
    return [...all.filter((m) => !hasNoId(m)), ...all.filter(hasNoId).sort()];
  });
}

async function byNode(url, name) {
  const { api, wire, close } = await connect(url, main, { keep: true });
  await steps[name](api);
  await close();
  return sides(wire, name);
}

for (const name of Object.keys(steps)) {
  for (const how of HOW) {
    test(`${how} server: ${name}`, async () => {
      assert.deepEqual(await byNode(servers[how].rpc, name), await byNode(node.url, name));
    });
    test(`${how} client: ${name}`, async () => {
      await have(servers[how], "/steps", { of: name, peer: node.url });
      const ours = sides(node.wires.at(-1), name);
      assert.deepEqual(ours, await byNode(node.url, name));
    });
  }
}
