// mustache: sections, partials, lambdas, escaping, delimiters, errors.
import Mustache from "mustache";
import { equal, program, thrown } from "../check.js";

const render = Mustache.render;

export default program({
  "values and escaping": () => {
    equal(render("{{a}} {{{a}}} {{&a}} {{b.c.d}} [{{none}}]", { a: "<&\"'/`=>", b: { c: { d: 5 } } }),
      "&lt;&amp;&quot;&#39;&#x2F;&#x60;&#x3D;&gt; <&\"'/`=> <&\"'/`=> 5 []");
  },
  "sections": () => {
    equal(render("{{#l}}{{.}},{{/l}}{{^l}}none{{/l}}", { l: [1, 2] }), "1,2,");
    equal(render("{{#l}}x{{/l}}{{^l}}none{{/l}}", { l: [] }), "none");
    equal(render("{{#o}}{{a}}{{b}}{{/o}}", { b: "outer", o: { a: 1 } }), "1outer");
    equal(render("{{#t}}yes{{/t}}{{#f}}no{{/f}}{{^z}}zero{{/z}}", { t: true, f: null, z: 0 }), "yeszero");
    equal(render("{{#l}}\n* {{n}}\n{{/l}}\n", { l: [{ n: "a" }, { n: "b" }] }), "* a\n* b\n");
  },
  "functions": () => {
    const view = { first: "A", last: "B", full() { return `${this.first} ${this.last}`; } };
    equal(render("{{full}}", view), "A B");
    equal(render("{{#loud}}hi {{name}}{{/loud}}", { name: "x", loud: () => (text, r) => r(text).toUpperCase() }), "HI X");
  },
  "partials": () => {
    equal(render("{{#l}}{{> item}}{{/l}}", { l: [1, 2] }, { item: "<{{.}}>" }), "<1><2>");
    equal(render("{{> tree}}", { v: 1, kids: [{ v: 2, kids: [] }] }, { tree: "{{v}}({{#kids}}{{> tree}}{{/kids}})" }), "1(2())");
    equal(render("  {{> p}}", {}, { p: "a\nb\n" }), "  a\n  b\n");
  },
  "delimiters and comments": () => {
    equal(render("{{=<% %>=}}<% a %>{{a}}", { a: 1 }), "1{{a}}");
    equal(render("{{! not\n shown }}x", {}), "x");
    equal(render("[[a]]", { a: 1 }, {}, ["[[", "]]"]), "1");
    equal(render("{{a}}", { a: "<" }, {}, { escape: (s) => `!${s}` }), "!<");
  },
  "errors": async () => {
    equal((await thrown(() => render("{{#a}}", {}))).message, 'Unclosed section "a" at 6');
    equal((await thrown(() => render("{{#a}}{{/b}}", {}))).message, 'Unclosed section "a" at 6');
    equal((await thrown(() => render("{{a", {}))).message, "Unclosed tag at 3");
    equal((await thrown(() => render(5, {}))).name, "TypeError");
  },
  "a writer, tokens, the cache": () => {
    equal(Mustache.parse("a{{b}}"), [["text", "a", 0, 1], ["name", "b", 1, 6]]);
    const writer = new Mustache.Writer();
    equal(writer.render("{{a}}", new Mustache.Context({ a: 1 })), "1");
    Mustache.clearCache();
  },
  "a big list": () => {
    const out = render("{{#rows}}<tr>{{#cells}}<td>{{.}}</td>{{/cells}}</tr>{{/rows}}",
      { rows: Array.from({ length: 500 }, (_, i) => ({ cells: [i, i * 2, `<${i}>`] })) });
    equal([out.length, out.slice(-41)], [out.length, "<td>998</td><td>&lt;499&gt;</td></tr>".padStart(41, out.slice(-41, -37))]);
  },
});
