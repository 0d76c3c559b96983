// node:querystring, node:string_decoder, node:url, node:punycode.
import qs from "node:querystring";
import { StringDecoder } from "node:string_decoder";
import url from "node:url";
import punycode from "node:punycode";
import { checks } from "../checks.js";

const plain = (object) => ({ ...object });
const decode = (encoding, ...pieces) => { const d = new StringDecoder(encoding); return [...pieces.map((p) => d.write(Buffer.from(p))), d.end()]; };

export default checks([
  () => Object.keys(qs).sort(),
  () => qs.stringify({ a: 1, b: ["x", "y"], c: "", d: true, e: null, f: 5n, g: {}, h: "é &=" }),
  () => qs.stringify({ a: 1, b: 2 }, ";", ":"),
  () => qs.stringify({ a: "x y" }, "&", "=", { encodeURIComponent: (s) => `<${s}>` }),
  () => [qs.stringify("a"), qs.stringify(null), qs.stringify({ a: NaN, b: Infinity })],
  () => plain(qs.parse("a=1&b=2&a=3&c&=d&e=%20x+y&f=%zz&%61=4")),
  () => plain(qs.parse("a:1;b:2", ";", ":")),
  () => plain(qs.parse("a=1&b=2&c=3", null, null, { maxKeys: 2 })),
  () => Object.getPrototypeOf(qs.parse("a=1")),
  () => [qs.escape("é &/"), qs.unescape("%C3%A9+%26"), qs.unescape("%zz"), qs.unescapeBuffer("%41b").toString()],
  () => [qs.encode === qs.stringify, qs.decode === qs.parse],
  () => qs.escape("\ud800"),
  () => decode("utf8", [0xe2, 0x82], [0xac]),
  () => decode("utf8", [0xe2], [0x82], [0x41]),
  () => decode("utf8", [0xf0, 0x9f, 0x98]),
  () => decode("utf8", [0xff, 0x41], [0xc3]),
  () => decode("utf16le", [0x61], [0x00, 0x3d], [0xd8, 0x00], [0xde]),
  () => decode("base64", [1], [2, 3, 4]),
  () => decode("hex", [0xab], [0xcd]),
  () => decode("latin1", [0xe9]),
  () => { const d = new StringDecoder(); d.write(Buffer.from([0xe2, 0x82])); return [d.encoding, d.end(), d.end()]; },
  () => new StringDecoder("x"),
  () => new StringDecoder().write(5),
  () => new StringDecoder().write("text"),
  () => Object.keys(url).sort(),
  () => plain(url.parse("http://u:p@h.com:80/p/a?q=1#f")),
  () => plain(url.parse("/a?b=c", true)),
  () => plain(url.parse("//h/p", false, true)),
  () => plain(url.parse("mailto:a@b.c")),
  () => url.parse(5),
  () => url.parse("http://a b"),
  () => [url.format({ protocol: "http", host: "a", pathname: "b", query: { c: 1 } }), url.format({ host: "a", pathname: "/b" }), url.format("http://a/b"), url.format({ protocol: "mailto:", pathname: "x" })],
  () => [url.format(new URL("http://u:p@測試.com/a?b#c"), { fragment: false, unicode: true, auth: false }), url.format(new URL("http://a/b?c"), { search: false })],
  () => [url.resolve("/a/b", "../c"), url.resolve("http://a/b", "c"), url.resolve("http://a/", "//b/c"), url.resolve("http://a/b?c", "#d")],
  () => [url.fileURLToPath("file:///a/b%20c"), url.fileURLToPath(new URL("file:///x")), url.fileURLToPath("file:///C:/a", { windows: true })],
  () => url.fileURLToPath("http://a/"),
  () => url.fileURLToPath("file://host/a"),
  () => url.fileURLToPath("file:///a%2Fb"),
  () => url.fileURLToPath(5),
  () => ["/a b#?%", "/x/", "rel", "/a\\b\n"].map((p) => url.pathToFileURL(p).href),
  () => url.pathToFileURL(5),
  () => [url.domainToASCII("español.com"), url.domainToUnicode("xn--espaol-zwa.com"), url.domainToASCII("xn--iñvalid.com")],
  () => url.urlToHttpOptions(new URL("http://a:b@c:8/d?e#f")),
  () => [url.URL === URL, url.URLSearchParams === URLSearchParams],
  () => [punycode.encode("mañana"), punycode.decode("maana-pta"), punycode.toASCII("mañana.com"), punycode.toUnicode("xn--maana-pta.com"), punycode.ucs2.decode("a😀"), punycode.ucs2.encode([0x61, 0x1f600])],
]);
