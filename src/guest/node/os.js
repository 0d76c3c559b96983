// os.js: node:os: what a system without anything says of itself, as workerd does.

const osModule = {
  EOL: '\n',
  devNull: '/dev/null',
  constants: bindings.constants.os,
  availableParallelism: constant('availableParallelism', 1),
  arch: constant('arch', 'x64'),
  cpus() { return []; },
  endianness: constant('endianness', 'LE'),
  freemem: constant('freemem', 0),
  getPriority(pid) { return 0; },
  homedir: constant('homedir', '/tmp/'),
  hostname: constant('hostname', 'localhost'),
  loadavg() { return [0, 0, 0]; },
  machine: constant('machine', 'x86_64'),
  networkInterfaces() { return {}; },
  platform: constant('platform', 'linux'),
  release: constant('release', ''),
  setPriority(pid, priority) {
    nodeValidators.validateNumber(pid, 'pid');
    throw systemError('EPERM', 'operation not permitted');
  },
  tmpdir: constant('tmpdir', '/tmp/'),
  totalmem: constant('totalmem', 0),
  type: constant('type', 'Linux'),
  uptime: constant('uptime', 0),
  userInfo() { return {}; },
  version: constant('version', ''),
};
nodeModule('os', osModule, osModule, '2025-09-15');
