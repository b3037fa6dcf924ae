// The live connection: one WebSocket to the dashboard's events of a channel. It comes back by itself and says what it is doing.

import { ask, keys, protocols } from "./ask.js";

const [FIRST_MS, LONGEST_MS, SILENT_MS, JITTER, POLICY] = [500, 15000, 12000, 0.2, 1008];

/**
 * Tells `state` (detail: {name: "connecting"|"live"|"waiting"|"key"|"refused", at, reason}) and `event` (detail: the object that came).
 * `reachable` means that the socket failed but requests are answered. `at` is when the next try is due. A snapshot comes every second: a socket that says nothing for long is given up.
 */
export class Live extends EventTarget {
  #channel = "default";
  #socket = null;
  #tries = 0;
  #timer = null;
  #silence = null;
  state = { name: "connecting", at: null };

  constructor() {
    super();
    keys.addEventListener("changed", () => this.open(this.#channel));
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.#hurry(); });
  }

  /** Leaves the channel before and follows this one. */
  open(channel) {
    this.#channel = channel;
    this.#tries = 0;
    this.#connect();
  }

  /** Tries again now. */
  retry() {
    this.#tries = 0;
    this.#connect();
  }

  #hurry() {
    if (this.state.name === "waiting") this.retry();
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#drop();
    this.#say("connecting");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const address = `${scheme}//${location.host}/ws/dashboard?channel=${encodeURIComponent(this.#channel)}`;
    let socket;
    try {
      socket = new WebSocket(address, protocols());
    } catch {
      this.#later();
      return;
    }
    let reason = "";
    this.#socket = socket;
    this.#listen();
    socket.addEventListener("message", ({ data }) => {
      if (socket !== this.#socket) return;
      this.#listen();
      let event;
      try { event = JSON.parse(data); } catch { return; }
      if (event.type === "error" && (event.id ?? null) === null) reason = event.error?.message ?? "";
      else if (this.state.name !== "live") {
        this.#tries = 0;
        this.#say("live");
      }
      this.dispatchEvent(new CustomEvent("event", { detail: event }));
    });
    socket.addEventListener("close", ({ code }) => {
      if (socket !== this.#socket) return;
      if (code === POLICY && reason) this.#give("refused", reason);
      else this.#closed();
    });
  }

  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#closed(), SILENT_MS);
  }

  #drop() {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** A browser does not tell why a handshake failed: a plain request says whether a key is wanted. */
  async #closed() {
    this.#drop();
    const channel = this.#channel;
    this.#later();
    try {
      await ask("/experiments/list", { channel });
      this.dispatchEvent(new Event("reachable"));
    } catch (error) {
      if (channel !== this.#channel || this.state.name !== "waiting") return;
      if (error.status === 401) this.#give("key", error.message);
      else if (error.status === 400 || error.status === 403) this.#give("refused", error.message);
    }
  }

  /** Trying again would change nothing: that takes another key or another channel. */
  #give(name, reason) {
    clearTimeout(this.#timer);
    this.#drop();
    this.#say(name, null, reason);
  }

  #later() {
    const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#tries) * (1 + JITTER * (2 * Math.random() - 1));
    this.#tries += 1;
    this.#timer = setTimeout(() => this.#connect(), pause);
    this.#say("waiting", Date.now() + pause);
  }

  #say(name, at = null, reason = "") {
    this.state = { name, at, reason };
    this.dispatchEvent(new CustomEvent("state", { detail: this.state }));
  }
}
