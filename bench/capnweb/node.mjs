// node.mjs: Cap'n Web as the npm package serves it on Node.js; prints its port.
import http from "node:http";
import { newWebSocketRpcSession, nodeHttpBatchRpcResponse } from "capnweb";
import { WebSocket, WebSocketServer } from "ws";
import { Api } from "./api.mjs";

globalThis.WebSocket ??= WebSocket;
const server = http.createServer((request, response) => nodeHttpBatchRpcResponse(request, response, new Api()));
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket) => newWebSocketRpcSession(socket, new Api()));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
