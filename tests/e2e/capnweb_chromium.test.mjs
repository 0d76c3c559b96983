// Cap'n Web with a browser as the client: Chromium, with the npm package bundled for browsers, on a page of another
// origin than the server's.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { browserBundle } from "./capnweb/build.mjs";
import { both, live } from "./capnweb/scenes.mjs";
import { HOW, workerServer } from "./capnweb/servers.mjs";

const MB = 8;
const LONG = ["10,000 calls in flight", "large streams each way"]; // once is enough
const SCENES = [["websocket", { ...both, ...live }], ["batch", both]];

let site, browser, page;
const servers = {};

// The page, which has the script and nothing else.
async function serveSite() {
  const script = await browserBundle("page.mjs");
  const server = http.createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

before(async () => {
  site = await serveSite();
  for (const how of HOW) servers[how] = await workerServer(how);
  const args = process.getuid() === 0 ? ["--no-sandbox"] : []; // which does not start as root
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium-headless-shell", args });
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${site.address().port}/`, { waitUntil: "load" });
});
after(async () => {
  await browser?.close();
  site.close();
  site.closeAllConnections();
  for (const how of HOW) await servers[how].stop();
});

for (const how of HOW) {
  for (const [transport, scenes] of SCENES) {
    for (const scene of Object.keys(scenes)) {
      if (how === "bundled" && LONG.includes(scene)) continue;
      test(`${how}, ${transport}: ${scene}`, async () => {
        const play = ([scene, url, transport, mb]) => globalThis.play(scene, url, transport, mb);
        assert.equal(await page.evaluate(play, [scene, servers[how].rpc, transport, MB]), "good");
      });
    }
  }
}
