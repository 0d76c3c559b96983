'use strict';

const { Blob, File } = ours;
module.exports = { Blob, File, isBlob: (value) => value instanceof Blob };
