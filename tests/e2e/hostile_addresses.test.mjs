// hostile_addresses.test.mjs: spellings of private addresses, and URLs that look as if they lead elsewhere (C8), by each way
// to the network. The oracle: servers on all addresses, of which no private one may ever see a connection.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { a, NameServer } from "./hostile/names.mjs";
import { insideOwnNetwork, NAME_SERVER } from "./hostile/network.mjs";
import { go, NO_ADDRESS, NO_REQUEST, serveSandboxes, told, WAYS } from "./hostile/sandboxes.mjs";
import { Web } from "./hostile/web.mjs";

const PUBLIC = "93.184.216.34", PUBLIC6 = "2606:4700::6810:1";
const SPELLINGS = [
  // 127.0.0.1
  "127.1", "127.0.1", "127.65535", "2130706433", "0x7f000001", "0x7F.0.0.1", "0x7f.1", "0177.0.0.1", "0177.1", "017700000001", "00000177.0.0.1",
  "0x00000000000000007f.0x0.0.01", "127.0.0.1.", "127.1.", "0x7f000001.", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "\uff11\uff12\uff17.0.0.1", "127\u30020\uff0e0\uff611",
  "\u2460\u2461\u2466.0.0.1", "127.0.0.\u00b9", "\ud835\udfcf27.0.0.1", "%EF%BC%9127.0.0.1", "12\u00ad7.0.0.1", "127.0.0.1%2e", "0", "0.0.0.0", "0x0", "00", "0.", "127.255.255.254",
  "localhost", "LOCALHOST", "l\u24deCalhost", "%6cocalhost", "a.localhost", "local\u00adhost",
  // 169.254.169.254, 10.0.0.1, 192.168.0.1, 172.16.0.1
  "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "169.254.43518", "169.16689662", "0xa9.0xfe.0xa9.0xfe", "\uff11\uff16\uff19.254.169.254",
  "0x0a000001", "012.1", "10.1", "167772161", "0xc0a80001", "192.168.1", "192.11010049", "0xac100001", "172.1048577", "100.6553600", "224.1", "4294967295", "0xffffffff",
  // IPv6
  "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0.0.0.1]", "[0::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]",
  "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::ffff:10.0.0.1]", "[::ffff:0.0.0.0]",
  "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::127.0.0.1]", "[64:ff9b::10.0.0.1]", "[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2002:a9fe:a9fe::1]", "[2002:c0a8:1::]",
  "[2001:0:7f00:1::]", "[2001::ffff]", "[fe80::1]", "[febf::1]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[fdff::]", "[ff02::1]", "[ff0e::1]", "[100::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[4000::1]",
];
const INVALID = [
  "0x100000000", "256.0.0.1", "127.0.0.256", "4294967296", "1.2.3.4.5", "0x7f.0.0.0.1", "127.0.0.08", "127..1", "0xg.1", "[::1", "::1", "[::1]]", "[::1%25lo]", "[fe80::1%25eth0]", "[fe80::1%lo]",
  "[127.0.0.1]", "[::127.1]", "[::0x7f.0.0.1]", "[::1::]", "[:::1]", "127.0.0.1%00.example.com", "127.0.0.1%0a", "a%2fb", "a%40b", "a%3a80", "a%23b", "exa mple", "[v1.a]",
];

