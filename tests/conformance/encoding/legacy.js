// TextDecoder: all labels; every byte of each single-byte encoding; every pair of bytes of the others, as a sum; cut,
// streamed and fatal input.
import { checks } from "../checks.js";

const U = (...list) => new Uint8Array(list);
const decode = (label, ...list) => new TextDecoder(label).decode(U(...list));
const codes = (text) => Array.from(text, (c) => c.codePointAt(0).toString(16)).join(" ");

// A number that depends on every character and its place.
function sum(text) {
  let x = text.length;
  for (let i = 0; i < text.length; i++) x = (x * 31 + text.charCodeAt(i)) | 0;
  return `${text.length} ${x >>> 0}`;
}

const HIGH = Uint8Array.from({ length: 128 }, (_, i) => i + 128);
const single = (label) => codes(new TextDecoder(label).decode(HIGH));

// For each first byte: all second bytes, each pair between two spaces.
function pairs(label, before = []) {
  const list = [];
  for (let a = 0x80; a < 0x100; a++) for (let b = 0; b < 0x100; b++) list.push(...before, a, b, 0x20, 0x20, 0x20);
  return sum(new TextDecoder(label).decode(Uint8Array.from(list)));
}

function fours() {
  const list = [];
  for (let a = 0x81; a < 0xff; a += 3) {
    for (let b = 0x30; b < 0x3a; b++) for (let c = 0x81; c < 0xff; c += 2) list.push(a, b, c, 0x30 + (a + c) % 10);
  }
  return sum(new TextDecoder("gb18030").decode(Uint8Array.from(list)));
}

function escapes() {
  const list = [];
  for (let a = 0x21; a < 0x7f; a++) for (let b = 0x21; b < 0x7f; b++) list.push(0x1b, 0x24, 0x42, a, b, 0x1b, 0x28, 0x42);
  return sum(new TextDecoder("iso-2022-jp").decode(Uint8Array.from(list)));
}

// The same, byte by byte.
function streamed(label, ...list) {
  const decoder = new TextDecoder(label);
  const parts = list.map((byte) => decoder.decode(U(byte), { stream: true }));
  return [...parts, decoder.decode()].map(codes);
}

function noise(label) {
  const list = new Uint8Array(20000);
  for (let i = 0, x = 9; i < list.length; i++) list[i] = (x = (x * 1103515245 + 12345) & 0x7fffffff) >> 16;
  return sum(new TextDecoder(label).decode(list));
}

const LABELS = `unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 866 cp866 csibm866 csisolatin2 iso-ir-101
  iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2 latin3 latin4 cyrillic arabic asmo-708 csiso88596e ecma-114
  greek greek8 ecma-118 elot_928 sun_eu_greek csiso88598e hebrew visual logical csiso88598i latin6 l6 csisolatin9 l9 koi
  koi8 koi8_r cskoi8r koi8-ru csmacintosh mac x-mac-roman dos-874 tis-620 iso-8859-11 cp1250 x-cp1250 ascii latin1
  us-ascii iso-8859-1 iso-8859-9 latin5 l5 x-mac-ukrainian chinese csgb2312 gb2312 gb_2312 gb_2312-80 iso-ir-58 x-gbk
  big5-hkscs cn-big5 csbig5 x-x-big5 cseucpkdfmtjapanese x-euc-jp csiso2022jp csshiftjis ms932 ms_kanji shift-jis sjis
  windows-31j x-sjis cseuckr korean ks_c_5601-1987 ksc5601 windows-949 unicodefffe csunicode ucs-2 unicode utf-16
  unicodefeff iso-10646-ucs-2`.split(/\s+/);

