// platform.js: what the web platform costs. Each takes n and does its thing n times; the benchmark times the request
// from outside, with n and with none, since clocks do not advance within an event.
const MEGABYTE = 1 << 20;
const people = (count) => Array.from({ length: count }, (_, i) => ({ id: i, name: `person ${i}`, tags: ["a", "b"],
  score: i / 3, active: i % 2 === 0, address: { street: `${i} Main Street`, city: "Springfield" } }));
let text, bytes, tenKilobytes, json; // made when first asked for: a server that is idle should hold none of it
let kept; // so that nothing is dead code

function prepare() {
  text = "The quick brown fox jumps over the lazy dog, 0123456789. ".repeat(Math.ceil(MEGABYTE / 57)).slice(0, MEGABYTE);
  bytes = new TextEncoder().encode(text);
  tenKilobytes = people(80);
  json = JSON.stringify(people(7500)); // 1 MB
}

const operations = {
  url(n) {
    for (let i = 0; i < n; i++) kept = new URL(`https://example.com:8080/a/b/../c?id=${i}#top`).href;
  },
  headers(n) {
    const headers = new Headers();
    for (let i = 0; i < n; i++) {
      headers.set("X-Number", `${i}`);
      kept = headers.get("x-number");
    }
  },
  classes(n) {
    for (let i = 0; i < n; i++) kept = [new Request("https://example.com/", { headers: { a: "b" } }), new Response("x")];
  },
  encode(n) {
    for (let i = 0; i < n; i++) kept = new TextEncoder().encode(text);
  },
  decode(n) {
    for (let i = 0; i < n; i++) kept = new TextDecoder().decode(bytes);
  },
  clone(n) {
    for (let i = 0; i < n; i++) kept = structuredClone(tenKilobytes);
  },
  async sha256(n) {
    for (let i = 0; i < n; i++) kept = await crypto.subtle.digest("SHA-256", bytes);
  },
  json(n) {
    for (let i = 0; i < n; i++) kept = JSON.stringify(JSON.parse(json));
  },
  async gzip(n) {
    for (let i = 0; i < n; i++) {
      kept = await new Response(new Response(bytes).body.pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
    }
  },
};

export async function platform(url) {
  const { searchParams } = new URL(url);
  if (!text) prepare();
  await operations[searchParams.get("what")](Number(searchParams.get("n")));
  return new Response("done\n");
}
