// Classes: fields, private names, static blocks, accessors, inheritance, new.target, what throws when.
import { checks } from "../checks.js";

class Counter {
  static #made = 0;
  static log = [];
  static { this.log.push("block", this.name, typeof Counter); }
  static late = this.log.push("late");
  #n = 1;
  ["com" + "puted"] = this.#n + 1;
  constructor() { Counter.#made++; }
  get #double() { return this.#n * 2; }
  set #double(v) { this.#n = v / 2; }
  #bump() { return ++this.#n; }
  bump() { return this.#bump(); }
  double(v) { this.#double = v; return [this.#double, this.#n]; }
  static has(o) { return #n in o; }
  static get made() { return this.#made; }
  static async *#walk(n) { for (let i = 0; i < n; i++) yield i; }
  static async walk(n) { const seen = []; for await (const i of Counter.#walk(n)) seen.push(i); return seen; }
  peek(o) { return o.#n; }
  poke(o) { o.#n = 1; }
  only(o) { o.#bump = 1; }
}

class Late extends Counter {
  seen = super.bump();
  arrow = () => this.seen;
}

class ReturnsOther {
  constructor(o) { return o; }
}
class Stamp extends ReturnsOther {
  #mark = "stamped";
  static read(o) { return o.#mark; }
}

export default checks([
  () => Counter.log,
  () => Counter.late,
  () => new Counter().computed,
  () => [new Counter().bump(), new Counter().double(10)],
  () => [Counter.has(new Counter()), Counter.has({}), Counter.has(new Late())],
  () => Counter.has(1),
  () => new Counter().peek({}),
  () => new Counter().poke({}),
  () => new Counter().only(new Counter()),
  () => { const before = Counter.made; new Late(); new Counter(); return Counter.made - before; },
  async () => Counter.walk(3),
  () => { const l = new Late(); return [l.seen, l.arrow.call(null), Object.keys(l)]; },
  () => { const o = {}; new Stamp(o); return [Stamp.read(o), Object.keys(o)]; },
  () => { const o = {}; new Stamp(o); new Stamp(o); },
  () => Counter(),
  () => class { constructor() { return 1; } } && new (class { constructor() { return 1; } })() instanceof Object,
  () => new (class extends Object { constructor() { return 1; } })(),
  () => new (class extends Object { constructor() {} })(),
  () => new (class extends Object { constructor() { super(); super(); } })(),
  () => new (class extends null {})(),
  () => class extends 5 {},
  () => { class A { static x = A.name; } return [A.x, (class {}).name, (class { static name = "own"; }).name]; },
  () => { const o = { m() {}, get g() { return 1; }, async *ag() {}, ["x" + 1]: () => 1, [Symbol("s")]: function () {} }; return [o.m.name, Object.getOwnPropertyDescriptor(o, "g").get.name, o.ag.name, o.x1.name, o[Object.getOwnPropertySymbols(o)[0]].name]; },
  () => new ({ m() {} }).m(),
  () => { function F() { return new.target === F; } return [new F() instanceof F, F()]; },
  () => { class A { who = new.target; } return new A().who; },
  () => Reflect.construct(function () { return { t: new.target === Array }; }, [], Array).t,
  () => { class A { static get [Symbol.species]() { return Array; } } class B extends Array { static get [Symbol.species]() { return Array; } } const b = B.of(1, 2); return [b instanceof B, b.map((x) => x) instanceof B, b.constructor.name, A.name]; },
  () => { class A { f() { return "A"; } } class B extends A { f() { return "B" + super.f(); } } const o = { __proto__: new B(), f() { return "o" + super.f(); } }; return o.f(); },
  () => { class A { static accessor = 1; get = 2; set = 3; async = 4; static = 5; } return [A.accessor, Object.entries(new A())]; },
  () => { class A { "quoted key" = 1; 5 = 2; 0x10 = 3; 1n = 4; } return Object.keys(new A()); },
  () => { class E extends Error { constructor(m) { super(m); this.name = "E"; } } const e = new E("m"); return [e instanceof E, e instanceof Error, String(e), Object.prototype.toString.call(e)]; },
  () => { const order = []; class A { [(order.push("key"), "k")] = order.push("value"); static [(order.push("static key"), "s")] = order.push("static value"); constructor() { order.push("constructor"); } } new A(); return order; },
  () => { class P extends Promise {} return [P.resolve(1) instanceof P, P.resolve(1).then(() => 1) instanceof P]; },
  () => { class A { constructor() { this.x = 1; } } A.prototype.constructor = 5; return A.prototype.constructor; },
  () => Object.getOwnPropertyNames(class { static a() {} static b = 1; }),
  () => { "use strict"; class A {} A = 1; return typeof A; },
  () => { class A { m() { A = 1; } } new A().m(); },
], { messages: false });
