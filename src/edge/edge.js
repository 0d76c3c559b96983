// edge.js: the runtime itself as a Cap'n Web object, for clients of `mayfly serve --rpc PATH` (docs/rpc.md). A Worker of
// the gateway's own, in an isolate for each connection: one WebSocket, or one batch of calls over HTTP. It may load
// Workers, and knows the token. It ends with the connection, and with it what the client had here.
//
// What the client puts into a sandbox's env (objects, functions) stays in the client. Each becomes a Binding, an
// entrypoint of this Worker, and so something that a sandbox can hold: calls on it go on to the client.
import { WorkerEntrypoint } from "cloudflare:workers";
import { outbound } from "mayfly:outbound";
import { newHttpBatchRpcResponse, newWebSocketRpcSession, RpcStub, RpcTarget } from "capnweb";

const NEWEST_DATE = "2026-11-17"; // for code that names no compatibility date
const ATTEMPTS = 3; // wrong tokens, then the connection is closed
const WRONG_TOKEN = "The token is wrong.";
const NO_TOKEN = "No token was shown in time.";
const POLICY_VIOLATION = 1008;
const GRACE_MS = 250; // to ask for the last answer

const isPlain = (value) => {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

// ---- what is the client's

const clients = new Map(); // id -> stub of the client's object
let nextId = 1;

export class Binding extends WorkerEntrypoint {
  constructor(ctx, env) {
    super(ctx, env);
    const stub = clients.get(ctx.props.id);
    if (stub === undefined) throw new Error("The client disposed the sandbox that this object was given to.");
    return stub;
  }
}

// Gives a sandbox what the client gave: in copies of the objects and arrays there are bindings in the place of stubs.
// As long as the client holds the sandbox or an entrypoint of it they are good, and the sandbox lives.
class Gifts {
  #exports;
  #given = new Map(); // id -> binding
  #holders = 1;
  #end; // of the sandbox

  constructor(exports) {
    this.#exports = exports;
  }

  of(stub, end) {
    this.#end = () => end(stub);
  }

  bind(stub) {
    const id = nextId++;
    const binding = this.#exports.Binding({ props: { id }, callable: true });
    clients.set(id, stub.dup());
    this.#given.set(id, binding);
    return binding;
  }

  wrap(value) {
    if (value === null || (typeof value !== "object" && typeof value !== "function")) return value;
    if (value instanceof RpcStub) return this.bind(value);
    if (Array.isArray(value)) return value.map((each) => this.wrap(each));
    if (!isPlain(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.wrap(each)]));
  }

  hold() {
    this.#holders++;
  }

  release() {
    if (--this.#holders > 0) return;
    this.#end?.();
    for (const [id, binding] of this.#given) {
      clients.get(id)[Symbol.dispose]();
      clients.delete(id);
      binding[Symbol.dispose]();
    }
    this.#given.clear();
  }
}

// ---- what the client gets

// Stands for a sandbox's entrypoint, with whatever members that has.
class Entrypoint extends RpcTarget {
  #fetcher;
  #gifts;

  constructor(fetcher, gifts) {
    super();
    this.#fetcher = fetcher;
    this.#gifts = gifts;
    gifts.hold();
    const own = {
      __proto__: null,
      fetch: (input, init) => this.#fetcher.fetch(input, init),
      [Symbol.dispose]: () => this[Symbol.dispose](),
    };
    const get = (_, name) => own[name] ?? (typeof name === "string" ? this.#fetcher[name] : undefined);
    return new Proxy(this, { get });
  }

  [Symbol.dispose]() {
    this.#gifts?.release();
    this.#fetcher = this.#gifts = null;
  }
}

class LoadedWorker extends RpcTarget {
  #stub;
  #gifts;

  constructor(stub, gifts) {
    super();
    this.#stub = stub;
    this.#gifts = gifts;
  }

  getEntrypoint(name, options) {
    const given = options?.props === undefined ? options : { ...options, props: this.#gifts.wrap(options.props) };
    return new Entrypoint(this.#stub.getEntrypoint(name, given), this.#gifts);
  }

  [Symbol.dispose]() {
    this.#gifts?.release();
    this.#stub = this.#gifts = null;
  }
}

class Runtime extends RpcTarget {
  #env;
  #exports;

  constructor(env, exports) {
    super();
    this.#env = env;
    this.#exports = exports;
  }

  load(code) {
    if (!isPlain(code)) throw new TypeError("load() takes an object: { mainModule, modules, … }.");
    const gifts = new Gifts(this.#exports);
    try {
      const stub = this.#env.LOADER.load({
        ...code,
        compatibilityDate: code.compatibilityDate ?? NEWEST_DATE,
        env: gifts.wrap(code.env),
        globalOutbound: isPlain(code.globalOutbound) ? outbound(code.globalOutbound) : gifts.wrap(code.globalOutbound),
      });
      gifts.of(stub, this.#env.END);
      return new LoadedWorker(stub, gifts);
    } catch (e) {
      gifts.release();
      throw e;
    }
  }

  version() {
    return this.#env.VERSION;
  }
}

const digest = (text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));

async function isToken(env, token) {
  const [given, right] = await Promise.all([digest(`${token}`), digest(env.TOKEN)]);
  return typeof token === "string" && crypto.subtle.timingSafeEqual(given, right);
}

// The main object. shown: the request came with the token, so that authenticate() needs none. opened, refused: what is
// called then.
class Door extends RpcTarget {
  #env;
  #exports;
  #shown;
  #opened;
  #refused;
  #wrong = 0;

  constructor(env, exports, shown, { opened, refused }) {
    super();
    this.#env = env;
    this.#exports = exports;
    this.#shown = shown;
    this.#opened = opened;
    this.#refused = refused;
  }

  async authenticate(token) {
    if (this.#wrong >= ATTEMPTS) throw new Error(WRONG_TOKEN);
    if ((token === undefined && this.#shown) || (await isToken(this.#env, token))) {
      this.#opened();
      return new Runtime(this.#env, this.#exports);
    }
    if (++this.#wrong >= ATTEMPTS) this.#refused();
    throw new Error(WRONG_TOKEN);
  }
}

function socket(env, exports, shown) {
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  const close = (reason) => server.close(POLICY_VIOLATION, reason);
  const patience = setTimeout(close, env.PATIENCE_MS, NO_TOKEN);
  const opened = () => clearTimeout(patience);
  const refused = () => setTimeout(close, GRACE_MS, WRONG_TOKEN);
  newWebSocketRpcSession(server, new Door(env, exports, shown, { opened, refused }));
  return new Response(null, { status: 101, webSocket: client });
}

async function batch(request, env, exports, shown) {
  const nothing = () => {};
  const door = new Door(env, exports, shown, { opened: nothing, refused: nothing });
  const response = await newHttpBatchRpcResponse(request, door).catch(
    (e) => new Response(`${e.message}\n`, { status: 400 }), // not a batch, or one that broke the protocol
  );
  const origin = request.headers.get("origin"); // the gateway lets only those through that are allowed
  if (origin !== null) {
    response.headers.set("access-control-allow-origin", origin);
    response.headers.set("vary", "origin");
  }
  return response;
}

export default {
  async fetch(request, env, { exports }) {
    const header = request.headers.get("authorization");
    if (header !== null && !(await isToken(env, /^bearer +(.*)$/i.exec(header)?.[1])))
      return new Response(`${WRONG_TOKEN}\n`, { status: 401, headers: { "www-authenticate": "Bearer" } });
    if (request.headers.get("upgrade") === "websocket") return socket(env, exports, header !== null);
    if (request.method === "POST") return batch(request, env, exports, header !== null);
    return new Response("This is a Cap'n Web endpoint: a WebSocket, or a batch by POST.\n", {
      status: 405,
      headers: { allow: "GET, POST" },
    });
  },
};
