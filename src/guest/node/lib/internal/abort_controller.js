'use strict';

const { AbortController, AbortSignal } = ours;
module.exports = { AbortController, AbortSignal };
