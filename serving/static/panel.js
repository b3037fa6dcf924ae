// A panel asks the engine for its own part, on its own schedule, and shows its own error: a part that is slow or absent spoils no other.

import { $, clock, el, swap } from "./parts.js";

const [TICK_MS, AT_ONCE, AGAIN_MS] = [500, 2, 15000];
const SECONDS = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const NOT_YET = new Set(["not_found", "not_ready"]);

/** Thrown by `show` when there is too little to show; the text says what to do about it. */
export class NotYet extends Error {}

export class Panel {
  /**
   * `load(channel)` gives what `show(data)` makes nodes of. `empty` says in plain words when there is something to see.
   * Every `everyMs` it is asked again, as long as somebody can see the page.
   */
  constructor(id, { load, show, everyMs, empty }) {
    Object.assign(this, { id, load, show, everyMs, empty, due: 0, busy: false, round: 0, seen: null });
    this.box = $(id).querySelector(".body");
    this.note = el("p", { class: "note", hidden: "" });
    $(id).append(this.note);
  }

  /** Forgets what is shown: it belongs to another channel. */
  clear() {
    this.round += 1;
    this.busy = false;
    this.due = 0;
    this.seen = null;
    this.#say(null);
    swap(this.box, el("p", { class: "muted" }, "Loading…"));
  }

  /** Says why nothing is asked for at present. */
  wait(text) {
    if (this.seen === null) swap(this.box, el("p", { class: "muted" }, text));
    else this.#say(text);
    this.due = 0;
  }

  async refresh(channel) {
    const round = this.round;
    this.busy = true;
    try {
      const data = await this.load(channel);
      if (round !== this.round) return;
      const text = JSON.stringify(data);
      if (text !== this.seen) this.#draw(data);
      this.seen = text;
      this.#say(null);
      this.due = Date.now() + this.everyMs;
    } catch (error) {
      if (round !== this.round) return;
      this.due = Date.now() + Math.max(AGAIN_MS, this.everyMs);
      this.#failed(error);
    } finally {
      if (round === this.round) this.busy = false;
    }
  }

  #draw(data) {
    const nodes = [this.show(data)];
    this.shownAt = Date.now() / 1000;
    swap(this.box, nodes);
  }

  #failed(error) {
    if (error instanceof NotYet || NOT_YET.has(error.code)) {
      this.seen = null;
      this.#say(null);
      swap(this.box, el("p", { class: "muted nothing" }, error instanceof NotYet ? error.message : this.empty));
    } else if (this.seen !== null) {
      this.#say(`Not updated since ${clock(this.shownAt, SECONDS)}: ${error.message}`);
    } else {
      swap(this.box, el("p", { class: "failed" }, `Could not be loaded: ${error.message}`));
    }
  }

  #say(text) {
    this.note.hidden = !text;
    this.note.textContent = text ?? "";
  }
}

/** Runs the panels of one channel, a few requests at a time, and rests while nobody looks. */
export class Board {
  #channel = "default";
  #resting = true;

  constructor(panels) {
    this.panels = panels;
    setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => this.#tick());
  }

  /** Shows another channel. */
  follow(channel) {
    this.#channel = channel;
    for (const panel of this.panels) panel.clear();
    this.#tick();
  }

  /** Asks for everything again: the connection is back, or there is another key. */
  hurry() {
    for (const panel of this.panels) panel.due = 0;
    this.#tick();
  }

  /** Asks for nothing until it is told that there is somebody to ask: no volley of requests that lack a key. */
  rest(resting, text = null) {
    this.#resting = resting;
    if (resting) for (const panel of this.panels) panel.wait(text);
    else this.#tick();
  }

  /** Asks for these again at the next turn. */
  soon(...ids) {
    for (const panel of this.panels) if (ids.includes(panel.id)) panel.due = 0;
  }

  #tick() {
    if (document.hidden || this.#resting) return;
    let free = AT_ONCE - this.panels.filter((panel) => panel.busy).length;
    for (const panel of this.panels.filter((one) => !one.busy && one.due <= Date.now()).sort((a, b) => a.due - b.due)) {
      if (free-- <= 0) return;
      panel.refresh(this.#channel).finally(() => this.#tick());
    }
  }
}
