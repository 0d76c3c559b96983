// testing.js: `mayfly test`: which exports have tests, and the events that run them. A test is over when all that its
// waitUntil() holds is over too, and what rejects there fails it.

class TestController {
  constructor(token) {
    if (token !== native) throw new TypeError("Illegal constructor");
  }
}
defineInterface(TestController);

const NO_TEST = "Entrypoint does not export a test() function.";

class TestEvent extends HandlerEvent {
  constructor(stream) {
    super(stream);
    this.reason = undefined;
  }
  tell() {
    if (this.failed) sendError(this.stream, this.reason);
    else native.head(this.stream, 204, "", [], -1, null, false);
  }
  threw(error) {
    if (this.failed) return;
    this.failed = true;
    this.reason = error;
  }
}

function hasTest(target) {
  if (typeof target === "function") return isEntrypointClass(target) && "test" in target.prototype;
  return isObject(target) && "test" in target;
}

// As workerd goes through them: the default export, objects, classes.
function testNames() {
  const { namespace } = worker;
  const names = ObjectKeys(namespace), found = [];
  const ranks = [(name) => name === "default", (name) => name !== "default" && typeof namespace[name] === "object",
    (name) => name !== "default" && typeof namespace[name] === "function"];
  for (let r = 0; r < ranks.length; r++)
    for (let i = 0; i < names.length; i++)
      if (ranks[r](names[i]) && hasTest(namespace[names[i]])) found[found.length] = names[i];
  return found;
}

function runTest(event, name) {
  const entry = entrypointOf(name), ctx = new ExecutionContext(native, event, undefined);
  const handler = handlerOf(entry, ctx);
  if (typeof handler.test !== "function") throw new ErrorConstructor(NO_TEST);
  const controller = new TestController(native);
  return ReflectApply(handler.test, handler, entry.isClass ? [controller, undefined, undefined] : [controller, worker.env, ctx]);
}

function beginTest(event, name) {
  current = event;
  if (event.over) return;
  if (worker.failure !== null) {
    event.fail(worker.failure);
    return;
  }
  try {
    if (name === "") event.answer(new Response(JSONStringify(testNames())));
    else PromisePrototypeThen(PromiseResolve(runTest(event, name)), () => event.finish(), (e) => event.fail(e));
  } catch (e) {
    event.fail(e);
  }
}

function onTest(stream, name) {
  const event = name === "" ? new Event_(stream) : new TestEvent(stream);
  current = event;
  endpoints.put(stream, event);
  eventCount++;
  if (worker.namespace === null && worker.failure === null) whenStarted(() => beginTest(event, name));
  else beginTest(event, name);
}