if (insideOwnNetwork(import.meta.url)) {
  let names, web, server;
  before(async () => {
    names = await NameServer.start(NAME_SERVER);
    names.names.set("public.test", [a(PUBLIC)]);
    web = await Web.start(["::", 80], ["::", 443], ["::", 8080]);
    server = await serveSandboxes({ limits: { log_lines: 100000, log_kb: 100000 } });
  });
  after(async () => {
    await server.stop();
    names.stop();
    web.stop();
  });
  const all = (rules, urls, way) =>
    told(server, rules, `async () => {
      const urls = ${JSON.stringify(urls)}, results = {};
      for (const url of urls) results[url] = await ways.${way}(url).catch(said);
      return results;
    }`).then(JSON.parse);

  for (const way of WAYS)
    test(`spellings of private addresses: ${way}`, async () => {
      const urls = SPELLINGS.map((host) => `http://${host}/`);
      for (const rules of [null, { allow: [{ host: "*" }] }, { allow: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] }])
        for (const [url, said] of Object.entries(await all(rules, urls, way))) assert.equal(said, NO_ADDRESS, url);
      assert.deepEqual(web.take(), []);
    });

  test("what is no host is no URL", async () => {
    const urls = INVALID.flatMap((host) => [`http://${host}/`, `http://${host}:80/`]);
    for (const way of WAYS)
      for (const [url, said] of Object.entries(await all(null, urls, way))) assert.match(said, /^(TypeError|SyntaxError): /, `${way} ${url}`);
    assert.deepEqual(web.take(), []);
  });

  test("URLs that look as if they lead elsewhere", async () => {
    const to = (address) => [
      `http://public.test@${address}/`, `http://public.test:80@${address}/`, `http://public.test%2f@${address}/`, `http://a:b@public.test@${address}/`,
      `http:${address}/`, `http:\\\\${address}\\public.test`, `http:/${address}/`, `http:////${address}/`, `http://${address}\\@public.test/`,
      `http://${address}#@public.test/`, `http://${address}?@public.test/`, `http://${address}/@public.test/`, `http://${address}:80@public.test:80@${address}/`,
      `\t h\nt\rt\tp://${address}/`.trim(), `http://\t${address.replace(".", "\n.")}/`, `HTTP://${address}/`, `http://${address}:080/`, `http://${address}:/`, `http://${address}:00000080/`,
      `//${address}/`.replace("//", "http://x:y@"),
    ];
    for (const address of ["127.0.0.1", "[::1]", "169.254.169.254", "0x7f.1"])
      for (const way of ["fetch", "upgrade", "connect"])
        for (const [url, said] of Object.entries(await all(null, to(address), way))) assert.equal(said, NO_ADDRESS, `${way} ${url}`);
    assert.deepEqual(web.take(), []);
    // and the other way round: these do lead to the public one
    const back = ["http://127.0.0.1@public.test/", "http://127.0.0.1:80@public.test/", "http://public.test/@127.0.0.1", "http://public.test\\@127.0.0.1/",
      "http://public.test?@127.0.0.1", "http://PUBLIC.test./", "http://public%2etest/", "http://\uff50ublic\u3002test/"];
    for (const [url, said] of Object.entries(await all(null, back, "fetch"))) assert.equal(said, PUBLIC, url);
    assert.deepEqual(web.take(), [`${PUBLIC} 80`]);
  });

  test("hosts of rules in other spellings", async () => {
    const spellings = ["http://PUBLIC.TEST/", "http://public.test./", "http://%70ublic.test/", "http://\uff50ublic.test/", "http://publi\u24d2.test/", "http://user@public.test/", "http://public\u3002test/", "http://pub\u00adlic.test/"];
    for (const rules of [{ deny: [{ host: "public.test" }] }, { deny: [{ host: "*.test" }] }, { allow: [{ host: "other.test" }] }, { deny: [{ port: 80 }] }])
      for (const way of WAYS)
        for (const [url, said] of Object.entries(await all(rules, spellings, way))) assert.equal(said, NO_REQUEST, `${way} ${url} ${JSON.stringify(rules)}`);
    assert.deepEqual(web.take(), []);
    for (const [url, said] of Object.entries(await all({ allow: [{ host: "public.test" }] }, spellings, "fetch"))) assert.equal(said, PUBLIC, url);
    web.take();
    for (const host of ["0x5db8d822", "93.12113954", "[::ffff:93.184.216.34]", "93.184.216.34."]) {
      assert.equal(await go(server, { deny: [{ cidr: `${PUBLIC}/32` }] }, "fetch", `http://${host}/`), NO_ADDRESS, host);
      assert.equal(await go(server, { allow: [{ cidr: `${PUBLIC}/32` }] }, "fetch", `http://${host}/`), PUBLIC, host);
    }
    assert.equal(await go(server, { allow: [{ host: PUBLIC6 }] }, "fetch", "http://[2606:4700:0:0::6810:1]/"), PUBLIC6);
    assert.equal(await go(server, { deny: [{ host: PUBLIC6 }] }, "fetch", "http://[2606:4700:0:0::6810:1]/"), NO_REQUEST);
    web.take();
  });

  test("redirects to every spelling", async () => {
    for (const host of SPELLINGS) {
      const url = `http://public.test/?to=${encodeURIComponent(`http://${encodeURI(host).replaceAll("%25", "%").replaceAll("%5B", "[").replaceAll("%5D", "]")}:8080/`)}`;
      assert.equal(await go(server, null, "fetch", url), NO_ADDRESS, host);
    }
    for (const to of ["//127.0.0.1/", "\\\\127.0.0.1\\", "http:127.0.0.1", "/\\127.0.0.1", "///127.0.0.1", "http://public.test@127.0.0.1/"]) {
      const said = await go(server, null, "fetch", `http://public.test/?to=${encodeURIComponent(to)}`);
      // "http:127.0.0.1" has the scheme of its base, and so is a path
      assert.equal(said, to === "http:127.0.0.1" ? PUBLIC : NO_ADDRESS, to);
    }
    for (const to of ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "data:text/plain,x", "tcp://127.0.0.1:80", "javascript:1", "http://127.0.0.1:99999/", "http://[::1%25lo]/"])
      assert.match(await go(server, null, "fetch", `http://public.test/?to=${encodeURIComponent(to)}`), /^(TypeError|Error): /, to);
    assert.ok(web.take().every((reached) => reached === `${PUBLIC} 80`));
  });
}
