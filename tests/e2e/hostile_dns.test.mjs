// hostile_dns.test.mjs: a name server that lies (C8): names that lead to private addresses at once, the second time, beside
// public ones, by aliases; answers that are huge, cut, broken, late or missing. The oracle: servers on all addresses, of
// which only public ones may ever see a connection; and the exact error that the sandbox gets.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { a, aaaa, at, cname, message, NameServer, wire } from "./hostile/names.mjs";
import { insideOwnNetwork, NAME_SERVER } from "./hostile/network.mjs";
import { go, NO_ADDRESS, NO_REQUEST, serveSandboxes, told, WAYS } from "./hostile/sandboxes.mjs";
import { Web } from "./hostile/web.mjs";

const PUBLIC = "93.184.216.34", PUBLIC6 = "2606:4700::6810:1", OTHER = "8.8.4.4";
const PRIVATE = [
  "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "168.63.129.16", "169.254.169.254", "172.16.0.1",
  "172.31.255.255", "192.0.0.192", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
  "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe",
  "64:ff9b:1::10.0.0.1", "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:db8::1", "100::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
];
const UNKNOWN = "Error: The request to the network failed: the host is not known";
const LATE = "Error: The request to the network failed: it took too long to connect";

if (insideOwnNetwork(import.meta.url)) {
  let names, web;
  before(async () => {
    names = await NameServer.start(NAME_SERVER);
    // 81: nothing but private addresses listens there, so that a public one refuses
    web = await Web.start(["::", 80], ["::", 8080], ["127.0.0.1", 81], ["10.0.0.1", 81]);
    names.names.set("public.test", [a(PUBLIC), aaaa(PUBLIC6)]);
  });
  after(() => {
    names.stop();
    web.stop();
  });
  let count = 0;
  /** A new name with this answer. */
  const named = (answer) => {
    const name = `n${++count}.test`;
    names.names.set(name, answer);
    return name;
  };
  const lookups = (name) => names.asked.filter((query) => query.name === name).length;
  const OPEN = { fetch: PUBLIC, upgrade: "open", socket: "open", connect: PUBLIC };

  test("what is public is reached, each way", async () => {
    const server = await serveSandboxes();
    for (const way of WAYS) assert.equal(await go(server, null, way, `http://${named([a(PUBLIC)])}/`), OPEN[way], way);
    assert.deepEqual(web.take(), [`${PUBLIC} 80`]);
    assert.equal(await go(server, null, "fetch", `http://${named([aaaa(PUBLIC6)])}/`), PUBLIC6);
    assert.deepEqual(web.take(), [`${PUBLIC6} 80`]);
    assert.equal(await go(server, null, "fetch", "http://nobody.test/"), UNKNOWN);
    await server.stop();
  });

  test("a name that leads to a private address", async () => {
    const server = await serveSandboxes({ limits: { log_lines: 10000 } });
    for (const address of PRIVATE)
      for (const rules of [null, { allow: [{ host: "*" }] }, { allow: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] }])
        assert.equal(await go(server, rules, "fetch", `http://${named([at(address)])}/`), NO_ADDRESS, address);
    for (const address of ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00:ec2::254"])
      for (const way of WAYS) assert.equal(await go(server, null, way, `http://${named([at(address)])}/`), NO_ADDRESS, `${way} ${address}`);
    assert.deepEqual(web.take(), []);
    await server.logged(/refused to connect to 169\.254\.169\.254 port 80 \(n\d+\.test\): it is link-local, or a cloud's metadata service/);
    await server.stop();
  });

  test("rebinding: public first, private the next time", async () => {
    const server = await serveSandboxes();
    for (const address of ["127.0.0.1", "169.254.169.254", "10.0.0.1"])
      for (const way of WAYS) {
        const name = named((query, n) => (query.type === "A" ? [a(n ? address : PUBLIC)] : []));
        assert.equal(await go(server, null, "fetch", `http://${name}/`), PUBLIC);
        assert.equal(await go(server, null, way, `http://${name}:8080/`), NO_ADDRESS, `${way} ${address}`); // another port is looked up anew
        assert.equal(lookups(name), 4);
      }
    assert.deepEqual(web.take(), [`${PUBLIC} 80`]);
    const turned = named((query, n) => (query.type === "A" ? [a(n ? PUBLIC : "127.0.0.1")] : []));
    assert.equal(await go(server, null, "fetch", `http://${turned}/`), NO_ADDRESS);
    assert.equal(await go(server, null, "fetch", `http://${turned}:8080/`), PUBLIC);
    assert.deepEqual(web.take(), [`${PUBLIC} 8080`]);
    await server.stop();
  });

  test("rebinding in the middle of a redirect", async () => {
    const server = await serveSandboxes();
    const name = named((query, n) => (query.type === "A" ? [a(n ? "10.0.0.1" : PUBLIC)] : []));
    const to = (url) => `http://${name}/?to=${encodeURIComponent(url)}`;
    assert.equal(await go(server, null, "fetch", to(`http://${name}:8080/`)), NO_ADDRESS);
    for (const address of PRIVATE) assert.equal(await go(server, null, "fetch", to(`http://${named([at(address)])}/`)), NO_ADDRESS, address);
    assert.equal(await go(server, null, "fetch", to(`http://${named([a(OTHER)])}/`)), OTHER);
    assert.deepEqual(web.take(), [`${PUBLIC} 80`, `${OTHER} 80`]);
    await server.stop();
  });

  test("private addresses beside public ones: these are reached, or nothing is", async () => {
    const server = await serveSandboxes();
    const sets = [
      ["10.0.0.1", PUBLIC], [PUBLIC, "10.0.0.1"], ["::1", PUBLIC], [PUBLIC, "::1", "127.0.0.1", "64:ff9b::7f00:1"],
      ["127.0.0.1", "127.0.0.2", "169.254.169.254", "fd00::1", PUBLIC],
    ];
    for (const set of sets)
      for (const way of WAYS) assert.equal(await go(server, null, way, `http://${named(set.map(at))}/`), OPEN[way], `${way} ${set}`);
    assert.deepEqual(web.take(), [`${PUBLIC} 80`]);
    assert.doesNotMatch(server.log, /status=200.* error=/, "what went well is not called refused");
    for (const set of [[PUBLIC, "127.0.0.1"], [PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], ["127.0.0.1", PUBLIC6]]) // the public one refuses
      for (const way of WAYS) assert.match(await go(server, null, way, `http://${named(set.map(at))}:81/`), /^Error: /, `${way} ${set}`);
    assert.deepEqual(web.take(), []);
    await server.stop();
  });

  test("aliases: of private names, of localhost, in circles, without end", async () => {
    const server = await serveSandboxes();
    const chain = (length, last) => (query) => {
      const link = (i) => (i ? `c${i}.test` : undefined);
      const records = Array.from({ length }, (_, i) => cname(link(i + 1), { name: link(i) }));
      return [message(query, { records: [...records, ...(last && query.type === "A" ? [a(last, { name: link(length) })] : [])] })];
    };
    for (const way of WAYS) {
      assert.equal(await go(server, null, way, `http://${named(chain(1, "10.0.0.1"))}/`), NO_ADDRESS, way);
      assert.equal(await go(server, null, way, `http://${named(chain(8, "127.0.0.1"))}/`), NO_ADDRESS, way);
      assert.equal(await go(server, null, way, `http://${named(chain(8, PUBLIC))}/`), OPEN[way], way);
    }
    web.take();
    const alias = (to, address) => (query) => [cname(to), ...(query.type === "A" ? [a(address, { name: to })] : [])];
    assert.equal(await go(server, null, "fetch", `http://${named(alias("localhost", "127.0.0.1"))}/`), NO_ADDRESS);
    assert.equal(await go(server, null, "fetch", `http://${named(alias("metadata.google.internal", "169.254.169.254"))}/`), NO_ADDRESS);
    const circle = `n${count + 1}.test`;
    assert.equal(await go(server, null, "fetch", `http://${named([cname("x.test"), cname(circle, { name: "x.test" })])}/`), UNKNOWN);
    assert.equal(await go(server, null, "fetch", `http://${named([cname("127.0.0.1")])}/`), UNKNOWN, "an alias is no address");
    assert.match(await go(server, null, "fetch", `http://${named(chain(200, "127.0.0.1"))}/`), /^Error: /);
    assert.deepEqual(web.take(), []);
    await server.stop();
  });

  test("rules by name hold whatever its address is; rules by address whatever its name is", async () => {
    const server = await serveSandboxes();
    const name = named([a(PUBLIC)]), other = named([a(PUBLIC)]), third = named([a(OTHER)]);
    const rules = { allow: [{ host: name }] };
    assert.equal(await go(server, rules, "fetch", `http://${name}/`), PUBLIC);
    for (const way of WAYS) assert.equal(await go(server, rules, way, `http://${other}/`), NO_REQUEST, way);
    assert.equal(lookups(other), 0, "what is forbidden is not looked up");
    assert.equal(await go(server, { allow: [{ cidr: `${PUBLIC}/32` }] }, "fetch", `http://${other}/`), PUBLIC);
    for (const way of WAYS) assert.equal(await go(server, { allow: [{ cidr: `${PUBLIC}/32` }] }, way, `http://${third}/`), NO_ADDRESS, way);
    assert.deepEqual(web.take(), [`${PUBLIC} 80`]);
    await server.stop();
  });

  test("a connection that was kept is judged by the rules of who would use it", async () => {
    const server = await serveSandboxes();
    const name = named([a(PUBLIC)]), url = `http://${name}/`;
    assert.equal(await go(server, { allow: [{ host: name }] }, "fetch", url), PUBLIC);
    assert.equal(await go(server, null, "fetch", url), PUBLIC);
    assert.equal(web.reached.length, 1, "it is kept");
    for (const rules of [{ deny: [{ cidr: `${PUBLIC}/32` }] }, { allow: [{ cidr: `${OTHER}/32` }] }])
      assert.equal(await go(server, rules, "fetch", url), NO_ADDRESS);
    for (const rules of [{ deny: [{ host: name }] }, { allow: [{ host: "other.test" }] }, { allow: [{ port: 81 }] }, { deny: [{ path: "/" }] }])
      assert.equal(await go(server, rules, "fetch", url), NO_REQUEST);
    assert.equal(await go(server, { allow: [{ cidr: `${PUBLIC}/32` }] }, "fetch", url), PUBLIC);
    assert.deepEqual(web.take(), [`${PUBLIC} 80`]);
    await server.stop();
  });

  test("what the configuration allows privately is all that is private and reached", async () => {
    const server = await serveSandboxes({ outbound: { public: true, allow: [{ cidr: "10.0.0.1/32", port: 80 }] } });
    const name = named(["10.0.0.1", "10.0.0.2", "127.0.0.1", "::1"].map(at));
    assert.equal(await go(server, null, "fetch", `http://${name}/`), "10.0.0.1");
    assert.equal(await go(server, null, "fetch", `http://${name}:8080/`), NO_ADDRESS);
    assert.equal(await go(server, null, "fetch", `http://${named(["10.0.0.2", "::ffff:127.0.0.1"].map(at))}/`), NO_ADDRESS);
    assert.equal(await go(server, null, "fetch", `http://${named([at("::ffff:10.0.0.1")])}/`), "10.0.0.1", "the same address");
    assert.deepEqual(web.take(), ["10.0.0.1 80"]);
    await server.stop();
  });

  test("huge answers, over TCP", async () => {
    const server = await serveSandboxes({ limits: { log_lines: 20 } });
    const many = (first, last) => (query) => {
      if (!query.tcp) return [message(query, { cut: true })];
      const records = Array.from({ length: 3000 }, (_, i) => a(`10.1.${i >> 8}.${i & 255}`));
      return [message(query, { records: query.type === "A" ? [...first, ...records, ...last] : [] })];
    };
    assert.equal(await go(server, null, "fetch", `http://${named(many([], []))}/`), NO_ADDRESS);
    for (const set of [many([a(PUBLIC)], []), many([], [a(PUBLIC)])]) // the resolver sorts them; whether it comes early is its affair
      assert.ok([PUBLIC, NO_ADDRESS].includes(await go(server, null, "fetch", `http://${named(set)}/`)));
    assert.ok(web.take().every((reached) => reached === `${PUBLIC} 80`));
    assert.ok(server.log.match(/refused to connect/g).length <= 80, "they do not flood the log");
    await server.stop();
  });

  test("answers that are broken, or to another question", async () => {
    const server = await serveSandboxes({ limits: { outbound_connect_ms: 1500 } });
    const lie = [a("127.0.0.1")], loop = { type: "A", data: Buffer.of(127, 0, 0, 1) };
    const pointing = (bytes) => {
      bytes.writeUInt16BE(0xc000 + bytes.length - 16, bytes.length - 16); // where the record's name is
      return bytes;
    };
    const cases = {
      "random bytes": () => Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 167) & 255)),
      "nothing but a head": (query) => message(query, {}).subarray(0, 12),
      "half a head": (query) => message(query, {}).subarray(0, 5),
      "an empty datagram": () => Buffer.alloc(0),
      "another id": (query) => message(query, { id: query.id ^ 1, records: lie }),
      "another question": (query) => message(query, { question: Buffer.concat([wire("other.test"), query.question.subarray(-4)]), records: lie }),
      "no question": (query) => message(query, { questions: 0, question: Buffer.alloc(0), records: lie }),
      "more records than there are": (query) => message(query, { count: 60000, records: lie }),
      "a name that points at itself": (query) => pointing(message(query, { records: [loop] })),
      "an address of three bytes": (query) => message(query, { records: [{ type: "A", data: Buffer.of(127, 0, 0) }] }),
      "an address of sixteen bytes": (query) => message(query, { records: [{ type: "A", data: Buffer.alloc(16, 127) }] }),
      "a length beyond the end": (query) => message(query, { records: [{ ...loop, length: 65535 }] }),
      "an alias that is no name": (query) => message(query, { records: [{ type: "CNAME", data: Buffer.of(63, 1, 2) }] }),
      "an alias of controls": (query) => message(query, { records: [cname("a\nb\x1b.test"), a("127.0.0.1", { name: "a\nb\x1b.test" })] }),
      "SERVFAIL": (query) => message(query, { rcode: 2 }),
      "REFUSED, and an address": (query) => message(query, { rcode: 5, records: lie }),
      "NXDOMAIN, and an address": (query) => message(query, { rcode: 3, records: lie }),
      "cut, and TCP brings garbage": (query) => (query.tcp ? Buffer.alloc(100, 0xc0) : message(query, { cut: true })),
      "an address for another name": (query) => message(query, { records: [a("127.0.0.1", { name: "other.test" })] }),
    };
    await Promise.all(Object.entries(cases).map(async ([name, answer]) => {
      const said = await go(server, null, "fetch", `http://${named(answer)}/`);
      assert.ok([UNKNOWN, LATE, NO_ADDRESS].includes(said), `${name}: ${said}`);
      assert.equal(await go(server, null, "fetch", "http://public.test/"), PUBLIC, name);
    }));
    assert.deepEqual(web.take(), [`${PUBLIC} 80`]);
    assert.deepEqual((await server.stop()), { code: 0, signal: null });
  });

  test("a name server that does not answer keeps nobody waiting but who asked", async () => {
    const server = await serveSandboxes({ limits: { outbound_connect_ms: 500 } });
    const silent = named(null);
    assert.equal(await go(server, null, "fetch", "http://public.test/"), PUBLIC);
    const pending = [...Array(20).keys()].map((i) => go(server, null, WAYS[i % 4], `http://${silent}:${1000 + i}/`));
    while (lookups(silent) < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(await go(server, null, "fetch", "http://public.test/"), PUBLIC);
    for (const said of await Promise.all(pending)) assert.equal(said, LATE);
    // whoever gives up need not wait either, nor does the end of the gateway
    const run = `async () => { const c = new AbortController(); const f = fetch("http://${silent}:2000/", { signal: c.signal }); c.abort(); return f; }`;
    assert.match(await told(server, null, run), /AbortError/);
    const last = go(server, null, "fetch", `http://${silent}:2001/`);
    while (!names.asked.some((query) => query.name === silent) || lookups(silent) < 42) await new Promise((resolve) => setTimeout(resolve, 5));
    const ended = server.stop();
    await Promise.all([last.catch(() => {}), ended]);
    assert.deepEqual(await ended, { code: 0, signal: null });
  });
}
