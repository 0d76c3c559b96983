// What the platform takes of the library.
'use strict';

module.exports = {
  assert: require('assert'),
  buffer: require('buffer'),
  cliTable: require('internal/cli_table'),
  diagnosticsChannel: require('diagnostics_channel'),
  errors: require('internal/errors'),
  events: require('events'),
  internalUrl: require('internal/url'),
  inspect: require('internal/util/inspect'),
  internalUtil: require('internal/util'),
  path: require('path'),
  punycode: require('punycode'),
  querystring: require('querystring'),
  stream: require('stream'),
  streamPromises: require('stream/promises'),
  streamUtils: require('internal/streams/utils'),
  stringDecoder: require('string_decoder'),
  types: require('internal/util/types'),
  url: require('url'),
  util: require('util'),
  validators: require('internal/validators'),
  mime: require('internal/mime'),
  diff: require('internal/util/diff'),
};
