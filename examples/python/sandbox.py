#!/usr/bin/python3
"""Loads a sandbox into Mayfly over Cap'n Web, gives it a function of this program, and calls it (docs/rpc.md).
usage: MAYFLY_TOKEN=... sandbox.py [ws://127.0.0.1:8787/rpc]      (Debian: python3-websockets)"""
import asyncio, json, os, sys, websockets

AGENT = """import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  run(names) { return Promise.all(names.map(async (name) => `${name} is ${await this.env.age(name)}`)); } }"""

class Session:
    """One end of a connection. What a call gives can be called in turn, by its id, before it is there."""
    def __init__(self, socket):
        self.socket, self.calls, self.waiting = socket, 0, {}
        self.functions, self.called = {}, []  # what the peer has of ours, by negative id; its calls: 1, 2, …

    def pack(self, value):
        if callable(value):
            self.functions[id := -1 - len(self.functions)] = value
            return ["export", id]
        if isinstance(value, dict): return {name: self.pack(each) for name, each in value.items()}
        return [[self.pack(each) for each in value]] if isinstance(value, list) else value

    def unpack(self, value):
        if isinstance(value, dict): return {name: self.unpack(each) for name, each in value.items()}
        if value == ["undefined"]: return None
        return [self.unpack(each) for each in value[0]] if isinstance(value, list) and isinstance(value[0], list) else value

    async def call(self, target, method, *arguments):
        self.calls += 1
        await self.socket.send(json.dumps(["push", ["pipeline", target, [method], [*map(self.pack, arguments)]]]))
        return self.calls

    async def result(self, call):
        self.waiting[call] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps(["pull", call]))
        return await self.waiting[call]

    async def listen(self):
        async for text in self.socket:
            match json.loads(text):
                case ["push", [_, function, _, arguments]]:
                    self.called.append(self.functions[function](*map(self.unpack, arguments)))
                case ["pull", call]:
                    await self.socket.send(json.dumps(["resolve", call, self.pack(self.called[call - 1])]))
                case ["resolve", call, value]: self.waiting.pop(call).set_result(self.unpack(value))
                case ["reject", call, [_, name, text, *_]]:
                    self.waiting.pop(call).set_exception(RuntimeError(f"{name}: {text}"))

async def main(url="ws://127.0.0.1:8787/rpc"):
    async with websockets.connect(url) as socket:
        session = Session(socket)
        listening = asyncio.create_task(session.listen())
        listening.add_done_callback(lambda _: [each.cancel() for each in session.waiting.values()])  # it is closed
        runtime = await session.call(0, "authenticate", os.environ["MAYFLY_TOKEN"])
        code = {"mainModule": "agent.js", "modules": {"agent.js": AGENT}, "globalOutbound": None}
        worker = await session.call(runtime, "load", {**code, "env": {"age": {"ada": 36, "bob": 41}.get}})
        agent = await session.call(worker, "getEntrypoint")
        print(*await session.result(await session.call(agent, "run", ["ada", "bob"])), sep="\n")

asyncio.run(main(*sys.argv[1:]))
