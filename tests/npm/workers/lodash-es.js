// lodash-es: its functions over collections, objects, strings, functions and time.
import * as _ from "lodash-es";
import lodash from "lodash-es";
import { equal, ok, program, thrown } from "../check.js";

const users = [
  { name: "ada", age: 36, tags: ["x", "y"] },
  { name: "bob", age: 20, tags: [] },
  { name: "cy", age: 36, tags: ["y"] },
];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export default program({
  "collections": () => {
    equal(_.map(_.orderBy(users, ["age", "name"], ["desc", "desc"]), "name"), ["cy", "ada", "bob"]);
    equal(_.mapValues(_.groupBy(users, "age"), (l) => l.length), { 20: 1, 36: 2 });
    equal(_.keyBy(users, "name").bob.age, 20);
    equal(_.countBy(_.flatMap(users, "tags")), { x: 1, y: 2 });
    equal(_.partition(users, { age: 36 }).map((l) => l.length), [2, 1]);
    equal(_.sumBy(users, "age"), 92);
    equal(_.chunk(_.range(5), 2), [[0, 1], [2, 3], [4]]);
    equal([_.sample([1]), _.shuffle([1, 2, 3]).length, _.sampleSize(_.range(9), 4).length], [1, 3, 4]);
  },
  "arrays": () => {
    equal(_.difference([1, 2, NaN], [NaN, 2]), [1]);
    equal(_.uniqWith([{ a: 1 }, { a: 1 }], _.isEqual), [{ a: 1 }]);
    equal(_.zipObjectDeep(["a.b[0].c", "a.b[1].d"], [1, 2]), { a: { b: [{ c: 1 }, { d: 2 }] } });
    equal(_.flattenDeep([1, [2, [3, [4]]]]), [1, 2, 3, 4]);
    equal([_.sortedIndexBy([{ x: 4 }, { x: 5 }], { x: 4 }, "x"), _.nth([1, 2], -1), _.pull([1, 2, 1], 1)], [0, 2, [2]]);
    equal(_.xorBy([2.1, 1.2], [2.3, 3.4], Math.floor), [1.2, 3.4]);
    equal(_.uniq(_.range(1000).map((i) => i % 7)).length, 7);
  },
  "objects": () => {
    const o = { a: [{ b: { c: 3 } }], date: new Date(5) };
    equal([_.get(o, "a[0].b.c"), _.get(o, ["a", 9, "b"], "none"), _.has(o, "a[0].b")], [3, "none", true]);
    equal(_.set({}, "x[0]['y.z'].w", 1), { x: [{ "y.z": { w: 1 } }] });
    equal(_.merge({ a: [{ b: 1 }] }, { a: [{ c: 2 }, { d: 3 }] }), { a: [{ b: 1, c: 2 }, { d: 3 }] });
    equal(_.pickBy({ a: 1, b: "2", c: null }, _.isNumber), { a: 1 });
    equal(_.omit({ a: 1, b: { c: 2, d: 3 } }, ["a", "b.c"]), { b: { d: 3 } });
    equal(_.invert({ a: 1, b: 2 }), { 1: "a", 2: "b" });
    equal(_.defaultsDeep({ a: { b: 1 } }, { a: { b: 2, c: 3 } }), { a: { b: 1, c: 3 } });
    equal(_.transform([2, 3, 4], (acc, n) => (acc.push(n * n), n % 2 === 0), []), [4, 9]);
  },
  "no pollution": () => {
    _.merge({}, JSON.parse('{"__proto__":{"bad":1},"constructor":{"prototype":{"bad":1}}}'));
    _.set({}, "__proto__.bad", 1);
    equal({}.bad, undefined);
  },
  "deep copies and equality": () => {
    const o = { d: new Date(1), r: /x/gi, m: new Map([[{ k: 1 }, new Set([1])]]), t: new Uint8Array([1, 2]), s: Symbol.iterator, b: new ArrayBuffer(2) };
    o.self = o;
    const c = _.cloneDeep(o);
    ok(c !== o && c.self === c && c.t !== o.t && c.t instanceof Uint8Array && c.r.flags === "gi");
    ok(_.isEqual(o, c));
    c.m.set("more", 1);
    ok(!_.isEqual(o, c));
    ok(_.isEqual(new Set([1, { a: 2 }]), new Set([1, { a: 2 }])));
    equal(_.isEqualWith("a", "A", (x, y) => _.toLower(x) === _.toLower(y)), true);
    equal(_.isMatch({ a: [1, 2], b: 2 }, { a: [2] }), true);
  },
  "kinds": () => {
    equal([_.isPlainObject({}), _.isPlainObject(new (class {})()), _.isArguments((function () { return arguments; })()), _.isTypedArray(new Float32Array(1)),
      _.isNaN(NaN), _.isNative(Array.prototype.push), _.isError(new TypeError()), _.isBuffer(new Uint8Array(1)), _.isElement({}), _.isRegExp(/x/), _.isWeakMap(new WeakMap())],
    [true, false, true, true, true, true, true, false, false, true, true]);
    equal([_.toNumber("0b11"), _.toInteger("3.7"), _.toArray("aé"), _.toPath("a[0].b"), _.toSafeInteger(Infinity), _.castArray(1), _.toString(-0)],
      [3, 3, ["a", "é"], ["a", "0", "b"], Number.MAX_SAFE_INTEGER, [1], "-0"]);
  },
  "strings": () => {
    equal([_.camelCase("--foo-bar--"), _.kebabCase("fooBarBaz"), _.snakeCase("XMLHttpRequest"), _.startCase("fooBar"), _.deburr("déjà vu ñ ß"), _.capitalize("FRED")],
      ["fooBar", "foo-bar-baz", "xml_http_request", "Foo Bar", "deja vu n ss", "Fred"]);
    equal([_.pad("a", 4, "_-"), _.truncate("hi-diddly-ho there", { length: 12, separator: "-" }), _.escape("<a&b>"), _.unescape("&lt;"), _.words("fred, barney & pebbles")],
      ["_a_-", "hi-diddly...", "&lt;a&amp;b&gt;", "<", ["fred", "barney", "pebbles"]]);
    equal([_.size("👨‍👩‍👧a"), _.toUpper("é"), _.trim("-_-a-_-", "_-"), _.escapeRegExp("[a](b)"), _.repeat("ab", 2), _.upperFirst("éa")],
      [2, "É", "a", "\\[a\\]\\(b\\)", "abab", "Éa"]);
  },
  "templates need code generation, which a Worker refuses": async () => {
    equal((await thrown(() => _.template("hello <%= user %>")({ user: "x" }))).name, "EvalError");
  },
  "functions": () => {
    const add = _.curry((a, b, c) => a + b + c);
    equal([add(1)(2)(3), add(1, 2)(3), add(_.curry.placeholder, 2)(1, 3)], [6, 6, 6]);
    let calls = 0;
    const once = _.once(() => ++calls);
    once(), once();
    const memo = _.memoize((x) => (calls++, x * 2));
    memo(2), memo(2);
    equal([calls, memo.cache.get(2)], [2, 4]);
    equal(_.flow([(x) => x + 1, (x) => x * 2])(3), 8);
    equal([_.partialRight((a, b) => a - b, 1)(5), _.ary(parseInt, 1)("10", 2), _.flip((a, b) => [a, b])(1, 2), _.over([Math.max, Math.min])(1, 2)], [4, 10, [2, 1], [2, 1]]);
    equal(_.attempt(() => { throw new RangeError("x"); }).name, "RangeError");
  },
  "chains": () => {
    const top = lodash(users).filter((u) => u.age > 30).sortBy("name").map("name");
    equal([top.value(), lodash([3, 1]).tap((l) => l.push(2)).sort().reverse().head()], [["ada", "cy"], 3]);
  },
  "debounce, throttle, delay, defer": async () => {
    let debounced = 0, throttled = 0, deferred = "";
    const d = _.debounce(() => debounced++, 10), t = _.throttle(() => throttled++, 30);
    d(), d(), d(), t(), t(), t();
    _.defer((x) => (deferred += x), "deferred");
    _.delay(() => (deferred += " delayed"), 5);
    equal([debounced, throttled], [0, 1]);
    await sleep(60);
    equal([debounced, throttled, deferred], [1, 2, "deferred delayed"]);
    d(), d.cancel();
    await sleep(20);
    equal(debounced, 1);
  },
  "a large sort": () => {
    const many = _.range(20000).map((i) => ({ k: (i * 7919) % 1000, i }));
    const sorted = _.sortBy(many, ["k", "i"]);
    ok(sorted.every((x, i) => !i || sorted[i - 1].k < x.k || (sorted[i - 1].k === x.k && sorted[i - 1].i < x.i)));
  },
});
