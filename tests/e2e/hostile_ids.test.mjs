// Ids in messages of Cap'n Web that their sender has no right to: guessed, released, other clients', odd numbers. The
// answer does not say which of these it was, is the npm package's, and ends that session only; nothing of another
// client's is reached.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { nodeServer } from "./capnweb/node.mjs";
import { workerServer } from "./capnweb/servers.mjs";
import { request, serve } from "./harness.mjs";

const TOKEN = "a-token-for-the-tests-0123456789";
const CANARY = "another-client's-canary";
const SANDBOX = `import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
class Secret extends RpcTarget { get canary() { return "${CANARY}"; } tell() { return "${CANARY}"; } }
export default class extends WorkerEntrypoint {
  secret() { return new Secret(); }
  text() { return "${CANARY}"; }
  ask(f) { return f(); }
  stream() { return new Blob(["${CANARY}"]).stream(); }
}`;
let node, worker, edge;
before(async () => {
  process.on("unhandledRejection", () => {}); // of the package's sessions that are aborted
  node = await nodeServer();
  worker = await workerServer("native");
  edge = await serve({ token: TOKEN }, { main: undefined, rpc: { path: "/rpc", token_file: "token" } });
  edge.rpc = `${edge.url}/rpc`;
});
after(async () => {
  node.close();
  await Promise.all([worker, edge].map((server) => server.stop("SIGKILL")));
});

const text = (message) => (typeof message === "string" ? message : JSON.stringify(message));
const call = (target, name, ...args) => ["push", ["pipeline", target, [name], args]];

// A connection whose messages are written by hand: { tell(...messages), got, closed, socket }.
async function connect(url) {
  const socket = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: false });
  const got = [], waiting = new Set();
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", (code, reason) => resolve([code, String(reason)])));
  socket.on("message", (data) => {
    got.push(String(data));
    for (const check of waiting) check();
  });
  await new Promise((resolve) => socket.on("open", resolve).on("close", resolve));
  const tell = (...messages) => {
    for (const each of messages) socket.send(text(each));
  };
  // The message that begins so; undefined when the connection ends without it.
  const heard = (start) => {
    const found = () => got.find((each) => each.startsWith(start));
    return new Promise((resolve) => {
      const check = () => found() !== undefined && resolve(found());
      waiting.add(check);
      check();
      closed.then(() => resolve(found()));
    });
  };
  return { tell, got, heard, closed, socket };
}

