'use strict';

module.exports = { queueMicrotask: ours.queueMicrotask };
