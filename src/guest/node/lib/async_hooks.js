'use strict';

module.exports = { AsyncResource: ours.AsyncResource };
