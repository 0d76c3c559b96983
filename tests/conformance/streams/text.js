// TextEncoderStream and TextDecoderStream.
import { checks } from "../checks.js";

const all = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};
const U = (...list) => new Uint8Array(list);

export default checks([
  async () => all(ReadableStream.from(["a", "é"]).pipeThrough(new TextEncoderStream())),
  async () => all(ReadableStream.from(["\ud83d", "\ude00", "\ud83d"]).pipeThrough(new TextEncoderStream())),
  async () => all(ReadableStream.from([1, null, undefined, { toString: () => "o" }]).pipeThrough(new TextEncoderStream())),
  async () => all(ReadableStream.from([U(0xc3), U(0xa9, 0xe2, 0x82)]).pipeThrough(new TextDecoderStream())),
  async () => all(ReadableStream.from([U(0xc3)]).pipeThrough(new TextDecoderStream("utf-8", { fatal: true }))),
  async () => all(ReadableStream.from([U(0xef, 0xbb), U(0xbf, 0x61)]).pipeThrough(new TextDecoderStream("utf-8", { ignoreBOM: true }))),
  async () => all(ReadableStream.from([U(0xef, 0xbb), U(0xbf, 0x61)]).pipeThrough(new TextDecoderStream())),
  async () => all(ReadableStream.from(["text"]).pipeThrough(new TextDecoderStream())),
  async () => all(ReadableStream.from([1]).pipeThrough(new TextDecoderStream())),
  () => { const d = new TextDecoderStream("latin1", { fatal: true, ignoreBOM: true }); return [d.encoding, d.fatal, d.ignoreBOM, new TextEncoderStream().encoding]; },
  () => new TextDecoderStream("nope"),
]);
