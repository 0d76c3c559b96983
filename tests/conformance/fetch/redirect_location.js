// What an upstream may write in Location: bytes, blanks, several headers, other spellings of its own origin, and where each leads.
import { checks } from "../checks.js";

const raw = (env, ...lines) => `${env.UPSTREAM}/raw?${encodeURIComponent(`HTTP/1.1 ${lines.join("\r\n")}\r\nconnection: close\r\ncontent-length: 5\r\n\r\nmoved`)}`;
const host = (env) => env.UPSTREAM.slice("http://".length);
const port = (env) => env.UPSTREAM.slice("http://127.0.0.1:".length);
const after = async (promise) => {
  const r = await promise;
  const text = await r.text();
  return [r.status, r.redirected, r.url.replace(/raw\?.*/, "raw?").replace(/(localhost|^ws:.*):\d+/, "$1:PORT"), text.startsWith("{") ? JSON.parse(text).url : text];
};
const secret = { headers: { authorization: "Bearer x", cookie: "a=1" } };
// Where a 302 with these lines leads, and what credentials arrive.
const to = (env, ...lines) => after(fetch(raw(env, "302 Found", ...lines)));
const credentials = async (env, location) => {
  const r = await fetch(raw(env, "307 Away", `Location: ${location}`), secret);
  return (await r.json()).headers.map(([name]) => name);
};

