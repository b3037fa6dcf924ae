// Plays a recorded or simulated stream into the shown channel, as if it happened now: rows of `hikari simulate` or `hikari replay`.

import { ask } from "./ask.js";
import { newId } from "./line.js";
import { $, plural, whole } from "./parts.js";

const [STEP_MS, VIEWERS_MS, FULL_BYTES, MOST_BYTES] = [100, 10000, 1 << 20, 256 << 20];

export class Player {
  #rows = [];
  #at = 0;
  #time = 0;
  #timer = null;
  #told = 0;

  constructor(line, channel) {
    this.line = line;
    this.channel = channel;
    $("play-file").addEventListener("change", ({ target }) => this.#load(target.files[0]));
    $("playing-stop").addEventListener("click", () => this.stop());
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#rows = [];
    $("playing").hidden = true;
    $("play-file").value = "";
  }

  async #load(file) {
    if (!file) return;
    $("playing").hidden = false;
    $("playing-says").textContent = "Reading the file…";
    try {
      if (file.size > MOST_BYTES) throw new Error("too large");
      this.#rows = (await file.text()).split("\n").filter((text) => text.trim()).map((text) => JSON.parse(text))
        .filter((row) => Number.isFinite(row?.timestamp) && typeof row.username === "string" && typeof row.message === "string");
      if (!this.#rows.length) throw new Error("no rows");
    } catch {
      $("playing-says").textContent = "This file holds no stream: it takes lines of JSON with timestamp, username and message, as `hikari simulate` writes them.";
      return;
    }
    [this.#at, this.#time] = [0, this.#rows[0].timestamp];
    this.#step();
  }

  async #step() {
    const speed = Number($("playing-speed").value);
    this.#time += (STEP_MS / 1000) * speed;
    try {
      let waiting = 0;
      while (this.#at < this.#rows.length && this.#rows[this.#at].timestamp <= this.#time && waiting < FULL_BYTES) {
        const row = this.#rows[this.#at++];
        waiting = await this.line.send({ id: newId(), channel: this.channel(), username: row.username, text: row.message });
        this.#viewers(row.viewer_count);
      }
    } catch (error) {
      $("playing-says").textContent = `Stopped: ${error.message}`;
      return;
    }
    if (!this.#rows.length) return; // stopped meanwhile
    const left = this.#rows.length - this.#at;
    $("playing-says").textContent = left ? `Playing: ${whole(this.#at)} of ${plural(this.#rows.length, "message")}` : "The recording is over.";
    if (left) this.#timer = setTimeout(() => this.#step(), STEP_MS);
  }

  #viewers(count) {
    if (!Number.isFinite(count) || performance.now() - this.#told < VIEWERS_MS) return;
    this.#told = performance.now();
    ask("/record_metric", { metric_name: "viewer_count", value: count, channel: this.channel() }).catch(() => {}); // the panel of the viewers says what is wrong
  }
}
