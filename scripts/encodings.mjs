// Writes the tables of the legacy encodings for the guest (src/guest/encodings.c): the Encoding standard's labels and
// indexes, as @exodus/bytes (npm, pinned in package-lock.json) has them.
// usage: node encodings.mjs OUT
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const library = path.join(path.dirname(fileURLToPath(import.meta.url)), "../node_modules/@exodus/bytes/fallback");
const { getTable } = await import(path.join(library, "multi-byte.table.js"));
const { getEncoding } = await import(path.join(library, "single-byte.js"));
const { default: labels } = await import(path.join(library, "encoding.labels.js"));

const MULTIBYTE = ["utf-8", "utf-16le", "utf-16be", "gbk", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis",
  "euc-kr"]; // in the order of enum kind (encodings.c)
const names = Object.keys(labels).filter((name) => name !== "replacement");
const single = names.filter((name) => !MULTIBYTE.includes(name));
const kinds = [...MULTIBYTE, ...single];

const array = (type, name, list) => `static const ${type} ${name}[${list.length}] = {${[...list].join(",")}};\n`;
const index = (name) => Array.from(getTable(name), (x) => x ?? 0);

let out = "/* Made by scripts/encodings.mjs. */\n";
out += array("char *const", "encoding_names", kinds.map((name) => `"${name}"`));
const all = kinds.flatMap((name, kind) => [name, ...labels[name]].map((label) => `{"${label}",${kind}}`));
out += `static const struct { const char *label; uint8_t kind; } encoding_labels[${all.length}] = {${all.join(",")}};\n`;
out += `static const uint16_t single_bytes[${single.length}][128] = {\n`;
for (const name of single) {
  const codes = getEncoding(name); // what is left out at the end is the character of the byte's number
  out += `{${Array.from({ length: 128 }, (_, i) => codes[i] ?? 128 + i).map((x) => (x === 0xfffd ? 0 : x)).join(",")}},\n`;
}
out += "};\n";
for (const name of ["jis0208", "jis0212", "gb18030"]) out += array("uint16_t", `index_${name}`, index(name));
out += array("uint16_t", "index_euc_kr", index("euc-kr"));
out += array("uint32_t", "index_big5", index("big5"));
const ranges = getTable("gb18030-ranges");
out += `static const uint32_t gb18030_ranges[${ranges.length}][2] = {${ranges.map((r) => `{${r}}`).join(",")}};\n`;
fs.writeFileSync(process.argv[2], out);
