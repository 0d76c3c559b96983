// wire.mjs: what goes over a WebSocket of a session, on Node.js or in a browser.

/** What goes over a WebSocket. trips: how often the client asked for something after it was told something; messages:
 * [">" (of the client) or "<", message] in order, when they are kept. */
export class Wire {
  trips = 0;
  messages = [];
  #told = true;
  #keep;

  constructor(ws, isClient, keep) {
    this.#keep = keep;
    const send = ws.send;
    ws.send = (data, ...more) => {
      this.#add(isClient ? ">" : "<", data);
      send.call(ws, data, ...more);
    };
    ws.addEventListener("message", ({ data }) => this.#add(isClient ? "<" : ">", data));
  }

  #add(direction, data) {
    const asks = direction === ">" && /^\["(pull|push|stream)"/.test(data);
    if (asks && this.#told) this.trips++;
    this.#told = !asks && (this.#told || direction === "<");
    if (this.#keep) this.messages.push([direction, data]);
  }
}
