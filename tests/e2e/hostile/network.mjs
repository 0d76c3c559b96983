// network.mjs: a network of its own for a test: namespaces in which every address of IPv4 and IPv6 is this machine's, and
// names are looked up at a name server of the test's (names.mjs). So public addresses are there without a network, and a
// connection to any other that gets through is seen.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { directory } from "../harness.mjs";

export const NAME_SERVER = "127.0.0.53";

// The resolver of the C library reads these; nothing of the machine's configuration is left.
const FILES = {
  "resolv.conf": `nameserver ${NAME_SERVER}\noptions timeout:1 attempts:1\n`,
  "nsswitch.conf": "hosts: files dns\n",
  hosts: "127.0.0.1 localhost\n::1 localhost\n",
};
const SETUP = `set -e
files=$1; shift
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo
for name in ${Object.keys(FILES).join(" ")}; do mount --bind "$files/$name" "/etc/$name"; done
exec "$@"`;

const unshare = (files, ...command) => [process.getuid() ? "-Urnm" : "-nm", "sh", "-c", SETUP, "sh", files, ...command];

/** True inside. Outside this process runs the test file again, inside, and ends with it; or, where there are no
 * namespaces, false, with a test that says so. */
export function insideOwnNetwork(url) {
  if (process.env.MAYFLY_OWN_NETWORK) return true;
  const files = directory(FILES);
  const probe = spawnSync("unshare", unshare(files, "true"), { encoding: "utf8" });
  if (probe.status) {
    test("in a network of its own", { skip: `no namespaces for it here: ${probe.error ?? probe.stderr.trim()}` }, () => {});
    return false;
  }
  const node = [process.execPath, ...process.execArgv, fileURLToPath(url)];
  const env = { ...process.env, MAYFLY_OWN_NETWORK: "1" };
  const { status } = spawnSync("unshare", unshare(files, ...node), { stdio: "inherit", env });
  fs.rmSync(path.dirname(path.join(files, "x")), { recursive: true, force: true });
  process.exit(status ?? 1);
}
