// blob.js: Blob and File. The bytes are one array that nobody else writes to.

let blobBytes; // the bytes of a Blob, borrowed; null when it is not one
let blobType;

const BLOB_TYPE = /^[\x20-\x7e]*$/;

function blobParts(parts, kind) {
  if (!isObject(parts) || parts[SymbolIterator] == null) throw wrongParameter(kind, 1, 'Array');
  const chunks = [];
  let total = 0;
  for (const part of parts) {
    const bytes = bytesBorrow(part) ?? (isObject(part) ? blobBytes(part) : null) ?? native.utf8Encode(`${part}`);
    chunks[chunks.length] = bytes;
    total += TypedArrayGetByteLength(bytes);
  }
  const all = bytesConcat(chunks, total);
  return chunks.length === 1 ? bytesCopy(all) : all;
}

function blobOptionType(options, kind, index) {
  if (options == null) return '';
  if (!isObject(options)) throw wrongParameter(kind, index, 'Options');
  if (options.endings !== undefined && options.endings !== 'transparent') {
    throw new ErrorConstructor("The 'endings' field on 'Options' is not implemented.");
  }
  const type = options.type === undefined ? '' : `${options.type}`;
  return matches(BLOB_TYPE, type) ? StringPrototypeToLowerCase(type) : '';
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
    this.#type = blobOptionType(options, 'Blob', 2);
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
    const kind = blobOptionType({ __proto__: null, type }, 'Blob', 3);
    return new Blob(INTERNAL, bytesCopy(TypedArrayPrototypeSubarray(this.#bytes, from, to)), kind);
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
    if (name === undefined) throw wrongParameter('File', 2, 'string');
    super(INTERNAL, blobParts(parts, 'File'), blobOptionType(options, 'File', 3));
    this.#name = usv(name);
    const modified = options?.lastModified;
    this.#lastModified = modified === undefined ? native.now() : MathTrunc(+modified) || 0;
  }
  get name() {
    return this.#name;
  }
  get lastModified() {
    return this.#lastModified;
  }
}
exposeInterface(File);