export default checks({
  "absolute": ({ env }) => to(env, `Location: ${env.UPSTREAM}/echo`),
  "without a scheme": ({ env }) => to(env, `Location: //${host(env)}/echo?s`),
  "backslashes": ({ env }) => to(env, `Location: \\\\${host(env)}\\echo`),
  "one slash": ({ env }) => to(env, `Location: http:/echo`),
  "the scheme alone": ({ env }) => to(env, `Location: http:echo`),
  "three slashes": ({ env }) => to(env, `Location: http:///${host(env)}/echo`),
  "uppercase scheme and name": ({ env }) => to(env, `LOCATION: HTTP://LOCALHOST:${port(env)}/echo`),
  "a dot": ({ env }) => to(env, "Location: ./echo"),
  "dots beyond the root": ({ env }) => to(env, "Location: ../../../../echo"),
  "encoded dots": ({ env }) => to(env, "Location: /a/%2e%2E/echo"),
  "an encoded slash stays": ({ env }) => to(env, "Location: /echo/a%2f..%2Fb"),
  "a bad percent": ({ env }) => to(env, "Location: /echo?%zz%"),
  "a number as address": ({ env }) => to(env, `Location: http://2130706433:${port(env)}/echo`),
  "hexadecimal and short": ({ env }) => to(env, `Location: http://0x7f.1:${port(env)}/echo`),
  "octal": ({ env }) => to(env, `Location: http://0177.0.0.01:${port(env)}/echo`),
  "full-width digits, as bytes of UTF-8": ({ env }) => to(env, `Location: http://\u00ef\u00bc\u0091\u00ef\u00bc\u0092\u00ef\u00bc\u009727.0.0.1:${port(env)}/echo`),
  "leading zeros in the port": ({ env }) => to(env, `Location: http://127.0.0.1:0000${port(env)}/echo`),
  "a port too large": ({ env }) => to(env, "Location: http://127.0.0.1:65536/echo"),
  "a port that is none": ({ env }) => to(env, "Location: http://127.0.0.1:8x/echo"),
  "no host": ({ env }) => to(env, "Location: http://"),
  "a host with a blank": ({ env }) => to(env, "Location: http://a b/"),
  "a host with a percent": ({ env }) => to(env, "Location: http://a%00b/"),
  "an address that is none": ({ env }) => to(env, "Location: http://256.0.0.1/"),
  "blanks around": ({ env }) => to(env, "Location:  \t /echo?b \t "),
  "blanks within": ({ env }) => to(env, "Location: /echo?a b\tc"),
  "nothing but blanks": ({ env }) => to(env, "Location: \t "),
  "a fragment alone": ({ env }) => fetch(raw(env, "302 Found", "Location: #f")).then((r) => r.text()).catch((e) => e.message.slice(0, 19)),
  "a fragment": ({ env }) => to(env, "Location: /echo?f#there%0d%0a"),
  "encoded line ends": ({ env }) => to(env, "Location: /echo?%0d%0aset-cookie:%20a=b"),
  "bytes of UTF-8": ({ env }) => to(env, "Location: /echo?\u00c3\u00a9"),
  "a byte of Latin-1": ({ env }) => to(env, "Location: /echo?\u00e9"),
  "quotes and brackets": ({ env }) => to(env, "Location: /echo?<\">`{}|\\^"),
  "two headers": ({ env }) => to(env, "Location: /echo?1", "Location: /echo?2"),
  "two that are the same": ({ env }) => to(env, "Location: /echo?1", "Location: /echo?1"),
  "an empty one, then another": ({ env }) => to(env, "Location:", "Location: /echo?2"),
  "content-location is another": ({ env }) => to(env, "Content-Location: /echo"),
  "refresh is another": ({ env }) => to(env, "Refresh: 0; url=/echo"),
  "data:": ({ env }) => to(env, "Location: data:text/html,x"),
  "javascript:": ({ env }) => to(env, "Location: javascript:alert(1)"),
  "blob:": ({ env }) => to(env, `Location: blob:${env.UPSTREAM}/x`),
  "about:blank": ({ env }) => to(env, "Location: about:blank"),
  "no scheme, but a colon": ({ env }) => to(env, "Location: 127.0.0.1:80/echo"),
  "ws:": ({ env }) => to(env, `Location: ws://${host(env)}/echo`),
  "a very long one": async ({ env }) => (await to(env, `Location: /echo?${"x".repeat(7000)}`))[3].length,
  "other statuses do not go": async ({ env }) => {
    const statuses = ["200 OK", "201 Created", "300 Choose", "304 Not", "305 Proxy", "306 Old", "309 New", "310 Ten", "399 Last", "400 Bad", "503 Not"];
    const seen = [];
    for (const status of statuses) seen.push((await fetch(raw(env, status, "Location: /echo"))).redirected);
    return seen;
  },
  "credentials stay within the origin": ({ env }) => credentials(env, `http://127.1:${port(env)}/echo`),
  "and with a user in the location": ({ env }) => credentials(env, `http://user:pass@${host(env)}/echo`),
  "another name of the machine is another origin": ({ env }) => credentials(env, `http://localhost:${port(env)}/echo`),
  "so is the name with a dot": async ({ env }) => {
    const { headers } = await (await fetch(raw({ UPSTREAM: `http://localhost:${port(env)}` }, "307 Away", `Location: http://LocalHost:${port(env)}/echo`), secret)).json();
    return headers.map(([name]) => name);
  },
  "the body is dropped, and what it is in the headers": async ({ env }) => {
    const headers = { "content-encoding": "x", "content-type": "a/b", "content-md5": "m", "content-length": "1", "content-disposition": "d", expect: "", "x-a": "1" };
    const seen = await (await fetch(raw(env, "303 See", "Location: /echo"), { method: "POST", body: "b", headers })).json();
    return [seen.method, seen.body, seen.headers.map(([name]) => name)];
  },
  "methods": async ({ env }) => {
    const seen = [];
    for (const status of [301, 302, 303, 307, 308])
      for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "post"]) {
        const r = await fetch(raw(env, `${status} To`, "Location: /echo"), { method });
        seen.push(`${status} ${method} ${(await r.json()).method}`);
      }
    return seen;
  },
  "what is manual shows it as it came": async ({ env }) => {
    const seen = [];
    for (const location of ["/echo", " /a b ", "javascript:1", "//x", "\u00c3\u00a9", "\u00e9"]) {
      const r = await fetch(raw(env, "302 Found", `Location: ${location}`), { redirect: "manual" });
      seen.push([r.status, r.headers.get("location"), r.redirected, await r.text()]);
    }
    return seen;
  },
});
