// The library's own debug output goes nowhere.
'use strict';

function debuglog() {
  const log = () => {};
  log.enabled = false;
  return log;
}
module.exports = { debuglog };
