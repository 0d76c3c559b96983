// Named channels with subscribers, as node:diagnostics_channel has them.
'use strict';

const { ArrayPrototypeAt, ArrayPrototypeIndexOf, ArrayPrototypePush, ArrayPrototypeSlice, ArrayPrototypeSplice,
  ObjectDefineProperty, Promise, PromisePrototypeThen, PromiseReject, PromiseResolve, ReflectApply, SafeMap,
  SymbolToStringTag } = primordials;
const { codes: { ERR_INVALID_ARG_TYPE } } = require('internal/errors');
const { validateFunction } = require('internal/validators');
const { triggerUncaughtException } = internalBinding('errors');

let channels = null; // Map of name -> Channel, made when the first is

class Channel {
  #subscribers = [];
  #stores = [];
  #name;
  constructor(name) {
    this.#name = name;
  }
  get hasSubscribers() {
    return this.#subscribers.length > 0 || this.#stores.length > 0;
  }
  publish(message) {
    const subscribers = this.#subscribers;
    for (let i = 0; i < subscribers.length; i++) {
      try {
        subscribers[i](message, this.#name);
      } catch (error) {
        triggerUncaughtException(error);
      }
    }
  }
  subscribe(subscription) {
    validateFunction(subscription, 'subscription');
    this.#subscribers = ArrayPrototypeSlice(this.#subscribers); // publish() may be walking the old one
    ArrayPrototypePush(this.#subscribers, subscription);
  }
  unsubscribe(subscription) {
    const at = ArrayPrototypeIndexOf(this.#subscribers, subscription);
    if (at < 0) return false;
    this.#subscribers = ArrayPrototypeSlice(this.#subscribers);
    ArrayPrototypeSplice(this.#subscribers, at, 1);
    return true;
  }
  bindStore(store, transform) {
    this.unbindStore(store);
    ArrayPrototypePush(this.#stores, { store, transform });
  }
  unbindStore(store) {
    for (let i = 0; i < this.#stores.length; i++) {
      if (this.#stores[i].store !== store) continue;
      ArrayPrototypeSplice(this.#stores, i, 1);
      return true;
    }
    return false;
  }
  runStores(message, callback, receiver, ...args) {
    let run = () => {
      this.publish(message);
      return ReflectApply(callback, receiver, args);
    };
    for (let i = 0; i < this.#stores.length; i++) {
      const { store, transform } = this.#stores[i];
      const inner = run;
      run = () => {
        let context = message;
        try {
          if (transform) context = transform(message);
        } catch (error) {
          triggerUncaughtException(error);
          return inner();
        }
        return store.run(context, inner);
      };
    }
    return run();
  }
}

ObjectDefineProperty(Channel.prototype, SymbolToStringTag, { __proto__: null, value: 'Channel', configurable: true });

function channel(name) {
  channels ??= new SafeMap();
  let found = channels.get(name);
  if (found === undefined) channels.set(name, found = new Channel(name));
  return found;
}

function subscribe(name, subscription) {
  channel(name).subscribe(subscription);
}

function unsubscribe(name, subscription) {
  channel(name).unsubscribe(subscription);
}
const hasSubscribers = (name) => channels?.get(name)?.hasSubscribers ?? false;

const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

function channelOf(nameOrChannels, event) {
  if (typeof nameOrChannels === 'string') return channel(`tracing:${nameOrChannels}:${event}`);
  if (typeof nameOrChannels === 'object' && nameOrChannels !== null) {
    const given = nameOrChannels[event];
    if (given instanceof Channel) return given;
    throw new ERR_INVALID_ARG_TYPE(`nameOrChannels.${event}`, 'Channel', given);
  }
  throw new ERR_INVALID_ARG_TYPE('nameOrChannels', ['string', 'object', 'TracingChannel'], nameOrChannels);
}

class TracingChannel {
  constructor(nameOrChannels) {
    for (const event of EVENTS) this[event] = channelOf(nameOrChannels, event);
  }
  get hasSubscribers() {
    return this.start.hasSubscribers || this.end.hasSubscribers || this.asyncStart.hasSubscribers ||
      this.asyncEnd.hasSubscribers || this.error.hasSubscribers;
  }
  subscribe(handlers) {
    for (const event of EVENTS) if (handlers[event]) this[event].subscribe(handlers[event]);
  }
  unsubscribe(handlers) {
    let all = true;
    for (const event of EVENTS) if (handlers[event] && !this[event].unsubscribe(handlers[event])) all = false;
    return all;
  }
  #failed(context, error) {
    context.error = error;
    this.error.publish(context);
  }
  traceSync(run, context = {}, receiver = undefined, ...args) {
    return this.start.runStores(context, () => {
      try {
        const result = ReflectApply(run, receiver, args);
        context.result = result;
        return result;
      } catch (error) {
        this.#failed(context, error);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }
  tracePromise(run, context = {}, receiver = undefined, ...args) {
    const settle = (reject) => (value) => {
      if (reject) this.#failed(context, value);
      else context.result = value;
      this.asyncStart.publish(context);
      this.asyncEnd.publish(context);
      return reject ? PromiseReject(value) : value;
    };
    return this.start.runStores(context, () => {
      try {
        let promise = ReflectApply(run, receiver, args);
        if (!(promise instanceof Promise)) promise = PromiseResolve(promise);
        return PromisePrototypeThen(promise, settle(false), settle(true));
      } catch (error) {
        this.#failed(context, error);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }
  traceCallback(run, position = -1, context = {}, receiver = undefined, ...args) {
    const callback = ArrayPrototypeAt(args, position);
    validateFunction(callback, 'callback');
    const channels = this;
    function wrapped(...given) {
      if (given[0]) channels.#failed(context, given[0]);
      else context.result = given[1];
      return channels.asyncStart.runStores(context, () => {
        try {
          return ReflectApply(callback, this, given);
        } finally {
          channels.asyncEnd.publish(context);
        }
      });
    }
    ArrayPrototypeSplice(args, position, 1, wrapped);
    return this.start.runStores(context, () => {
      try {
        return ReflectApply(run, receiver, args);
      } catch (error) {
        this.#failed(context, error);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }
}

module.exports = { channel, hasSubscribers, subscribe, tracingChannel: (names) => new TracingChannel(names), unsubscribe,
  Channel, TracingChannel };
