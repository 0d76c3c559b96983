// map() of Cap'n Web: what a recorded function becomes on the wire, what comes of it, and what it must not do.
import { RpcPromise, RpcStub, RpcTarget } from "capnweb";
import { checks } from "../checks.js";
import { Api, pair, played, settle } from "../sessions.js";

class Users extends RpcTarget {
  #seen = [];
  ids() { return [3, 4, 5]; }
  people() { return [{ id: 1, tags: ["a", "b"], friend: { name: "Ann" } }, { id: 2, tags: [], friend: { name: "Bob" } }]; }
  user(id) { return { id, name: `user ${id}`, get double() { return id * 2; } }; }
  api() { return new Api(); }
  apis() { return [new Api(), new Api()]; }
  nested() { return [[1, 2], [3], []]; }
  one() { return { id: 7 }; }
  number() { return 5; }
  nothing() { return null; }
  undef() {}
  empty() { return []; }
  functions() { return [(x) => x + 1, (x) => x * 10]; }
  failing() { throw new RangeError("no list"); }
  mixed() { return [1, null, undefined, "x", [2]]; }
  echo(...v) { return v.length > 1 ? v : v[0]; }
  failOn(x) { if (x === 4) throw new TypeError(`not ${x}`); return x; }
  note(x) { this.#seen.push(x); return this.#seen.length; }
  get seen() { return this.#seen; }
  log() { return this.#seen.join(); }
}
const scene = (act) => async () => {
  const p = pair(new Users());
  let result;
  try {
    result = await act(p.api, p);
  } catch (e) {
    result = `threw ${e.name}: ${e.message}`;
  }
  // The order of what is answered in one turn is nobody's business.
  return [result, ...(await p.said()).sort()];
};
const local = (act) => async () => {
  try {
    return await act(new RpcStub(new Users()));
  } catch (e) {
    return `threw ${e.name}: ${e.message}`;
  }
};
const both = (list) => Object.fromEntries(Object.entries(list).flatMap(([name, act]) => [[name, scene(act)], [`${name}, here`, local(act)]]));
const kept = [];

export default checks({
  ...both({
    "each": (api) => api.ids().map((x) => x),
    "calls": (api) => api.ids().map((id) => api.user(id)),
    "properties": (api) => api.people().map((p) => p.friend.name),
    "properties of results": (api) => api.ids().map((id) => api.user(id).name),
    "two in one": (api) => api.ids().map((id) => [api.user(id).name, id]),
    "an object": (api) => api.ids().map((id) => ({ id, u: api.user(id), c: 5, d: new Date(7), n: undefined })),
    "a constant": (api) => api.ids().map(() => "same"),
    "nothing": (api) => api.ids().map(() => {}),
    "a path": (api) => api.one().id.map((x) => [x]),
    "of no array": (api) => api.one().map((x) => x.id),
    "of a number": (api) => api.number().map((x) => api.echo(x, 1)),
    "of null": (api) => api.nothing().map((x) => api.user(x)),
    "of undefined": (api) => api.undef().map((x) => api.user(x)),
    "of an empty list": (api) => api.empty().map((x) => api.user(x)),
    "of mixed values": (api) => api.mixed().map((x) => api.echo(x, 0)),
    "of what fails": (api) => api.failing().map((x) => api.user(x)),
    "an element that fails": (api) => api.ids().map((x) => api.failOn(x)),
    "nested": (api) => api.nested().map((row) => row.map((x) => api.echo(x, "x"))),
    "nested, with the outer": (api) => api.people().map((p) => p.tags.map((t) => [t, p.id])),
    "nested twice": (api) => api.nested().map((row) => row.map((x) => api.ids().map((y) => [x, y]))),
    "of a map": (api) => api.ids().map((x) => api.user(x)).map((u) => u.name),
    "a stub from outside": (api) => { const s = new RpcStub((x) => `mine ${x}`); return api.ids().map((x) => s(x)); },
    "a stub from outside, twice": (api) => { const s = new RpcStub((x) => `mine ${x}`); return api.ids().map((x) => [s(x), s(x)]); },
    "a stub from outside as an argument": async (api) => { const s = new RpcStub((x) => `mine ${x}`); return (await api.ids().map((x) => api.echo(s))).length; },
    "a promise from outside": (api) => { const n = api.number(); return api.ids().map((x) => api.echo(n, x)); },
    "of stubs": async (api) => { const list = await api.apis().map((a) => a.add(4)); return list; },
    "stubs as the result": async (api) => { const list = await api.ids().map(() => api.api()); return Promise.all(list.map((a, i) => a.add(i))); },
    "of functions": (api) => api.functions().map((f) => f(5)),
    "the input twice": (api) => api.ids().map((x) => api.echo(x, x)),
    "a result twice": (api) => api.ids().map((x) => { const u = api.user(x); return [u.id, u.name]; }),
    "order of effects": async (api) => { await api.ids().map((x) => [api.note(x), api.note("again")]); return api.log(); },
    "a call whose result is not used": async (api) => { await api.ids().map((x) => { api.note(x); return 1; }); return api.log(); },
    "a call that is pipelined further": (api) => api.ids().map((x) => api.user(x)).map((u) => api.echo(u).name),
    "the result as an argument": (api) => api.echo(api.ids().map((x) => api.user(x).id)),
    "the main object itself": (api) => api.map((a) => a.number()),
    "throws": (api) => api.ids().map(() => { throw new RangeError("in here"); }),
    "async": (api) => api.ids().map(async (x) => x),
    "waits": (api) => api.ids().map((x) => x.then((v) => v)),
    "uses the placeholder as a value": (api) => api.ids().map((x) => api.echo(`${x}`)),
    "calculates": (api) => api.ids().map((x) => x + 1),
    "calls the placeholder later": async (api) => { let saved; await api.ids().map((x) => { saved = x; return x; }); return saved.foo(); },
    "reads the placeholder later": async (api) => { let saved; await api.ids().map((x) => { saved = x; return x; }); return await saved.foo; },
    "waits for the placeholder later": async (api) => { let saved; await api.ids().map((x) => { saved = x; return x; }); return await saved; },
    "maps the placeholder later": async (api) => { let saved; await api.ids().map((x) => { saved = x; return x; }); return await saved.map((y) => y); },
    "sends the placeholder later": async (api) => { let saved; await api.ids().map((x) => { saved = x; return x; }); return await api.echo(saved); },
    "a function as an argument": (api) => api.ids().map((x) => api.echo(() => 1)),
    "a target as an argument": (api) => api.ids().map((x) => api.echo(new Users())),
    "a function as the result": (api) => api.ids().map(() => () => 1),
    "a stream within": (api) => api.ids().map(() => new ReadableStream()),
    "what cannot be sent": (api) => api.ids().map((x) => api.echo(new Map())),
    "without a function": (api) => { try { return api.ids().map(); } catch (e) { return e.name; } },
    "disposes the input": (api) => api.ids().map((x) => { x[Symbol.dispose](); return 1; }),
    "duplicates the input": (api) => api.ids().map((x) => x.dup()),
    "duplicates a property": (api) => api.people().map((x) => x.friend.dup()),
    "waits for breaks": (api) => api.ids().map((x) => { x.onRpcBroken(() => {}); return 1; }),
    "errors as values": async (api) => (await api.ids().map((x) => [x, new TypeError("v")]))[1][1].message,
    "bytes and dates": (api) => api.ids().map((x) => api.echo(new Uint8Array([1, 2]), 5n)),
  }),
  "another session's stub": async () => {
    const [a, b] = [pair(new Users()), pair(new Users())];
    const result = await a.api.ids().map((x) => b.api.user(x).name);
    return [result, ...(await a.said()).sort(), ...(await b.said()).sort()];
  },
  "a map within a call that is recorded": async () => {
    const a = pair(new Users());
    let inner;
    const result = await a.api.ids().map((x) => { inner = a.api.number(); return x; });
    return [result, inner instanceof RpcPromise, ...await a.said()];
  },
  "after a function that threw": async () => {
    const a = pair(new Users());
    try { a.api.ids().map(() => { throw 1; }); } catch {}
    return [await a.api.number(), ...await a.said()];
  },
  "replayed: a call on nothing": async () => { const p = played(new Users()); return p.ask(["push", [[1]]], ["push", ["remap", 1, [], [], [["pipeline", 0, ["x"], []]]]], ["pull", 2]); },
  "replayed: a capture that is not there": async () => { const p = played(new Users()); return p.ask(["push", [[1]]], ["push", ["remap", 1, [], [], [["pipeline", -1]]]], ["pull", 2]); },
  "replayed: an instruction that is wrong": async () => { const p = played(new Users()); return p.ask(["push", [[1]]], ["push", ["remap", 1, [], [], [["what"], 1]]], ["pull", 2]); },
  "replayed: many instructions": async () => { const p = played(new Users()); return p.ask(["push", [[1, 2]]], ["push", ["remap", 1, [], [["import", 0]], [...Array.from({ length: 50 }, (_, i) => ["pipeline", -1, ["echo"], [["pipeline", i]]]), ["pipeline", 50]]]], ["pull", 2]); },
  "replayed: a map in a map": async () => { const p = played(new Users()); return p.ask(["push", [[[[1, 2]], [[3]]]]], ["push", ["remap", 1, [], [["import", 0]], [["remap", 0, [], [["import", -1]], [["pipeline", -1, ["echo"], [["pipeline", 0], 9]], ["pipeline", 1]]]]]], ["pull", 2]); },
  "replayed: imports for values": async () => { const p = played(new Users()); return p.ask(["push", [[1, 2]]], ["push", ["remap", 1, [], [], [["import", 0]]]], ["pull", 2]); },
  "replayed: no text for instructions": async () => { const p = played(new Users()); return p.ask(["push", [[1]]], ["push", ["remap", 1, [], [], [{ a: ["pipeline", 0] }]]], ["pull", 2]); },
});
