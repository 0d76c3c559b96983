// outbound.js: the module mayfly:outbound (ours): rules of what a sandbox may ask of the network, without code. They are
// made into JSON here and go to the gateway, which keeps them, adds the headers that they name, and judges each request:
// what comes back is a channel, a service stub like any other, and the sandbox never sees a rule.
//
// What is checked here is what a program gets wrong; the gateway checks everything (gateway/rules_read.c).

const RULES_MAX = 64, RULES_JSON_MAX = 32 << 10; // gateway/rules.h
const RULE_MEMBERS = ["host", "cidr", "port", "scheme", "methods", "path"];

function wrongRule(what) {
  return new TypeError(`Failed to execute 'outbound': ${what}.`);
}

function onlyMembers(object, allowed, what) {
  if (!isObject(object)) throw wrongRule(`${what} is not an object`);
  const keys = ObjectKeys(object);
  for (let i = 0; i < keys.length; i++)
    if (!ArrayPrototypeIncludes(allowed, keys[i])) throw wrongRule(`${what} has no member '${keys[i]}'`);
}

const jsonMember = (name, json) => `${JSONStringify(name)}:${json}`;
const jsonObject = (members) => `{${ArrayPrototypeJoin(members, ",")}}`;

function jsonString(value, what) {
  if (typeof value !== "string") throw wrongRule(`${what} is not a string`);
  return JSONStringify(value);
}

// What a list has, each as JSON. Its length is read once.
function jsonList(list, what, most, each) {
  if (!ArrayIsArray(list)) throw wrongRule(`${what} is not an array`);
  const length = list.length, parts = [];
  if (length > most) throw wrongRule(`${what} has more than ${most} entries`);
  for (let i = 0; i < length; i++) parts[i] = each(list[i], `${what}[${i}]`);
  return `[${ArrayPrototypeJoin(parts, ",")}]`;
}

// Through Headers: so names and values are what they may be, and whatever makes Headers will do.
function jsonHeaders(headers, what) {
  if (!isObject(headers)) throw wrongRule(`${what} is not an object`);
  const list = headersList(new Headers(headers)), members = [], seen = { __proto__: null };
  for (let i = 0; i < list.length; i += 2) {
    if (seen[list[i]]) continue;
    seen[list[i]] = true;
    const value = listGet(list, list[i]);
    if (value === "") throw wrongRule(`${what}.${list[i]} is empty`);
    members[members.length] = jsonMember(list[i], JSONStringify(value));
  }
  return jsonObject(members);
}

function jsonPort(port, what) {
  if (typeof port !== "number" || !(port >= 1 && port <= 65535) || MathFloor(port) !== port)
    throw wrongRule(`${what} is not a whole number from 1 to 65535`);
  return `${port}`;
}

const ruleMembers = {
  __proto__: null,
  host: jsonString,
  cidr: jsonString,
  port: jsonPort,
  scheme: jsonString,
  methods: (list, what) => jsonList(list, what, 16, jsonString),
  path: jsonString,
  headers: jsonHeaders,
};

function jsonRule(rule, what, allowed) {
  onlyMembers(rule, allowed, what);
  const members = [];
  for (let i = 0; i < allowed.length; i++) {
    const value = rule[allowed[i]];
    if (value !== undefined) members[members.length] = jsonMember(allowed[i], ruleMembers[allowed[i]](value, `${what}.${allowed[i]}`));
  }
  if (members.length === 0) throw wrongRule(`${what} names nothing; { host: "*" } is every host`);
  return jsonObject(members);
}

const RULE_MEMBERS_ALLOW = ["host", "cidr", "port", "scheme", "methods", "path", "headers"];

function outbound(rules) {
  onlyMembers(rules, ["allow", "deny", "redact"], "the argument");
  const { allow, deny, redact } = rules, members = [];
  if (allow !== undefined)
    members[members.length] = jsonMember("allow",
      jsonList(allow, "allow", RULES_MAX, (rule, what) => jsonRule(rule, what, RULE_MEMBERS_ALLOW)));
  if (deny !== undefined)
    members[members.length] = jsonMember("deny",
      jsonList(deny, "deny", RULES_MAX, (rule, what) => jsonRule(rule, what, RULE_MEMBERS)));
  if (redact) members[members.length] = '"redact":true';
  const channel = nextStub++;
  if (!native.makeRules(channel, jsonObject(members)))
    throw wrongRule(`the rules are longer than ${RULES_JSON_MAX} bytes`);
  return serviceOn(channel);
}

platformModule("mayfly:outbound", { __proto__: null, outbound });
