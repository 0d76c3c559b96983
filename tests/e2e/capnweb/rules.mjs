// rules.mjs: messages that break the protocol, or come near to it: name -> messages (text, or what is made JSON).

const call = (name, ...args) => ["push", ["pipeline", 0, [name], args]];
const nested = (depth) => `["push",["pipeline",0,["none"],[${"[[".repeat(depth)}1${"]]".repeat(depth)}]]]`;
const PULL = ["pull", 1];

/** What a server must answer as the npm package does, to the byte. */
export const rules = {
  "nothing wrong": [call("add", 1, 2), PULL, ["release", 1, 1], call("add", 2, 3), ["pull", 2]],
  "an unknown message": [["hello"]],
  "an empty message": [[]],
  "a message that is no array": [{ push: 1 }],
  "null": ["null"],
  "a push of nothing": [["push"]],
  "an unknown expression": [call("echo", ["what", 1])],
  "a pull of what is not there": [["pull", 5]],
  "a pull of a text": [["pull", "1"]],
  "a release of what is not there": [["release", 5, 1]],
  "a release too often": [call("add", 1, 2), ["release", 1, 2]],
  "a release twice": [call("add", 1, 2), ["release", 1, 1], ["release", 1, 1]],
  "a release without a count": [call("add", 1, 2), ["release", 1]],
  "a pull after the release": [call("add", 1, 2), ["release", 1, 1], PULL],
  "a pipeline to what is not there": [["push", ["pipeline", 9, ["x"], []]]],
  "an import of what is not there": [call("echo", ["import", 9])],
  "a resolve of what is not there": [["resolve", 9, 1], call("add", 1, 2), PULL],
  "a resolve without a value": [["resolve", 9]],
  "a readable end that was never made": [call("drain", ["readable", 9])],
  "a readable end taken twice": [["pipe"], call("hold", ["readable", 1]), call("hold", ["readable", 1])],
  "a map without instructions": [["push", ["remap", 0, [], [], []]], PULL],
  "a map that captures what is not there": [["push", ["remap", 0, [], [["import", 9]], [1]]], PULL],
  "a map of variables to come": [call("list", 2), ["push", ["remap", 1, [], [], [["pipeline", 5, []]]]], ["pull", 2]],
  "a bigint of 16,384 characters": [call("echo", ["bigint", "1".repeat(16384)]), PULL],
  "a bigint of 16,385 characters": [call("echo", ["bigint", "1".repeat(16385)]), PULL],
  "a bigint of 16,385 characters with its sign": [call("echo", ["bigint", `-${"1".repeat(16384)}`]), PULL],
  "a depth of 253 arrays": [nested(253), PULL],
  "a depth of 254 arrays": [nested(254), PULL],
  "a depth of 1,000 arrays": [nested(1000), PULL],
  "an abort": [["abort", ["error", "TypeError", "I go"]], call("add", 1, 2)],
  "an abort with a wrong reason": [["abort", ["what"]]],
  "a method of every object": [["push", ["pipeline", 0, ["constructor"], []]], PULL],
  "a method of every object, below": [["push", ["pipeline", 0, ["add", "constructor"], ["return 1"]]], PULL],
  "the prototype": [["push", ["pipeline", 0, ["__proto__", "add"], [1, 2]]], PULL],
  "bytes of half an element": [call("echo", ["bytes", "AQID", "Uint16Array"]), PULL],
  "bytes that are no base64": [call("echo", ["bytes", 5]), PULL],
  "an error with properties that are none": [call("echo", ["error", "Error", "x", null, 5]), PULL],
  "a request with a signal": [call("echo", ["request", "http://a/", { signal: 1 }]), PULL],
};

/** What is in the words of an engine. */
export const worded = {
  "no JSON": ["[1,"],
  "an empty text": [""],
  "a bigint of letters": [call("echo", ["bigint", "1e3"]), PULL],
  "a URL that is none": [call("echo", ["url", "what"]), PULL],
};
