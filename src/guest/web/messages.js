// messages.js: MessageChannel and MessagePort, within one isolate. A message is cloned when it is sent and delivered in a
// job of its own; a port that nobody listens to keeps what comes until somebody does.

const TRANSFER_MESSAGE = 'Transfer list is not supported';
const EventTargetRemove = uncurryThis(EventTarget.prototype.removeEventListener);
let newPorts; // () -> two entangled ports

let isMessagePort;

class MessagePort extends EventTarget {
  #other = null; // null: closed, by whichever
  #closed = false; // by this end: nothing is taken any more
  #waiting = null; // messages that nobody listens for yet
  #handler = null;
  #listens = false;

  constructor(token) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    super();
    targetHasAttribute(this, 'message');
  }

  static {
    isMessagePort = (value) => isObject(value) && #other in value;
    newPorts = () => {
      const one = new MessagePort(INTERNAL), two = new MessagePort(INTERNAL);
      one.#other = two;
      two.#other = one;
      return [one, two];
    };
  }

  postMessage(data = undefined, transfer = undefined) {
    const list = transfer == null || ArrayIsArray(transfer) ? transfer : transfer.transfer;
    if (list != null && list.length > 0) throw new Error(TRANSFER_MESSAGE);
    const other = this.#other;
    const message = native.serialize(data);
    if (other === null) return;
    enqueueMicrotask(() => other.#take(message));
  }

  #take(message) {
    if (this.#closed) return;
    if (!this.#listens) {
      (this.#waiting ??= [])[this.#waiting.length] = message;
      return;
    }
    const event = new MessageEvent('message', { __proto__: null, data: native.deserialize(message), source: this });
    eventState(event).trusted = true;
    targetDispatch(this, event);
  }

  start() {
    this.#start();
  }
  #start() {
    const waiting = this.#waiting;
    this.#listens = true;
    this.#waiting = null;
    if (waiting === null) return;
    for (let i = 0; i < waiting.length; i++) enqueueMicrotask(() => this.#take(waiting[i]));
  }

  close() {
    const other = this.#other;
    if (other === null) return;
    this.#other = other.#other = null;
    this.#closed = true;
    enqueueMicrotask(() => {
      targetDispatch(this, newTrustedEvent('close'));
      targetDispatch(other, newTrustedEvent('close'));
    });
  }

  addEventListener(type, listener, options = undefined) {
    EventTargetAdd(this, type, listener, options);
    if (`${type}` === 'message') this.#start();
  }

  get onmessage() {
    return this.#handler;
  }
  set onmessage(handler) {
    if (this.#handler !== null) EventTargetRemove(this, 'message', this.#handler);
    this.#handler = typeof handler === 'function' ? handler : null;
    if (this.#handler === null) return;
    EventTargetAdd(this, 'message', this.#handler, undefined);
    this.#start();
  }
}
exposeIllegal(MessagePort);

class MessageChannel {
  #ports = newPorts();
  get port2() {
    return this.#ports[1];
  }
  get port1() {
    return this.#ports[0];
  }
}
exposeInterface(MessageChannel);
