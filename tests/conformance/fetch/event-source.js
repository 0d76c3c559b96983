// EventSource: its arguments, a stream of the Worker's own, a server's answers.
import { checks } from "../checks.js";

const bytes = (...parts) => new ReadableStream({
  type: "bytes",
  start(c) {
    for (const part of parts) c.enqueue(typeof part === "string" ? new TextEncoder().encode(part) : new Uint8Array(part));
    c.close();
  },
});
const until = (es, ...types) => new Promise((resolve) => {
  const seen = [];
  for (const type of ["message", ...types]) {
    es.addEventListener(type, (e) => seen.push([e.type, e.data, e.lastEventId, e.origin]));
  }
  es.addEventListener("error", (e) => resolve([...seen, `${e.error}`, es.readyState]));
});
const from = (...parts) => until(EventSource.from(bytes(...parts)), "named");

export default checks({
  "no url": () => new EventSource(),
  "a bad url": () => new EventSource("nothing"),
  "credentials": () => new EventSource("http://a/", { withCredentials: true }),
  "a bad fetcher": () => new EventSource("http://a/", { fetcher: {} }),
  "bad init": () => new EventSource("http://a/", 1),
  "without new": () => EventSource("http://a/"),
  "from nothing": () => EventSource.from(),
  "from a string": () => EventSource.from("a"),
  "from a locked stream": () => {
    const s = bytes("a");
    s.getReader();
    return EventSource.from(s);
  },
  "from a used stream": async () => {
    const s = bytes("a");
    const r = s.getReader();
    await r.read();
    r.releaseLock();
    return EventSource.from(s);
  },
  "constants": () => [EventSource.CONNECTING, EventSource.OPEN, EventSource.CLOSED],
  "constants of the prototype": () => [EventSource.prototype.CONNECTING, EventSource.prototype.CLOSED],
  "members": () => Object.getOwnPropertyNames(EventSource.prototype).sort(),
  "dispose": () => typeof EventSource.prototype[Symbol.dispose],
  "a tag": () => `${EventSource.from(bytes())}`,
  "state": () => {
    const es = EventSource.from(bytes());
    const before = [es.readyState, es.url, es.withCredentials, es.onmessage, es.onopen];
    es.close();
    return [...before, es.readyState];
  },
  "one": () => from("data: a\n\n"),
  "lines of data": () => from("data: a\ndata:b\ndata\ndata:  c\n\n"),
  "CR and CRLF": () => from("data: a\r\rdata: b\r\n\r\n"),
  "in pieces": () => from("da", "ta: a", "\n", "\nda", "ta: b\n\n"),
  "named": () => from("event: named\ndata: a\n\nevent:\ndata: b\n\n"),
  "ids": () => from("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"),
  "comments and unknown fields": () => from(": a\nfoo: b\ndata: c\n\n:\n\n"),
  "no data": () => from("event: named\n\ndata\n\n"),
  "no end": () => from("data: a\n\ndata: b\n"),
  "BOM": () => from([0xef, 0xbb, 0xbf], "data: a\n\n"),
  "UTF-8 in pieces": () => from([100, 97, 116, 97, 58, 0xc3], [0xa9, 10, 10]),
  "bad UTF-8": () => from([100, 97, 116, 97, 58, 0xff, 10, 10]),
  "wrong type": ({ env }) => until(new EventSource(`${env.UPSTREAM}/echo`)),
  "no type": ({ env }) => until(new EventSource(`${env.UPSTREAM}/chunks`)),
  "wrong status": ({ env }) => until(new EventSource(`${env.UPSTREAM}/status/404`)),
  "204": ({ env }) => until(new EventSource(`${env.UPSTREAM}/status/204`)),
  "from a server, and again": ({ env }) => new Promise((resolve) => {
    const es = new EventSource(`${env.UPSTREAM}/events?retry:1000%0Aid:7%0Adata:a%0A%0A`);
    const seen = [];
    es.onopen = (e) => seen.push([e.type, es.readyState]);
    es.onerror = (e) => seen.push([e.type, `${e.error}`, es.readyState]);
    es.onmessage = (e) => {
      seen.push([e.data, e.lastEventId, e.origin === env.UPSTREAM]);
      if (seen.length < 7) return;
      es.close();
      resolve(seen);
    };
  }),
  "a redirect": ({ env }) => new Promise((resolve) => {
    const es = new EventSource(`${env.UPSTREAM}/goto/302?/events?x`);
    es.onmessage = (e) => {
      resolve([e.data, es.url === `${env.UPSTREAM}/events?x`]);
      es.close();
    };
    es.onerror = (e) => resolve(`${e.error}`);
  }),
  "a listener that throws": () => new Promise((resolve) => {
    const es = EventSource.from(bytes("data: a\n\ndata: b\n\n"));
    const seen = [];
    es.onerror = (e) => resolve([...seen, `${e.error}`, es.readyState]);
    es.onmessage = (e) => {
      seen.push(e.data);
      throw new RangeError("thrown");
    };
  }),
  "MessageEvent with origin null": () => new MessageEvent("a", { origin: null }).origin,
  "url and state at first": ({ env }) => {
    const es = new EventSource(`${env.UPSTREAM}/never`);
    const before = [es.url === `${env.UPSTREAM}/never`, es.readyState];
    es.close();
    return [...before, es.readyState];
  },
});
