// fetch() from upstreams that are not there, break off, or do not speak HTTP.
import { checks } from "../checks.js";

const get = (env, path, init) => fetch(env.UPSTREAM + path, init);
const raw = (env, text) => get(env, `/raw?${encodeURIComponent(text)}`);
const head = async (env, text) => {
  const r = await raw(env, text);
  return [r.status, r.statusText, [...r.headers], await r.text()];
};
const fails = async (promise) => {
  try {
    const r = await promise;
    await r.text();
    return "no error";
  } catch (e) {
    return e instanceof Error ? "an error" : "something else";
  }
};

export default checks({
  "nobody listens": () => fetch("http://127.0.0.1:1/"),
  "nobody listens, POST": () => fetch("http://127.0.0.1:1/", { method: "POST", body: "x" }),
  "nobody listens, a stream": () => fetch("http://127.0.0.1:1/", { method: "POST", body: new Response("x").body }),
  "https to what speaks http": ({ env }) => fails(fetch(env.UPSTREAM.replace("http:", "https:"))),
  "unknown host": () => fails(fetch("http://no-such-host.invalid/")),
  "closed without an answer": ({ env }) => raw(env, ""),
  "closed within the head": ({ env }) => raw(env, "HTTP/1.1 200 OK\r\ncontent-le"),
  "closed within the body": async ({ env }) => (await get(env, "/cut")).text(),
  "closed within the body, as a stream": async ({ env }) => {
    const reader = (await get(env, "/cut")).body.getReader();
    const first = await reader.read();
    let error;
    try {
      await reader.read();
    } catch (e) {
      error = e;
    }
    return [first.value.length, error];
  },
  "closed within a chunk": async ({ env }) => (await raw(env, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab")).text(),
  "closed before the last chunk": async ({ env }) => (await raw(env, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n")).text(),
  "a body to the end of the connection": ({ env }) => head(env, "HTTP/1.1 200 OK\r\n\r\nall of it"),
  "HTTP/1.0": ({ env }) => head(env, "HTTP/1.0 200 Fine\r\na: b\r\n\r\nold"),
  "no status text": ({ env }) => head(env, "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n"),
  "an empty status text": ({ env }) => head(env, "HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n"),
  "an odd status text": ({ env }) => head(env, "HTTP/1.1 299 So  so (really)\r\ncontent-length: 0\r\n\r\n"),
  "header names in any case, values trimmed": ({ env }) => head(env, "HTTP/1.1 200 OK\r\nX-A:  b \t\r\nCONTENT-length: 0\r\n\r\n"),
  "an empty header": ({ env }) => head(env, "HTTP/1.1 200 OK\r\nx-a:\r\ncontent-length: 0\r\n\r\n"),
  "a header with bytes above 127": ({ env }) => head(env, "HTTP/1.1 200 OK\r\nx-a: caf\u00e9\r\ncontent-length: 0\r\n\r\n"),
  "chunks with extensions": ({ env }) => head(env, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\n\r\n"),
  "1xx before": ({ env }) => head(env, "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
  "more than announced": async ({ env }) => (await raw(env, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokmore")).text(),
  "a body on a 204": ({ env }) => head(env, "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\nbody"),
  "garbage": ({ env }) => fails(raw(env, "this is not HTTP at all, it is only some text\r\n\r\n")),
  "a status line cut short": ({ env }) => fails(raw(env, "HTTP/1.1\r\n\r\n")),
  "a status that is no number": ({ env }) => fails(raw(env, "HTTP/1.1 abc OK\r\n\r\n")),
  "a header without a colon": ({ env }) => fails(raw(env, "HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 0\r\n\r\n")),
  "a header with NUL": ({ env }) => fails(raw(env, "HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n")),
  "a length that is no number": ({ env }) => fails(raw(env, "HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n")),
  "two lengths that differ": ({ env }) => fails(raw(env, "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab")),
  "a negative length": ({ env }) => fails(raw(env, "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n")),
  "a chunk's size that is no number": ({ env }) => fails(raw(env, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n")),
  "the error's class": async () => {
    const e = await fetch("http://127.0.0.1:1/").catch((error) => error);
    return [e instanceof Error, e.constructor.name, e instanceof TypeError, Object.keys(e)];
  },
  "others are not disturbed": async ({ env }) => {
    const [good] = await Promise.all([get(env, "/chunks"), raw(env, "").catch(() => 0), get(env, "/cut").then((r) => r.text()).catch(() => 0)]);
    return good.text();
  },
});
