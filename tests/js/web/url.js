// URL and URLSearchParams. Expected lines are what workerd prints.
const tests = [
  () => new URL("foo"),
  () => new URL("foo", "bar"),
  () => new URL(),
  () => URL.canParse("a"),
  () => URL.canParse("a", "http://b"),
  () => URL.canParse(),
  () => URL.parse("a"),
  () => URL.parse("b", "http://a").href,
  () => { const u = new URL("https://us%20er:p@ss@EXAMPLE.com:8080/a/../b?x=1#h"); return [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash]; },
  () => { const u = new URL("http://example.com"); return [u.href, u.username, u.password, u.host, u.port, u.pathname, u.search, u.hash]; },
  () => { const u = new URL("https://user@h:443/?#"); return [u.href, u.username, u.password, u.host, u.port, u.search, u.hash]; },
  () => { const u = new URL("data:text/plain,hi there"); return [u.href, u.origin, u.host, u.pathname]; },
  () => { const u = new URL("web+demo:/.//not-a-host/"); return [u.href, u.host, u.pathname]; },
  () => { const u = new URL("file:///C|/x"); return [u.href, u.host, u.pathname]; },
  () => new URL("http://[::1]:80/").host,
  () => new URL("http://0x7f.1/").host,
  () => new URL("http://münchen.de/ä?ö#ü").href,
  () => new URL("http://a/\ud800").href,
  () => new URL("blob:http://a/b").origin,
  () => { const u = new URL("http://a/"); u.href = "x"; },
  () => { const u = new URL("http://a/"); u.port = "99999"; return u.port; },
  () => { const u = new URL("http://a/"); u.host = "b:81"; u.hash = "z"; u.pathname = "p q"; u.protocol = "https"; u.username = "é"; u.password = "w"; return u.href; },
  () => { const u = new URL("http://a:1/"); u.hostname = "c"; u.search = "?s"; return u.href; },
  () => { const u = new URL("http://a/"); u.searchParams.append("a", "b c"); return u.href; },
  () => { const u = new URL("http://a/?x=1"); const s = u.searchParams; u.search = "?y=2"; return [s.get("x"), s.get("y"), u.searchParams === s]; },
  () => { const u = new URL("http://a/?x=1#h"); u.searchParams.delete("x"); return u.href; },
  () => JSON.stringify(new URL("http://a/b")),
  () => `${new URL("http://a/b")}`,
  () => new URLSearchParams("a=1&a=2&b=%20+").toString(),
  () => new URLSearchParams("?a=b&c").toString(),
  () => new URLSearchParams("??a=b").toString(),
  () => new URLSearchParams({ a: 1, b: "x&y" }).toString(),
  () => new URLSearchParams([["a"]]),
  () => new URLSearchParams([["a", "b"]]).toString(),
  () => new URLSearchParams(null).toString(),
  () => new URLSearchParams("a=1&b=2").has("a", "2"),
  () => { const p = new URLSearchParams("a=1&a=2"); p.delete("a", "1"); return p.toString(); },
  () => { const p = new URLSearchParams("a=1&b=2&a=3"); p.set("a", "4"); return p.toString(); },
  () => { const p = new URLSearchParams("z=1&a=2&z=0&ﬃ=3&🌈=4"); p.sort(); return [...p.keys()]; },
  () => { const p = new URLSearchParams("b=1&a=2&c=3"); const r = []; for (const [k] of p) { r.push(k); if (k === "b") p.delete("a"); } return r; },
  () => new URLSearchParams("b=1&a=2").size,
  () => new URLSearchParams("a=1&a=2").getAll("a"),
  () => new URLSearchParams().append("a"),
  () => new URLSearchParams().get(),
  () => new URLSearchParams().get("q"),
  () => new URLSearchParams("a=b").forEach(5),
  () => new URLSearchParams("a=%zz").toString(),
  () => Object.prototype.toString.call(new URLSearchParams()),
];

async function line(test) {
  const source = test.toString().replace(/^(async )?\(\) => /, "");
  try {
    const value = await test();
    return `${source} = ${typeof value === "string" ? JSON.stringify(value) : Array.isArray(value) ? JSON.stringify(value) : String(value)}`;
  } catch (e) {
    return `${source} throws ${e?.name}: ${e?.message}`;
  }
}

export default {
  async fetch(request) {
    globalThis.request = request;
    const lines = [];
    for (const test of tests) lines.push(await line(test));
    return new Response(lines.join("\n") + "\n");
  },
};