// What comes of these messages, then of a call that `takes` what is after them: [messages that came, how it closed].
async function outcome(url, messages, name, ...args) {
  const client = await connect(url);
  const pushes = messages.filter((each) => /^\["(push|pipe|stream)"/.test(text(each))).length;
  client.tell(...messages, call(0, name, ...args), ["pull", pushes + 1]);
  if (await client.heard(`["resolve",${pushes + 1},`)) client.socket.close();
  const closed = await client.closed;
  return [client.got, closed];
}

const ODD = [1, 7, -1, -7, 0.5, -0.5, 2147483646, 2147483647, 2147483648, -2147483647, -2147483648, -2147483649, 4294967295,
  4294967296, 9007199254740993, -9007199254740993, "1e300", "-1e300", "1e21", "1e-7"].map(String);

// In what ways a message can name an id.
const NAMED = {
  "pull": (id) => [`["pull",${id}]`],
  "release": (id) => [`["release",${id},1]`],
  "release of many": (id) => [`["release",${id},10000000]`],
  "release of none": (id) => [`["release",${id},0]`],
  "release of fewer than none": (id) => [`["release",${id},-1]`],
  "a call": (id) => [`["push",["pipeline",${id},["add"],[1,2]]]`],
  "a read": (id) => [`["push",["pipeline",${id},["version"]]]`],
  "itself": (id) => [`["push",["pipeline",${id}]]`],
  "a stream": (id) => [`["stream",["pipeline",${id},["write"],[1]]]`],
  "import": (id) => [`["push",["import",${id}]]`],
  "import of a member": (id) => [`["push",["import",${id},["version"]]]`],
  "an argument": (id) => [`["push",["pipeline",0,["echo"],[["import",${id}]]]]`],
  "a promised argument": (id) => [`["push",["pipeline",0,["echo"],[{"a":["pipeline",${id},["x"]]}]]]`],
  "an argument's argument": (id) => [`["push",["pipeline",0,["echo"],[["pipeline",0,["echo"],[["import",${id}]]]]]]`],
  "a map": (id) => [`["push",["remap",${id},[],[],[1]]]`],
  "what a map captures": (id) => [`["push",["remap",0,["version"],[["import",${id}]],[1]]]`],
  "a readable end": (id) => [`["push",["pipeline",0,["drain"],[["readable",${id}]]]]`],
  "a reason": (id) => [`["abort",["import",${id}]]`],
  "a result": (id) => [`["resolve",${id},["import",0]]`],
  "a result of its own": (id) => [`["resolve",0,["import",${id}]]`],
  "an error": (id) => [`["reject",${id},["error","Error","x"]]`],
};

for (const [way, messages] of Object.entries(NAMED))
  test(`ids that were never given: ${way}: as the npm package has it`, async () => {
    for (const id of ODD) {
      const ours = outcome(worker.rpc, messages(id), "add", 1, 2), theirs = outcome(node.url, messages(id), "add", 1, 2);
      assert.deepEqual(await ours, await theirs, id);
    }
  });

// One that was released is as unknown as one that never was.
const GONE = ["pull", "release", "a call", "a read", "itself", "import", "an argument", "a map", "what a map captures"];
for (const way of GONE)
  test(`an id that was released: ${way}: as one that was never given`, async () => {
    const released = [call(0, "counter", 5), call(0, "counter", 6), ["release", 1, 1], ...NAMED[way](1)];
    const never = [call(0, "counter", 5), call(0, "counter", 6), ["release", 2, 1], ...NAMED[way](3)];
    const [one, other] = [await outcome(worker.rpc, released, "add", 1, 2), await outcome(worker.rpc, never, "add", 1, 2)];
    assert.deepEqual(one, await outcome(node.url, released, "add", 1, 2));
    assert.equal(JSON.stringify(one), JSON.stringify(other).replaceAll(/ID: 3|table: 3/g, (t) => t.replace("3", "1")));
    assert.match(one[1][1], /^no such e/);
  });

// More or less given back than is held: [one thing, held once; what is said of it].
const COUNTS = ["0", "1", "2", "3", "10000000", "123456789", "2147483648", "4294967296", "4294967297", "1e21", "1e300", "0.5",
  "1.5", "1e-7", "-0", "-1", "-4294967295", "-1e300"];
test("counts of releases, of what is held: as the npm package has it", async () => {
  for (const count of COUNTS)
    for (const then of [[], ['["release",1,1]'], ['["release",1,0.5]'], [`["release",1,${count}]`]]) {
      const messages = [call(0, "counter", 5), `["release",1,${count}]`, ...then, call(0, "echo", 1)];
      const ours = outcome(worker.rpc, messages, "add", 1, 2), theirs = outcome(node.url, messages, "add", 1, 2);
      assert.deepEqual(await ours, await theirs, `${count} ${then}`);
    }
});

// Answers to calls of the server's (1: of the client's function) that it did not ask, or asks no more.
const ASKS = call(0, "call", ["export", -1], 5);
const ANSWERS = {
  "twice": [["resolve", 1, 5], ["resolve", 1, 6]],
  "a result, then an error": [["resolve", 1, 5], ["reject", 1, ["error", "Error", "x"]]],
  "an error, then a result": [["reject", 1, ["error", "Error", "x"]], ["resolve", 1, 5]],
  "of the next call": [["resolve", 2, 6], ["resolve", 1, 5]],
  "of its function": [["resolve", -1, 6], ["resolve", 1, 5]],
  "with what is not there": [["resolve", 1, ["import", 9]]],
  "and a release of it": [["resolve", 1, 5], ["release", 1, 1], ["release", -1, 1]],
};
for (const [what, answers] of Object.entries(ANSWERS))
  test(`answers to a call: ${what}: as the npm package has it`, async () => {
    const play = async (url) => {
      const client = await connect(url);
      client.tell(ASKS, ["pull", 1]);
      assert.equal(await client.heard('["push"'), '["push",["pipeline",-1,[],[5]]]');
      client.tell(...answers, call(0, "add", 1, 2), ["pull", 2]);
      if (await client.heard('["resolve",2,')) client.socket.close();
      return [client.got.sort(), await client.closed];
    };
    assert.deepEqual(await play(worker.rpc), await play(node.url));
  });

// The package never comes to an end with this one.
test("an answer that is the promise that waits for it", async () => {
  const client = await connect(worker.rpc), other = await connect(worker.rpc);
  client.tell(ASKS, ["pull", 1]);
  await client.heard('["push"');
  client.tell(["resolve", 1, ["pipeline", 1]], call(0, "add", 1, 2), ["pull", 2]);
  assert.equal(await client.heard('["resolve",2,'), '["resolve",2,3]');
  other.tell(call(0, "add", 3, 4), ["pull", 1]);
  assert.equal(await other.heard('["resolve",1,'), '["resolve",1,7]');
  for (const { socket } of [client, other]) socket.close();
});

// Another client, which has a sandbox, streams and objects of its own: { seen: what was called of it, check(), close() }.
async function victim() {
  const client = await connect(edge.rpc);
  const seen = [];
  client.socket.on("message", (data) => {
    const [kind, what] = JSON.parse(String(data));
    if (kind === "push") seen.push(what);
  });
  const code = { mainModule: "a.js", modules: { "a.js": SANDBOX }, env: { MINE: ["export", -1] } };
  client.tell(call(0, "authenticate", TOKEN), call(1, "load", code), call(2, "getEntrypoint"), call(3, "secret"),
    call(3, "stream"), ["pipe"], call(3, "text"), ["pull", 7]);
  assert.equal(await client.heard('["resolve",7,'), `["resolve",7,"${CANARY}"]`);
  let next = 8;
  const check = async () => {
    client.tell(call(4, "tell"), ["pull", next]);
    assert.equal(await client.heard(`["resolve",${next},`), `["resolve",${next},"${CANARY}"]`);
    next++;
  };
  return { seen, check, socket: client.socket };
}

const IDS = [1, 2, 3, 4, 5, 6, 7, -1, -2, -3];
const REACHING = [...Object.keys(NAMED), "a call of a sandbox's", "a load of it"];
const reaching = (way, id) => NAMED[way]?.(id) ?? {
  "a call of a sandbox's": [`["push",["pipeline",${id},["tell"],[]]]`],
  "a load of it": [`["push",["pipeline",${id},["load"],[{"mainModule":"a.js","modules":{"a.js":""}}]]]`],
}[way];

test("the edge: another client's ids, by those who have shown no token", async () => {
  const other = await victim();
  const answers = new Map();
  for (const way of REACHING)
    for (const id of IDS) {
      const [got, [code, reason]] = await outcome(edge.rpc, reaching(way, id), "authenticate", TOKEN);
      assert.equal(JSON.stringify(got).includes(CANARY), false, `${way} ${id}`);
      const same = `${code} ${reason.replaceAll(/-?\d+/g, "N")}`;
      answers.set(way, (answers.get(way) ?? new Set()).add(same));
    }
  for (const [way, kinds] of answers) {
    assert.equal(kinds.size, 1, `${way}: ${[...kinds].join("; ")}`);
    const quiet = /^(a result|an error)$/.test(way);
    assert.match([...kinds][0], quiet ? /^1005 $/ : /^3000 (no such |Export N is not a pipe)/, way);
  }
  await other.check();
  assert.deepEqual(other.seen, []);
  other.socket.close();
});

test("the edge: another client's ids, by a client that has what is its own", async () => {
  const other = await victim();
  for (const id of [2, 3, 4, 5, 6, 7, -1, -2])
    for (const way of REACHING) {
      const [got, [code]] = await outcome(edge.rpc, [call(0, "authenticate", TOKEN), ...reaching(way, id)], "authenticate", TOKEN);
      assert.equal(JSON.stringify(got).includes(CANARY), false, `${way} ${id}`);
      assert.equal(code, /^(a result|an error)$/.test(way) ? 1005 : 3000, `${way} ${id}`);
    }
  await other.check();
  assert.deepEqual(other.seen, []);
  other.socket.close();
});

test("the edge: a batch knows nothing of sockets, nor of the batch before", async () => {
  const other = await victim();
  const ask = (...messages) => request(edge, "/rpc", { method: "POST", body: messages.map(text).join("\n") });
  const before = await ask(call(0, "authenticate", TOKEN), call(1, "version"), ["pull", 2]);
  assert.match(before.text, /^\["resolve",2,"\d/);
  for (const way of REACHING)
    for (const id of IDS) {
      const { status, text: answer } = await ask(...reaching(way, id));
      assert.equal(answer.includes(CANARY), false, `${way} ${id}`);
      const quiet = /^(a result|an error)$/.test(way);
      assert.equal(status, quiet ? 200 : 400, `${way} ${id}: ${answer}`);
      if (!quiet) assert.match(answer, /^(no such |Export -?\d+ is not a pipe)/, `${way} ${id}`);
    }
  await other.check();
  assert.deepEqual(other.seen, []);
  other.socket.close();
});

test("the edge: ids are guessed by thousands, and the server goes on", async () => {
  const other = await victim();
  for (let round = 0; round < 3; round++) {
    const guess = Array.from({ length: 30 }, (_, i) => outcome(edge.rpc, [call(0, "authenticate", TOKEN),
      ...Array.from({ length: 300 }, (_, k) => `["resolve",${(i - 15) * 1000003 + k},["import",0]]`),
      ...Array.from({ length: 300 }, (_, k) => `["reject",${k - 150},["error","Error","x"]]`)], "authenticate", TOKEN));
    for (const [got, [code]] of await Promise.all(guess)) {
      assert.equal(code, 1005);
      assert.equal(JSON.stringify(got).includes(CANARY), false);
    }
  }
  await other.check();
  assert.deepEqual(other.seen, []);
  other.socket.close();
});

const WORDS = ["__proto__", "constructor", "prototype", "hasOwnProperty", "isPrototypeOf", "toString", "valueOf", "toJSON", "then",
  "__defineGetter__", "__lookupGetter__", "__defineSetter__", "#env", "_env", "env", "ctx", "dup", "catch", "call", "apply", "bind",
  "Symbol.dispose", "Symbol(Symbol.dispose)", "props", "exports", "TOKEN", "LOADER", "END"];
// What comes of calls and reads of members that are nobody's to use, of the object with this id.
const words = (id) => WORDS.flatMap((word) => [
  [word], [word, word], [word, "constructor"], ["constructor", word], ["authenticate", word], ["load", word], [word, "call"],
].flatMap((path) => [["push", ["pipeline", id, path]], ["push", ["pipeline", id, path, ["return globalThis"]]]]));

test("the edge: what its objects have besides their methods can neither be read nor called", async () => {
  const load = { mainModule: "a.js", modules: { "a.js": SANDBOX } };
  const own = [call(0, "authenticate", TOKEN), call(1, "load", load), call(2, "getEntrypoint")];
  for (const id of [0, 1, 2, 3]) {
    const client = await connect(edge.rpc);
    const asked = words(id);
    client.tell(...own);
    asked.forEach((message, i) => client.tell(message, ["pull", i + 4]));
    for (let i = 0; i < asked.length; i++) {
      const [, , path] = asked[i][1];
      const n = i + 4;
      const answer = await Promise.race([client.heard(`["reject",${n},`), client.heard(`["resolve",${n},`)]);
      // A sandbox's member is a promise, which may be waited for.
      const promised = id === 3 && path.length === 2 && /^(then|catch)$/.test(path[1]);
      const nothing = /^\["(reject",\d+,\["error"|resolve",\d+,\["undefined"\]\])/;
      assert.match(answer ?? "the session ended", promised ? /^\["(resolve|reject",\d+,\["error")/ : nothing, `${id} ${path}`);
      assert.equal(answer.includes(TOKEN), false);
    }
    client.socket.close();
  }
});
