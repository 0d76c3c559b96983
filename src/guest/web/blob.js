// blob.js: Blob and File. The bytes are one array that nobody else writes to.

let blobBytes; // the bytes of a Blob, borrowed; null when it is not one
let blobType;

const BLOB_TYPE = /^[\x20-\x7e]*$/;

function blobParts(parts, kind) {
  if (!isObject(parts) || parts[SymbolIterator] == null) throw wrongParameter(kind, 1, 'Array');
  const chunks = [];
  let total = 0;
  for (const part of parts) { // the Worker's
    const bytes = bytesBorrow(part) ?? (isObject(part) ? blobBytes(part) : null) ?? native.utf8Encode(`${part}`);
    chunks[chunks.length] = bytes;
    total += TypedArrayGetByteLength(bytes);
  }
  const all = bytesConcat(chunks, total);
  return chunks.length === 1 ? bytesCopy(all) : all;
}

// { type, modified } of the options of a Blob, or of a File, which may have been modified; undefined: not said.
function blobOptions(options, kind, index) {
  if (options == null) return { __proto__: null, type: '', modified: undefined };
  if (!isObject(options)) throw wrongParameter(kind, index, 'Options');
  const given = options.type;
  const type = given === undefined ? '' : `${given}`;
  const when = kind === 'File' ? options.lastModified : undefined;
  const modified = when === undefined ? undefined : +when;
  const { endings } = options;
  if (endings !== undefined && endings !== 'transparent') {
    throw new ErrorConstructor("The 'endings' field on 'Options' is not implemented.");
  }
  return { __proto__: null, type: matches(BLOB_TYPE, type) ? StringPrototypeToLowerCase(type) : '',
    modified: modified === undefined || modified === modified ? modified : 0 };
}

// A relative offset of slice(), within size.
function sliceOffset(value, size, absent) {
  if (value === undefined) return absent;
  const n = MathTrunc(+value) || 0;
  return n < 0 ? MathMax(size + n, 0) : MathMin(n, size);
}

class Blob {
  #bytes;
  #type;
  constructor(parts = undefined, options = undefined, type = undefined) {
    if (parts === INTERNAL) {
      this.#bytes = options;
      this.#type = type;
      return;
    }
    this.#bytes = parts === undefined ? new Uint8ArrayConstructor(0) : blobParts(parts, 'Blob');
    this.#type = blobOptions(options, 'Blob', 2).type;
  }
  static {
    blobBytes = (value) => (#bytes in value ? value.#bytes : null);
    blobType = (blob) => blob.#type;
  }
  get size() {
    return TypedArrayGetByteLength(this.#bytes);
  }
  get type() {
    return this.#type;
  }
  slice(start = undefined, end = undefined, type = undefined) {
    const size = TypedArrayGetByteLength(this.#bytes);
    const from = sliceOffset(start, size, 0);
    const to = MathMax(sliceOffset(end, size, size), from);
    const kind = blobOptions({ __proto__: null, type }, 'Blob', 3).type;
    return new Blob(INTERNAL, bytesCopy(bytesPart(this.#bytes, from, to)), kind);
  }
  async arrayBuffer() {
    return TypedArrayGetBuffer(bytesCopy(this.#bytes));
  }
  async bytes() {
    return bytesCopy(this.#bytes);
  }
  async text() {
    return utf8Text(this.#bytes);
  }
  stream() {
    return streamOfSource(bytesCopy(this.#bytes));
  }
}
exposeInterface(Blob);

class File extends Blob {
  #name;
  #lastModified;
  constructor(parts, name, options = undefined, type = undefined) {
    if (parts === INTERNAL) {
      super(INTERNAL, options, type);
      this.#name = name;
      this.#lastModified = native.now();
      return;
    }
    if (arguments.length < 2) throw wrongParameter('File', 2, 'string');
    const bytes = parts === undefined ? new Uint8ArrayConstructor(0) : blobParts(parts, 'File');
    const text = usv(name);
    const { type: kind, modified } = blobOptions(options, 'File', 3);
    super(INTERNAL, bytes, kind);
    this.#name = text;
    this.#lastModified = modified ?? native.now();
  }
  get name() {
    return this.#name;
  }
  get lastModified() {
    return this.#lastModified;
  }
}
exposeInterface(File);