export default checks({
  labels: () => LABELS.map((label) => `${label}: ${new TextDecoder(label).encoding}`),
  ...Object.fromEntries(["iso-2022-kr", "hz-gb-2312", "replacement", "utf-7", "utf-32", "", "utf-8\0", "utf\u20118"]
    .map((label) => [`no encoding ${JSON.stringify(label)}`, () => new TextDecoder(label)])),
  "spaces and case": () => new TextDecoder("\t\n\f\r KOI8-R \n").encoding,
  "a space that is none": () => new TextDecoder("\u00a0utf-8").encoding,
  ...Object.fromEntries(["ibm866", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7",
    "iso-8859-8", "iso-8859-8-i", "iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16", "koi8-r",
    "koi8-u", "macintosh", "windows-874", "windows-1250", "windows-1251", "windows-1252", "windows-1253",
    "windows-1254", "windows-1255", "windows-1256", "windows-1257", "windows-1258", "x-mac-cyrillic", "x-user-defined"]
    .map((label) => [`bytes of ${label}`, () => single(label)])),
  ...Object.fromEntries(["gbk", "gb18030", "big5", "euc-jp", "shift_jis", "euc-kr"]
    .map((label) => [`pairs of ${label}`, () => pairs(label)])),
  "pairs of jis0212": () => pairs("euc-jp", [0x8f]),
  "fours of gb18030": () => fours(),
  "pairs of iso-2022-jp": () => escapes(),
  ...Object.fromEntries(["gbk", "gb18030", "big5", "euc-jp", "shift_jis", "euc-kr", "iso-2022-jp", "utf-16le", "utf-16be"]
    .map((label) => [`noise in ${label}`, () => noise(label)])),
  "gb18030 four bytes": () => codes(decode("gb18030", 0x90, 0x30, 0x81, 0x30, 0x84, 0x31, 0xa4, 0x37, 0x81, 0x35, 0xf4, 0x37)),
  "gb18030 cut": () => codes(decode("gb18030", 0x81, 0x30, 0x81)),
  "gb18030 broken off": () => codes(decode("gb18030", 0x81, 0x30, 0x81, 0x41, 0x81, 0x30, 0x41)),
  "gbk euro": () => codes(decode("gbk", 0x80, 0xff)),
  "big5 with combining marks": () => codes(decode("big5", 0x88, 0x62, 0x88, 0x64, 0x88, 0xa3, 0x88, 0xa5)),
  "big5 beyond the first plane": () => codes(decode("big5", 0x87, 0x45, 0x8b, 0xfe)),
  "euc-jp in all its sets": () => codes(decode("euc-jp", 0xa4, 0xa2, 0x8e, 0xb1, 0x8f, 0xb0, 0xa1, 0x8f, 0xa1, 0x41)),
  "shift_jis user-defined": () => codes(decode("shift_jis", 0xf0, 0x40, 0xf9, 0xfc, 0xb1, 0x80, 0xa0, 0xfd)),
  "iso-2022-jp modes": () => codes(decode("iso-2022-jp", 0x1b, 0x28, 0x4a, 0x5c, 0x7e, 0x1b, 0x28, 0x49, 0x31, 0x1b, 0x24, 0x42, 0x24, 0x22, 0x1b, 0x28, 0x42, 0x5c)),
  "iso-2022-jp escapes that are none": () => codes(decode("iso-2022-jp", 0x1b, 0x41, 0x1b, 0x24, 0x41, 0x1b, 0x28)),
  "iso-2022-jp two escapes": () => codes(decode("iso-2022-jp", 0x1b, 0x28, 0x42, 0x1b, 0x24, 0x42, 0x41)),
  "iso-2022-jp cut": () => codes(decode("iso-2022-jp", 0x1b, 0x24, 0x42, 0x24)),
  "utf-16le odd": () => codes(decode("utf-16le", 0x41, 0x00, 0x42)),
  "utf-16be pairs": () => codes(decode("utf-16be", 0xd8, 0x3d, 0xde, 0x00, 0xde, 0x00, 0xd8, 0x3d)),
  "utf-16le mark": () => codes(decode("utf-16le", 0xff, 0xfe, 0x41, 0x00)),
  "utf-16le mark kept": () => codes(new TextDecoder("utf-16le", { ignoreBOM: true }).decode(U(0xff, 0xfe, 0x41, 0x00))),
  "utf-16le half a mark and half a pair": () => streamed("utf-16le", 0xff, 0xfe, 0x3d, 0xd8, 0x00, 0xde),
  "utf-16be surrogate alone, then nothing": () => streamed("utf-16be", 0xd8, 0x3d),
  "streamed shift_jis": () => streamed("shift_jis", 0x82, 0xa0, 0x41, 0x82),
  "streamed gb18030": () => streamed("gb18030", 0x81, 0x30, 0x81, 0x30, 0x81, 0x30),
  "streamed euc-jp": () => streamed("euc-jp", 0x8f, 0xb0, 0xa1, 0xa4),
  "streamed big5": () => streamed("big5", 0x88, 0x62, 0xa4),
  "streamed iso-2022-jp": () => streamed("iso-2022-jp", 0x1b, 0x24, 0x42, 0x24, 0x22, 0x1b, 0x28),
  "a decoder is new after its end": () => { const d = new TextDecoder("shift_jis"); d.decode(U(0x82), { stream: true }); return [codes(d.decode()), codes(d.decode(U(0x41)))]; },
  ...Object.fromEntries([["gbk", 0x81], ["gb18030", 0x81, 0x30], ["big5", 0x80], ["euc-jp", 0x8e], ["shift_jis", 0xfd],
    ["euc-kr", 0x81, 0x20], ["iso-2022-jp", 0x0e], ["utf-16le", 0x00, 0xdc], ["utf-16be", 0x00], ["iso-8859-6", 0xa1],
    ["windows-1253", 0xaa], ["utf-8", 0xff]]
    .map(([label, ...list]) => [`fatal ${label}`, () => new TextDecoder(label, { fatal: true }).decode(U(...list))])),
  "fatal, and what is good": () => new TextDecoder("euc-kr", { fatal: true }).decode(U(0xb0, 0xa1)),
  "fatal, then anew": () => { const d = new TextDecoder("gbk", { fatal: true }); try { d.decode(U(0xff)); } catch {} return d.decode(U(0x41)); },
  "no mark in single bytes": () => codes(new TextDecoder("latin1").decode(U(0xef, 0xbb, 0xbf))),
});
