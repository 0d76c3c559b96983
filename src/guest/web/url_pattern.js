// url_pattern.js: URLPattern. Ada compiles the patterns and takes URLs apart (url_pattern.cc); matching is done here,
// with RegExps made when they are first needed.

const PATTERN_PARTS = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'];
const PATTERN_INIT = arrayCopy(PATTERN_PARTS);
PATTERN_INIT[8] = 'baseURL';
// How a component matches: the empty text, one text, anything, a regular expression. In the array of url_pattern.cc
const MATCH_EMPTY = 0, MATCH_EXACT = 1, MATCH_ANY = 2;
const AT_PATTERN = 0, AT_KIND = 1, AT_VALUE = 2, AT_NAMES = 3, PART_SIZE = 4;

const RegExpConstructor = RegExp;

// A URLPatternInit's members in their order.
function patternInit(input) {
  if (input == null) return [];
  const members = [];
  for (let i = 0; i < PATTERN_INIT.length; i++) {
    const value = input[PATTERN_INIT[i]];
    members[i] = value === undefined ? undefined : `${value}`;
  }
  return members;
}

const patternArgument = (input) => (input == null || isObject(input) ? patternInit(input) : `${input}`);

function patternInitShown(members) {
  const shown = {};
  for (let i = 0; i < PATTERN_INIT.length; i++) shown[PATTERN_INIT[i]] = members[i];
  return shown;
}

class URLPattern {
  #compiled;
  #flags;
  #regexps = null; // by component

  constructor(input = undefined, base = undefined, options = undefined) {
    let given = options;
    let baseUrl = base;
    if (isObject(base)) {
      given = base;
      baseUrl = undefined;
    } else if (options != null && !isObject(options)) {
      throw wrongParameter('URLPattern', 3, 'URLPatternOptions');
    }
    const pattern = patternArgument(input);
    baseUrl = baseUrl == null ? undefined : `${baseUrl}`;
    const ignoreCase = !!given?.ignoreCase;
    this.#flags = ignoreCase ? 'vi' : 'v';
    this.#compiled = native.patternParse(pattern, baseUrl, ignoreCase);
    if (this.#compiled === null) throw new TypeError('Failed to construct URLPattern');
  }

  #pattern(part) {
    return this.#compiled[part * PART_SIZE + AT_PATTERN];
  }
  get protocol() {
    return this.#pattern(0);
  }
  get username() {
    return this.#pattern(1);
  }
  get password() {
    return this.#pattern(2);
  }
  get hostname() {
    return this.#pattern(3);
  }
  get port() {
    return this.#pattern(4);
  }
  get pathname() {
    return this.#pattern(5);
  }
  get search() {
    return this.#pattern(6);
  }
  get hash() {
    return this.#pattern(7);
  }
  get hasRegExpGroups() {
    return this.#compiled[PATTERN_PARTS.length * PART_SIZE];
  }

  #regexp(part) {
    const regexps = (this.#regexps ??= []);
    return (regexps[part] ??= new RegExpConstructor(this.#compiled[part * PART_SIZE + AT_VALUE], this.#flags));
  }
  // What the groups of a component hold, the whole match first; null: no match.
  #match(part, text) {
    const at = part * PART_SIZE;
    switch (this.#compiled[at + AT_KIND]) {
      case MATCH_EMPTY:
        return text === '' ? [''] : null;
      case MATCH_EXACT:
        return text === this.#compiled[at + AT_VALUE] ? [text] : null;
      case MATCH_ANY:
        return [text, text];
      default:
        return RegExpPrototypeExec(this.#regexp(part), text);
    }
  }
  #groups(part, values) {
    const names = this.#compiled[part * PART_SIZE + AT_NAMES];
    const groups = {};
    for (let i = names.length - 1; i >= 0; i--) { // in workerd's order
      ObjectDefineProperty(groups, names[i],
        { __proto__: null, value: values[i + 1], writable: true, enumerable: true, configurable: true });
    }
    return groups;
  }
  // The texts to match and what the components' groups hold; null: no match.
  #run(input, base, method) {
    if (base !== undefined && typeof input !== 'string') throw new TypeError(`Failed to ${method} URLPattern`);
    const texts = native.patternInput(input, base);
    if (texts === null) return null;
    const found = [];
    for (let i = 0; i < PATTERN_PARTS.length; i++) {
      const values = this.#match(i, texts[i]);
      if (values === null) return null;
      found[i] = values;
    }
    return { __proto__: null, texts, found };
  }

  test() {
    const input = patternArgument(arguments[0]);
    return this.#run(input, arguments[1] == null ? undefined : `${arguments[1]}`, 'test') !== null;
  }
  exec() {
    const input = patternArgument(arguments[0]);
    const matched = this.#run(input, arguments[1] == null ? undefined : `${arguments[1]}`, 'exec');
    if (matched === null) return null;
    const inputs = [typeof input === 'string' ? input : patternInitShown(input)];
    if (arguments[1] != null) inputs[1] = `${arguments[1]}`;
    const result = { inputs };
    for (let i = 0; i < PATTERN_PARTS.length; i++) {
      result[PATTERN_PARTS[i]] = { input: matched.texts[i], groups: this.#groups(i, matched.found[i]) };
    }
    return result;
  }
}
exposeInterface(URLPattern);
