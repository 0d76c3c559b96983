// The platform's EventTarget.
'use strict';

module.exports = {
  isEventTarget: (value) => value instanceof ours.EventTarget,
  kEvents: Symbol('kEvents'),
  kResistStopPropagation: Symbol('kResistStopPropagation'),
  kWeakHandler: Symbol('kWeak'),
};
