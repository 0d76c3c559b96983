// fast-xml-parser: parsing with attributes, arrays, entities and CDATA, validation, building, round trips.
import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import { equal, ok, program, thrown } from "../check.js";

const feed = `<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<rss version="2.0" xmlns:dc="http://dc.example">
  <channel>
    <title>News &amp; <![CDATA[more <b>]]></title>
    <item id="1"><title>First</title><dc:creator>A</dc:creator><size>007</size><price>1.50</price></item>
    <item id="2" flag><title>Zweite &#252; &#x1F600;</title><empty/></item>
  </channel>
</rss>`;
const attributes = { ignoreAttributes: false, attributeNamePrefix: "@" };

export default program({
  "elements, text and numbers": () => {
    const { rss } = new XMLParser().parse(feed);
    equal(rss.channel.item.length, 2);
    equal(rss.channel.title, "News &more <b>");
    equal([rss.channel.item[0].price, rss.channel.item[0]["dc:creator"], rss.channel.item[1].empty], [1.5, "A", ""]);
  },
  "attributes and options": () => {
    const parser = new XMLParser({
      ...attributes, allowBooleanAttributes: true, htmlEntities: true, removeNSPrefix: true, parseTagValue: false,
      isArray: (name) => name === "title",
    });
    const { rss } = parser.parse(feed);
    equal([rss["@version"], rss.channel.item[1]["@id"], rss.channel.item[1]["@flag"]], ["2.0", "2", true]);
    equal([rss.channel.item[0].size, rss.channel.item[0].creator, rss.channel.item[1].title], ["007", "A", ["Zweite ü 😀"]]);
  },
  "order kept": () => {
    const tree = new XMLParser({ preserveOrder: true }).parse("<a>1<b/>2<b>3</b></a>");
    equal(tree, [{ a: [{ "#text": 1 }, { b: [] }, { "#text": 2 }, { b: [{ "#text": 3 }] }] }]);
  },
  "CDATA and comments apart": () => {
    const parser = new XMLParser({ cdataPropName: "__cdata", commentPropName: "#comment" });
    equal(parser.parse("<a><!--c--><![CDATA[<x>]]></a>"), { a: { "#comment": "c", __cdata: "<x>" } });
  },
  "processors and stop nodes": () => {
    const parser = new XMLParser({ ...attributes, stopNodes: ["a.raw"], tagValueProcessor: (name, value) => (name === "up" ? value.toUpperCase() : value) });
    equal(parser.parse("<a><up>x</up><raw><b>kept</b></raw></a>"), { a: { up: "X", raw: "<b>kept</b>" } });
  },
  "validation": () => {
    equal(XMLValidator.validate(feed, { allowBooleanAttributes: true }), true);
    const { err } = XMLValidator.validate("<a>\n<b></a>");
    equal([err.code, err.line], ["InvalidTag", 2]);
    equal(XMLValidator.validate("<a x=1/>").err.code, "InvalidAttr");
    equal(XMLValidator.validate("").err.code, "InvalidXml");
  },
  "building": () => {
    const builder = new XMLBuilder({ ...attributes, format: true, suppressEmptyNode: true });
    equal(builder.build({ a: { "@id": 1, b: ["x", "<y>"], c: "" } }),
      '<a id="1">\n  <b>x</b>\n  <b>&lt;y&gt;</b>\n  <c/>\n</a>\n');
  },
  "round trip": () => {
    const data = { root: { "@lang": "de", list: { item: [{ "@n": "1", "#text": "a" }, { "@n": "2", "#text": "b & c" }] } } };
    equal(new XMLParser(attributes).parse(new XMLBuilder(attributes).build(data)), data);
  },
  "no entity bombs, no pollution": async () => {
    const bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>';
    ok(String(new XMLParser().parse(bomb).a).length < 100);
    await thrown(() => {
      const made = new XMLParser().parse("<__proto__><x>1</x></__proto__>");
      if ({}.x === undefined && made) throw new Error("not polluted");
    });
  },
  "a large document": () => {
    const rows = Array.from({ length: 3000 }, (_, i) => `<row id="${i}"><v>${i * 1.5}</v></row>`).join("");
    const { table } = new XMLParser(attributes).parse(`<table>${rows}</table>`);
    equal([table.row.length, table.row[2999]], [3000, { "@id": "2999", v: 4498.5 }]);
  },
});
