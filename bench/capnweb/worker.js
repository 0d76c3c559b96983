// worker.js: Cap'n Web as a Worker serves it.
import { newWorkersRpcResponse } from "capnweb";
import { Api } from "./api.mjs";

export default {
  fetch: (request) => newWorkersRpcResponse(request, new Api()),
};
