// Writing to the chat from the page.

import { newId } from "./line.js";
import { $, el } from "./parts.js";

const EXAMPLES = ["This stream is absolutely amazing! 🔥", "great, another ad break", "can you play undertale next?", "Sadge"];

/** The form under the chat; `said(event)` gets what came of a message. */
export class Compose {
  #busy = false;

  constructor(line, channel, said) {
    this.line = line;
    this.channel = channel;
    this.said = said;
    $("say").addEventListener("submit", (event) => { event.preventDefault(); this.#send($("say-text").value, true); });
    $("chat-examples").append(...EXAMPLES.map((text) => el("button", { type: "button", click: () => this.#send(text, false) }, text)));
  }

  async #send(text, typed) {
    if (this.#busy) return;
    if (!text.trim()) return this.#error("Write a message first.");
    this.#busy = true;
    this.#error(null);
    $("say-send").setAttribute("aria-disabled", "true");
    try {
      const message = { id: newId(), channel: this.channel(), username: $("say-name").value.trim() || "viewer", text };
      this.said(await this.line.say(message));
      if (typed && $("say-text").value === text) $("say-text").value = "";
      if (typed) $("say-text").focus();
    } catch (error) {
      this.#error(error.message);
    } finally {
      this.#busy = false;
      $("say-send").removeAttribute("aria-disabled");
    }
  }

  #error(text) {
    $("say-error").hidden = !text;
    $("say-error").textContent = text ?? "";
    if (text) $("say-text").setAttribute("aria-invalid", "true");
    else $("say-text").removeAttribute("aria-invalid");
  }
}
