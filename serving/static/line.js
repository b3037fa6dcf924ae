// The page's own line into the chat, over `/ws/chat`, as an engine or a chat bot has one.

import { protocols } from "./ask.js";

const [OPEN_MS, ANSWER_MS] = [8000, 15000];

/** An id that no other message has. */
export const newId = () => `page-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;

/** The engine's end of `/ws/chat`: opened when there is something to say, and again when it broke. */
export class Line {
  #socket = null;
  #opening = null;
  #asked = new Map();

  /** Sends one message; gives its `analysis` event, or throws an Error in plain words. */
  async say(message) {
    const socket = await this.#open();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(message.id, new Error("The engine took too long to answer.")), ANSWER_MS);
      this.#asked.set(message.id, { resolve, reject, timer });
      socket.send(JSON.stringify({ type: "message", ...message }));
    });
  }

  /** Sends one message without waiting for what comes of it; gives how many bytes are still to go out. */
  async send(message) {
    const socket = await this.#open();
    socket.send(JSON.stringify({ type: "message", ...message }));
    return socket.bufferedAmount;
  }

  /** After another key or before another server. */
  close() {
    this.#socket?.close();
    this.#socket = null;
    this.#opening = null;
  }

  #open() {
    if (this.#socket?.readyState === WebSocket.OPEN) return Promise.resolve(this.#socket);
    this.#opening ??= new Promise((resolve, reject) => {
      const socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws/chat`, protocols());
      const timer = setTimeout(() => socket.close(), OPEN_MS);
      socket.addEventListener("open", () => { clearTimeout(timer); this.#socket = socket; this.#opening = null; resolve(socket); });
      socket.addEventListener("message", ({ data }) => this.#hear(data));
      socket.addEventListener("close", (event) => {
        clearTimeout(timer);
        if (this.#opening && this.#socket !== socket) this.#opening = null;
        if (this.#socket === socket) this.#socket = null;
        const error = new Error(event.reason || "The engine cannot be reached; the message was not sent.");
        reject(error);
        for (const id of [...this.#asked.keys()]) this.#settle(id, error);
      });
    });
    return this.#opening;
  }

  #hear(data) {
    let event;
    try { event = JSON.parse(data); } catch { return; }
    if (event.type === "analysis") this.#settle(event.id, null, event);
    else if (event.type === "error") {
      const error = Object.assign(new Error(event.error?.message ?? "The engine refused it."), { field: event.error?.field ?? null });
      for (const id of event.id === null || event.id === undefined ? [...this.#asked.keys()] : [event.id]) this.#settle(id, error);
    }
  }

  #settle(id, error, event) {
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    clearTimeout(asked.timer);
    if (error) asked.reject(error);
    else asked.resolve(event);
  }
}
