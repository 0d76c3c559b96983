// `mayfly serve --rpc` and a page in a browser: one whose origin may connect, and one whose origin may not.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { root, serve } from "./harness.mjs";

const TOKEN = "a-token-for-the-tests-0123456789";
const library = fs.readFileSync(path.join(root, "node_modules/capnweb/dist/index.js"));
let site, server, browser;

before(async () => {
  site = http.createServer((request, response) => {
    const isLibrary = request.url === "/capnweb.js";
    response.writeHead(200, { "content-type": isLibrary ? "text/javascript" : "text/html" });
    response.end(isLibrary ? library : "<!doctype html>");
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const rpc = { path: "/rpc", token_file: "token", origins: [`http://127.0.0.1:${site.address().port}`] };
  server = await serve({ "index.js": "export default {};", token: TOKEN }, { rpc });
  const args = process.getuid() === 0 ? ["--no-sandbox"] : []; // which does not start as root
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium-headless-shell", args });
});
after(async () => {
  await browser?.close();
  site.close();
  site.closeAllConnections();
  await server.stop();
});

// What this function returns in the page, or the error.
async function inPage(host, f) {
  const page = await browser.newPage();
  await page.goto(`http://${host}:${site.address().port}/`, { waitUntil: "load" });
  return page.evaluate(f, { port: server.port, token: TOKEN }).catch((e) => `${e}`);
}

test("a page gives a sandbox a function and an object, which it calls in the page", async () => {
  const got = await inPage("127.0.0.1", async ({ port, token }) => {
    const { newWebSocketRpcSession, RpcTarget } = await import("/capnweb.js");
    class Page extends RpcTarget {
      title(text) {
        return (document.title = text);
      }
    }
    const source = `import { WorkerEntrypoint } from "cloudflare:workers";
      export default class extends WorkerEntrypoint {
        async run(f) { return [await this.env.PAGE.title("by the sandbox"), await f(20)]; }
      }`;
    const mayfly = newWebSocketRpcSession(`ws://127.0.0.1:${port}/rpc`);
    const worker = mayfly.authenticate(token).load({
      mainModule: "a.js",
      modules: { "a.js": source },
      env: { PAGE: new Page() },
      globalOutbound: null,
    });
    return [...(await worker.getEntrypoint().run((n) => n + 1)), document.title];
  });
  assert.deepEqual(got, ["by the sandbox", 21, "by the sandbox"]);
});

const version = {
  async websocket({ port, token }) {
    const { newWebSocketRpcSession } = await import("/capnweb.js");
    return newWebSocketRpcSession(`ws://127.0.0.1:${port}/rpc`).authenticate(token).version();
  },
  async batch({ port, token }) {
    const { newHttpBatchRpcSession } = await import("/capnweb.js");
    return newHttpBatchRpcSession(`http://127.0.0.1:${port}/rpc`).authenticate(token).version();
  },
};
for (const [transport, ask] of Object.entries(version))
  test(`${transport}: a page of another origin gets nothing, token or not`, async () => {
    assert.match(await inPage("127.0.0.1", ask), /^\d+\.\d+\.\d+$/);
    assert.match(await inPage("localhost", ask), /Error/);
  });