// expect: new URL("foo") throws TypeError: Invalid URL string.
// expect: new URL("foo", "bar") throws TypeError: Invalid URL string.
// expect: new URL() throws TypeError: Failed to construct 'URL': constructor parameter 1 is not of type 'USVString'.
// expect: URL.canParse("a") = false
// expect: URL.canParse("a", "http://b") = true
// expect: URL.canParse() throws TypeError: Failed to execute 'canParse' on 'URL': parameter 1 is not of type 'USVString'.
// expect: URL.parse("a") = null
// expect: URL.parse("b", "http://a").href = "http://a/b"
// expect: { const u = new URL("https://us%20er:p@ss@EXAMPLE.com:8080/a/../b?x=1#h"); return [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash]; } = ["https://us%20er:p%40ss@example.com:8080/b?x=1#h","https://example.com:8080","https:","us%20er","p%40ss","example.com:8080","example.com","8080","/b","?x=1","#h"]
// expect: { const u = new URL("http://example.com"); return [u.href, u.username, u.password, u.host, u.port, u.pathname, u.search, u.hash]; } = ["http://example.com/","","","example.com","","/","",""]
// expect: { const u = new URL("https://user@h:443/?#"); return [u.href, u.username, u.password, u.host, u.port, u.search, u.hash]; } = ["https://user@h/?#","user","","h","","",""]
// expect: { const u = new URL("data:text/plain,hi there"); return [u.href, u.origin, u.host, u.pathname]; } = ["data:text/plain,hi there","null","","text/plain,hi there"]
// expect: { const u = new URL("web+demo:/.//not-a-host/"); return [u.href, u.host, u.pathname]; } = ["web+demo:/.//not-a-host/","","//not-a-host/"]
// expect: { const u = new URL("file:///C|/x"); return [u.href, u.host, u.pathname]; } = ["file:///C:/x","","/C:/x"]
// expect: new URL("http://[::1]:80/").host = "[::1]"
// expect: new URL("http://0x7f.1/").host = "127.0.0.1"
// expect: new URL("http://münchen.de/ä?ö#ü").href = "http://xn--mnchen-3ya.de/%C3%A4?%C3%B6#%C3%BC"
// expect: new URL("http://a/\ud800").href = "http://a/%EF%BF%BD"
// expect: new URL("blob:http://a/b").origin = "http://a"
// expect: { const u = new URL("http://a/"); u.href = "x"; } throws TypeError: Failed to set the 'href' property on 'URL': the provided value is not of type 'valid URL string'.
// expect: { const u = new URL("http://a/"); u.port = "99999"; return u.port; } = ""
// expect: { const u = new URL("http://a/"); u.host = "b:81"; u.hash = "z"; u.pathname = "p q"; u.protocol = "https"; u.username = "é"; u.password = "w"; return u.href; } = "https://%C3%A9:w@b:81/p%20q#z"
// expect: { const u = new URL("http://a:1/"); u.hostname = "c"; u.search = "?s"; return u.href; } = "http://c:1/?s"
// expect: { const u = new URL("http://a/"); u.searchParams.append("a", "b c"); return u.href; } = "http://a/?a=b+c"
// expect: { const u = new URL("http://a/?x=1"); const s = u.searchParams; u.search = "?y=2"; return [s.get("x"), s.get("y"), u.searchParams === s]; } = [null,"2",true]
// expect: { const u = new URL("http://a/?x=1#h"); u.searchParams.delete("x"); return u.href; } = "http://a/#h"
// expect: JSON.stringify(new URL("http://a/b")) = "\"http://a/b\""
// expect: `${new URL("http://a/b")}` = "http://a/b"
// expect: new URLSearchParams("a=1&a=2&b=%20+").toString() = "a=1&a=2&b=++"
// expect: new URLSearchParams("?a=b&c").toString() = "a=b&c="
// expect: new URLSearchParams("??a=b").toString() = "%3Fa=b"
// expect: new URLSearchParams({ a: 1, b: "x&y" }).toString() = "a=1&b=x%26y"
// expect: new URLSearchParams([["a"]]) throws TypeError: Invalid URL search params sequence.
// expect: new URLSearchParams([["a", "b"]]).toString() = "a=b"
// expect: new URLSearchParams(null).toString() = "null="
// expect: new URLSearchParams("a=1&b=2").has("a", "2") = false
// expect: { const p = new URLSearchParams("a=1&a=2"); p.delete("a", "1"); return p.toString(); } = "a=2"
// expect: { const p = new URLSearchParams("a=1&b=2&a=3"); p.set("a", "4"); return p.toString(); } = "a=4&b=2"
// expect: { const p = new URLSearchParams("z=1&a=2&z=0&ﬃ=3&🌈=4"); p.sort(); return [...p.keys()]; } = ["a","z","z","🌈","ﬃ"]
// expect: { const p = new URLSearchParams("b=1&a=2&c=3"); const r = []; for (const [k] of p) { r.push(k); if (k === "b") p.delete("a"); } return r; } = ["b","c"]
// expect: new URLSearchParams("b=1&a=2").size = 2
// expect: new URLSearchParams("a=1&a=2").getAll("a") = ["1","2"]
// expect: new URLSearchParams().append("a") throws TypeError: Failed to execute 'append' on 'URLSearchParams': parameter 2 is not of type 'USVString'.
// expect: new URLSearchParams().get() throws TypeError: Failed to execute 'get' on 'URLSearchParams': parameter 1 is not of type 'USVString'.
// expect: new URLSearchParams().get("q") = null
// expect: new URLSearchParams("a=b").forEach(5) throws TypeError: Failed to execute 'forEach' on 'URLSearchParams': parameter 1 is not of type 'function'.
// expect: new URLSearchParams("a=%zz").toString() = "a=%25zz"
// expect: Object.prototype.toString.call(new URLSearchParams()) = "[object URLSearchParams]"
