// marked: Markdown with tables, nesting, extensions, asynchronous walking, its own renderer.
import { Lexer, Marked, marked, Renderer } from "marked";
import { equal, ok, program, thrown } from "../check.js";

const document = `# Title *em*

Some **bold**, \`code\`, [link](http://a.example "t"), ![img](i.png), <b>html</b>, https://auto.example.

> quoted
> > twice

1. one
2. two
   - nested
   - [x] done

| a | b |
|---|:-:|
| 1 | \`|\` |

\`\`\`js
let a = 1 < 2;
\`\`\`

---

[ref]: http://ref.example
[ref] and ~~gone~~
`;

const emoji = {
  extensions: [{
    name: "emoji",
    level: "inline",
    start: (src) => src.indexOf(":"),
    tokenizer: (src) => {
      const m = /^:(\w+):/.exec(src);
      return m ? { type: "emoji", raw: m[0], name: m[1] } : undefined;
    },
    renderer: (token) => `<i class="${token.name}"></i>`,
  }],
};

export default program({
  "a document with everything": () => {
    const html = marked.parse(document);
    for (const part of ["<h1>Title <em>em</em></h1>", "<strong>bold</strong>", '<a href="http://a.example" title="t">link</a>',
      '<img src="i.png" alt="img">', "<b>html</b>", '<a href="https://auto.example">', "<blockquote>\n<p>quoted</p>\n<blockquote>",
      "<ol>\n<li>one</li>", '<input checked="" disabled="" type="checkbox">', '<th align="center">b</th>',
      '<pre><code class="language-js">let a = 1 &lt; 2;', "<hr>", '<a href="http://ref.example">ref</a>', "<del>gone</del>"]) {
      ok(html.includes(part), `no ${part} in ${html}`);
    }
  },
  "inline, escapes and entities": () => {
    equal(marked.parseInline("*a* \\*b\\* &amp; <c> `d`"), "<em>a</em> *b* &amp; <c> <code>d</code>");
    equal(marked.parse("line  \nbreak"), "<p>line<br>break</p>\n");
    equal(marked.parse("a\nb", { breaks: true }), "<p>a<br>b</p>\n");
    equal(marked.parse("\u00fc **\u{1F600}**"), "<p>ü <strong>😀</strong></p>\n");
  },
  "tokens": () => {
    const tokens = new Lexer().lex("# a\n\nb");
    equal(tokens.map((t) => t.type), ["heading", "space", "paragraph"]);
    equal(tokens[0].depth, 1);
  },
  "an extension and a renderer of one's own": () => {
    const mine = new Marked(emoji, {
      renderer: { heading({ tokens, depth }) { return `<h${depth} id="x">${this.parser.parseInline(tokens)}</h${depth}>`; } },
      hooks: { preprocess: (s) => s.trim(), postprocess: (s) => `<main>${s}</main>` },
    });
    equal(mine.parse("  # a :smile: b"), '<main><h1 id="x">a <i class="smile"></i> b</h1></main>');
    ok(new Renderer() instanceof Renderer);
  },
  "asynchronous": async () => {
    const mine = new Marked({
      async: true,
      walkTokens: async (token) => {
        if (token.type === "code") {
          await new Promise((resolve) => setTimeout(resolve, 1));
          token.text = token.text.toUpperCase();
        }
      },
    });
    equal(await mine.parse("```\nabc\n```"), "<pre><code>ABC\n</code></pre>\n");
  },
  "wrong input": async () => {
    ok((await thrown(() => marked.parse(null))).message.includes("marked()"));
    equal(marked.parse(""), "");
  },
  "a long document": () => {
    const html = marked.parse(document.repeat(100));
    equal(html.split("<h1>").length, 101);
  },
  "deep nesting": () => {
    ok(marked.parse(">".repeat(50) + " deep").includes("deep"));
  },
});
