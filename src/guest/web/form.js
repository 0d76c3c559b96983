// form.js: FormData, and its two encodings in a body. Multipart is parsed as bytes kept one to a character.

const FormDataIterator = makePairIterator('FormData');
let formDataList; // the flat list of a FormData; null when it is not one

function formValue(name, value, fileName, given) {
  if (!isObject(value) || blobBytes(value) === null) {
    return usv(value);
  }
  if (!given && value instanceof File) return value;
  return new File(INTERNAL, usv(given ? fileName : name), blobBytes(value), blobType(value));
}

class FormData {
  #list = [];
  static {
    formDataList = (value) => (#list in value ? value.#list : null);
  }
  append(name, value, fileName = undefined) {
    needArguments(arguments.length, 2, 'append', 'FormData', ['string', 'File or Blob or string']);
    listAppend(this.#list, usv(name), formValue(name, value, fileName, arguments.length > 2));
  }
  set(name, value, fileName = undefined) {
    needArguments(arguments.length, 2, 'set', 'FormData', ['string', 'File or Blob or string']);
    listSet(this.#list, usv(name), formValue(name, value, fileName, arguments.length > 2));
  }
  delete(name) {
    needArguments(arguments.length, 1, 'delete', 'FormData');
    listDelete(this.#list, usv(name));
  }
  get(name) {
    needArguments(arguments.length, 1, 'get', 'FormData');
    return listFirst(this.#list, usv(name));
  }
  getAll(name) {
    needArguments(arguments.length, 1, 'getAll', 'FormData');
    return listAll(this.#list, usv(name));
  }
  has(name) {
    needArguments(arguments.length, 1, 'has', 'FormData');
    return listHas(this.#list, usv(name));
  }
  forEach(callback, thisArg = undefined) {
    this.#list;
    if (typeof callback !== 'function') needArguments(0, 1, 'forEach', 'FormData', 'function');
    for (let i = 0; i < this.#list.length; i += 2) {
      ReflectApply(callback, thisArg, [this.#list[i + 1], this.#list[i], this]);
    }
  }
  entries() {
    return new FormDataIterator(this.#list, 2);
  }
  keys() {
    return new FormDataIterator(this.#list, 0);
  }
  values() {
    return new FormDataIterator(this.#list, 1);
  }
}
ObjectDefineProperty(FormData.prototype, SymbolIterator,
  { __proto__: null, value: FormData.prototype.entries, writable: true, enumerable: false, configurable: true });
exposeInterface(FormData);

function formFromList(list) {
  const form = new FormData();
  const own = formDataList(form);
  for (let i = 0; i < list.length; i++) own[i] = list[i];
  return form;
}

// ---- multipart/form-data

const HEX = '0123456789abcdef';

function randomHex(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i] >> 4] + HEX[bytes[i] & 15];
  return text;
}

function formBoundary() {
  const bytes = new Uint8ArrayConstructor(16);
  native.random(bytes);
  return randomHex(bytes);
}

const FORM_NAME_BAD = /[\n"]/;

function formEscape(name) {
  if (!matches(FORM_NAME_BAD, name)) return name;
  let out = '';
  for (let i = 0; i < name.length; i++) {
    const c = name[i];
    out += c === '"' ? '%22' : c === '\n' ? '%0A' : c;
  }
  return out;
}

function formSerializeMultipart(list, boundary) {
  const chunks = [];
  let total = 0;
  const add = (chunk) => {
    const bytes = typeof chunk === 'string' ? native.utf8Encode(chunk) : chunk;
    chunks[chunks.length] = bytes;
    total += TypedArrayGetByteLength(bytes);
  };
  for (let i = 0; i < list.length; i += 2) {
    const value = list[i + 1];
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${formEscape(list[i])}"`;
    if (typeof value === 'string') {
      add(`${head}\r\n\r\n${value}\r\n`);
      continue;
    }
    const type = blobType(value) || 'application/octet-stream';
    add(`${head}; filename="${formEscape(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`);
    add(blobBytes(value));
    add('\r\n');
  }
  add(`--${boundary}--`);
  return bytesConcat(chunks, total);
}

const CONTENT_TYPE_ESSENCE = /^[\t ]*([^;\t ]*)/;
const CONTENT_TYPE_BOUNDARY = /;[\t ]*boundary=(?:"((?:[^"\\]|\\.)*)"|([^;\t ]*))/i;

async function parseForm(contentType, readBytes) {
  if (contentType === null) throw new TypeError('Parsing a Body as FormData requires a Content-Type header.');
  const essence = StringPrototypeToLowerCase(RegExpPrototypeExec(CONTENT_TYPE_ESSENCE, contentType)[1]);
  if (essence === 'application/x-www-form-urlencoded') {
    return formFromList(native.formParse(utf8Text(await readBytes())));
  }
  if (essence !== 'multipart/form-data') {
    throw new TypeError('Unrecognized Content-Type header value. FormData can only parse the following MIME types: ' +
      'multipart/form-data, application/x-www-form-urlencoded');
  }
  const found = RegExpPrototypeExec(CONTENT_TYPE_BOUNDARY, contentType);
  if (found === null || (found[1] === undefined && found[2] === '')) {
    throw new TypeError('No boundary string in Content-Type header. The multipart/form-data MIME type requires a ' +
      'boundary parameter, e.g. \'Content-Type: multipart/form-data; boundary="abcd"\'. See RFC 7578, section 4.');
  }
  return formFromList(parseMultipart(await readBytes(), found[1] ?? found[2]));
}

const latin1 = native.latin1Decode;

const HEAD_END = /\r?\n\r?\n/g;

function parseMultipart(bytes, boundary) {
  const data = latin1(bytes);
  const delimiter = `\n--${latin1(native.utf8Encode(boundary))}`;
  const initial = StringPrototypeSlice(delimiter, 1);
  let at = StringPrototypeIndexOf(data, initial) + initial.length;
  if (at < initial.length || at >= data.length) {
    throw new TypeError('No initial boundary string (or you have a truncated message).');
  }
  const list = [];
  while (!StringPrototypeStartsWith(data, '--', at)) {
    if (StringPrototypeStartsWith(data, '\r\n', at)) at += 2;
    else if (data[at] === '\n') at++;
    else throw new TypeError("Boundary string was not succeeded by CRLF, LF, or '--'.");
    HEAD_END.lastIndex = at;
    const headEnd = RegExpPrototypeExec(HEAD_END, data);
    if (headEnd === null) throw new TypeError('No multipart message header termination found.');
    const head = native.utf8Decode(bytesPart(bytes, at, headEnd.index), false, true);
    const part = parsePartHead(head);
    const start = headEnd.index + headEnd[0].length;
    const next = StringPrototypeIndexOf(data, delimiter, start);
    if (next < 0 || next + delimiter.length >= data.length) {
      throw new TypeError('No subsequent boundary string after multipart message.');
    }
    const end = next > start && data[next - 1] === '\r' ? next - 1 : next;
    const content = bytesPart(bytes, start, end);
    listAppend(list, part.name, part.filename === '' ? utf8Text(content) :
      new File(INTERNAL, part.filename, bytesCopy(content), part.type ?? ''));
    at = next + delimiter.length;
  }
  return list;
}

const PART_LINE = /([^\r\n]*)(?:\r\n|\r|\n|$)/y;
const PART_HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([^]*)$/;
const PART_PARAMETER = /\s*;\s*([a-z]+)\s*=\s*"((?:[^"\\]|\\.)*)"/y;
const PART_VALUE = /^\s*([^;]*?)\s*(?:;|$)/;

// { disposition, type } of a part's head, null where there is no such header.
function partHeaders(head) {
  const found = { __proto__: null, disposition: null, type: null };
  PART_LINE.lastIndex = 0;
  do {
    const line = RegExpPrototypeExec(PART_LINE, head);
    const header = RegExpPrototypeExec(PART_HEADER, line[1]);
    if (header === null) throw new TypeError('FormData part had invalid headers.');
    const name = StringPrototypeToLowerCase(header[1]);
    if (name === 'content-disposition') found.disposition ??= header[2];
    else if (name === 'content-type') found.type ??= header[2];
  } while (PART_LINE.lastIndex < head.length);
  return found;
}

function unescapeQuoted(text) {
  let out = '';
  for (let i = 0; i < text.length; i++) out += text[i] === '\\' && i + 1 < text.length ? text[++i] : text[i];
  return out;
}

// { name, filename }, '' where there is none. What follows something that is no quoted parameter is not looked at.
function parseDisposition(text) {
  const kind = RegExpPrototypeExec(PART_VALUE, text)[1];
  if (kind !== 'form-data') {
    throw new TypeError('Content-Disposition header for FormData part must have the value "form-data", possibly ' +
      `followed by parameters. Got: "${kind}"`);
  }
  const found = { __proto__: null, name: '', filename: '' };
  PART_PARAMETER.lastIndex = StringPrototypeIndexOf(text, kind) + kind.length;
  for (;;) {
    const parameter = RegExpPrototypeExec(PART_PARAMETER, text);
    if (parameter === null) break;
    if (parameter[1] === 'name' || parameter[1] === 'filename') found[parameter[1]] = unescapeQuoted(parameter[2]);
  }
  if (found.name === '') throw new TypeError('Content-Disposition header in FormData part is missing a name.');
  return found;
}

// { name, filename, type } of a part; filename '' and type null where there is none.
function parsePartHead(head) {
  const { disposition, type } = partHeaders(head);
  if (disposition === null) throw new TypeError('No valid Content-Disposition header found in FormData part.');
  return { ...parseDisposition(disposition), type };
}
