// form.js: FormData, and its two encodings in a body. Multipart is parsed as bytes kept one to a character.

const FormDataIterator = makePairIterator('FormData');
let formDataList; // the flat list of a FormData; null when it is not one

function formValue(value, fileName, given) {
  if (!isObject(value) || blobBytes(value) === null) {
    return usv(value);
  }
  if (!given && value instanceof File) return value;
  return new File(INTERNAL, given ? usv(fileName) : 'blob', blobBytes(value), blobType(value));
}

class FormData {
  #list = [];
  static {
    formDataList = (value) => (#list in value ? value.#list : null);
  }
  append(name, value, fileName = undefined) {
    needArguments(arguments.length, 2, 'append', 'FormData', ['string', 'File or Blob or string']);
    listAppend(this.#list, usv(name), formValue(value, fileName, arguments.length > 2));
  }
  set(name, value, fileName = undefined) {
    needArguments(arguments.length, 2, 'set', 'FormData', ['string', 'File or Blob or string']);
    listSet(this.#list, usv(name), formValue(value, fileName, arguments.length > 2));
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

const FORM_NAME_BAD = /[\r\n"]/;

function formEscape(name) {
  if (!matches(FORM_NAME_BAD, name)) return name;
  let out = '';
  for (let i = 0; i < name.length; i++) {
    const c = name[i];
    out += c === '"' ? '%22' : c === '\n' ? '%0A' : c === '\r' ? '%0D' : c;
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
const DISPOSITION_NAME = /[;\t ]name=(?:"([^"]*)"|([^;\t ]*))/i;
const DISPOSITION_FILE = /[;\t ]filename=(?:"([^"]*)"|([^;\t ]*))/i;

async function parseForm(contentType, readBytes) {
  const essence = StringPrototypeToLowerCase(RegExpPrototypeExec(CONTENT_TYPE_ESSENCE, contentType)[1]);
  if (essence === 'application/x-www-form-urlencoded') {
    return formFromList(native.formParse(utf8Text(await readBytes())));
  }
  if (essence !== 'multipart/form-data') {
    throw new TypeError('Unrecognized Content-Type header value. FormData can only parse the following MIME types: ' +
      'multipart/form-data, application/x-www-form-urlencoded');
  }
  const found = RegExpPrototypeExec(CONTENT_TYPE_BOUNDARY, contentType);
  if (found === null) {
    throw new TypeError('No boundary string in Content-Type header. The multipart/form-data MIME type requires a ' +
      'boundary parameter, e.g. \'Content-Type: multipart/form-data; boundary="abcd"\'. See RFC 7578, section 4.');
  }
  return formFromList(parseMultipart(await readBytes(), found[1] ?? found[2]));
}

const latin1 = native.latin1Decode;

function parseMultipart(bytes, boundary) {
  const data = latin1(bytes);
  const delimiter = `--${latin1(native.utf8Encode(boundary))}`;
  let at = StringPrototypeIndexOf(data, delimiter);
  if (at < 0) throw new TypeError('No initial boundary string (or you have a truncated message).');
  const list = [];
  for (;;) {
    at += delimiter.length;
    if (StringPrototypeStartsWith(data, '--', at)) return list;
    const headStart = StringPrototypeIndexOf(data, '\n', at) + 1;
    const headEnd = StringPrototypeIndexOf(data, '\r\n\r\n', headStart - 2);
    const next = StringPrototypeIndexOf(data, `\r\n${delimiter}`, MathMax(headEnd + 2, 0));
    if (headStart === 0 || headEnd < 0 || next < 0) {
      throw new TypeError('No subsequent boundary string after multipart message.');
    }
    const headBytes = TypedArrayPrototypeSubarray(bytes, headStart, MathMax(headEnd, headStart));
    const head = native.utf8Decode(headBytes, false, true);
    parsePart(list, head, TypedArrayPrototypeSubarray(bytes, headEnd + 4, next));
    at = next + 2;
  }
}

const PART_DISPOSITION = /^content-disposition:([^\r\n]*)/im;
const PART_TYPE = /^content-type:[\t ]*([^\r\n]*)/im;

function parsePart(list, head, content) {
  const disposition = RegExpPrototypeExec(PART_DISPOSITION, head);
  const name = disposition === null ? null : RegExpPrototypeExec(DISPOSITION_NAME, disposition[1]);
  if (name === null) throw new TypeError('No valid Content-Disposition header found in FormData part.');
  const file = RegExpPrototypeExec(DISPOSITION_FILE, disposition[1]);
  const key = formUnescape(name[1] ?? name[2]);
  if (file === null) {
    listAppend(list, key, utf8Text(content));
    return;
  }
  const type = RegExpPrototypeExec(PART_TYPE, head)?.[1] ?? 'application/octet-stream';
  listAppend(list, key, new File(INTERNAL, formUnescape(file[1] ?? file[2]), bytesCopy(content), type));
}

const FORM_ESCAPE = /^([^]*?)%(22|0A|0D)/i;

function formUnescape(name) {
  let out = '';
  for (;;) {
    const found = RegExpPrototypeExec(FORM_ESCAPE, name);
    if (found === null) return out + name;
    out += found[1] + (found[2] === '22' ? '"' : found[2][1] === 'A' || found[2][1] === 'a' ? '\n' : '\r');
    name = StringPrototypeSlice(name, found[0].length);
  }
}
