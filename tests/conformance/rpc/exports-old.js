// services: SELF=self#Main
// date: 2025-11-01
// Workers RPC before ctx.exports was there (2025-11-17).
import { WorkerEntrypoint, exports } from "cloudflare:workers";
import { checks } from "../checks.js";

export class Main extends WorkerEntrypoint {
  kinds() {
    return [typeof this.ctx.exports, "exports" in this.ctx, typeof this.ctx.props];
  }
}

export default checks([
  ({ ctx }) => [typeof ctx.exports, "exports" in ctx],
  async ({ env }) => await env.SELF.kinds(),
  () => [typeof exports, Object.keys(exports ?? {})],
]);
