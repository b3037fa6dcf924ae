// The live chat: every message with how it was read, by colour and by icon and word. It holds the last messages only.

import { $, el, feeling, icon, moment, plural, quote, words } from "./parts.js";
import { openReading } from "./reading.js";

const [KEPT, DRAW_MS, NEAR_PX] = [200, 200, 60];
const URGENT = new Set(["high", "critical"]);
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f\u2028\u2029]/g;

export class Chat {
  #list = $("chat-list");
  #waiting = [];
  #known = new Map();
  #timer = null;
  #unseen = 0;

  /** `channel()` names the channel that is shown. */
  constructor(channel) {
    this.channel = channel;
    this.#list.addEventListener("keydown", (event) => this.#keys(event));
    this.#list.addEventListener("scroll", () => { if (this.#atEnd()) this.#seen(); });
    this.#list.addEventListener("focusin", ({ target }) => this.#stop(target.closest("button")));
    $("chat-newer").addEventListener("click", () => { this.#toEnd(); this.#seen(); });
    $("chat-only").addEventListener("change", ({ target }) => { this.#list.dataset.only = target.value; this.#toEnd(); this.#words(); });
  }

  clear() {
    this.#waiting = [];
    this.#known.clear();
    this.#list.replaceChildren();
    this.#seen();
    this.#words();
  }

  /** Takes an `analysis` event; one that is there already, by its id, is not shown twice. */
  add(event) {
    if (event.id !== null && event.id !== undefined) {
      if (this.#known.has(event.id)) return;
      this.#known.set(event.id, true);
      if (this.#known.size > 2 * KEPT) this.#known.delete(this.#known.keys().next().value);
    }
    this.#waiting.push(event);
    if (this.#waiting.length > KEPT) this.#waiting.shift();
    this.#timer ??= setTimeout(() => this.#draw(), DRAW_MS);
  }

  #draw() {
    this.#timer = null;
    const follow = this.#atEnd() && !this.#list.contains(document.activeElement);
    const rows = this.#waiting.map((event) => this.#row(event));
    this.#waiting = [];
    this.#list.append(...rows);
    while (this.#list.children.length > KEPT) this.#drop(this.#list.firstElementChild);
    if (!this.#list.querySelector("[tabindex='0']")) this.#stop(this.#list.lastElementChild?.querySelector("button"));
    this.#words(); // a list that is hidden cannot be scrolled
    if (follow) {
      this.#toEnd();
      if (!this.#list.contains(document.activeElement)) this.#stop(this.#list.lastElementChild?.querySelector("button"));
    } else {
      this.#unseen += rows.length;
      $("chat-newer").hidden = false;
      $("chat-newer").lastElementChild.textContent = plural(Math.min(this.#unseen, KEPT), "newer message");
    }
  }

  #drop(row) {
    // The focus must not fall off the list with the oldest message.
    if (row.contains(document.activeElement)) row.nextElementSibling?.querySelector("button")?.focus();
    row.remove();
  }

  #row(event) {
    const { label, score } = event.sentiment?.aggregate ?? {};
    const felt = feeling(label, score);
    const [toxic, asks] = [event.toxicity?.is_toxic, event.context?.question?.asks];
    const { respond: answer, priority } = event.response_recommendation ?? {};
    const emotion = event.emotion?.primary;
    const kinds = ["said", felt.kind, felt.icon, toxic && "toxic", asks && "asks", answer && "answer"].filter(Boolean).join(" ");
    const open = () => openReading(event, this.channel());
    return el("li", { class: kinds },
      el("button", { type: "button", tabindex: -1, "aria-haspopup": "dialog", click: open },
        el("span", { class: "head" }, el("span", { class: "who" }, quote(clean(event.username))), el("span", { class: "when" }, moment(event.timestamp))),
        el("span", { class: "text", dir: "auto" }, clean(event.text)),
        el("span", { class: "tags" }, el("span", { class: `tag ${felt.kind}` }, icon(felt.icon), felt.word),
          emotion && emotion !== "neutral" ? el("span", { class: "tag" }, words(emotion)) : null,
          event.paid ? el("span", { class: "tag paid" }, icon("coin"), "paid") : null,
          toxic ? el("span", { class: "tag alarm" }, icon("warn"), "toxic") : null,
          asks ? el("span", { class: "tag" }, icon("question"), "question") : null,
          answer && URGENT.has(priority) ? el("span", { class: "tag" }, icon("reply"), `answer: ${priority} priority`) : null)));
  }

  /** One message at a time is a stop of the Tab key; the arrows go from message to message. */
  #stop(button) {
    if (!button) return;
    for (const other of this.#list.querySelectorAll("[tabindex='0']")) other.tabIndex = -1;
    button.tabIndex = 0;
  }

  #keys(event) {
    const rows = [...this.#list.children].filter((row) => row.offsetParent !== null);
    const at = rows.indexOf(document.activeElement.closest("li"));
    const next = { ArrowUp: rows[at - 1], ArrowDown: rows[at + 1], Home: rows[0], End: rows.at(-1) }[event.key];
    if (!next) return;
    event.preventDefault();
    next.querySelector("button").focus();
    next.scrollIntoView({ block: "nearest" });
  }

  #atEnd() {
    return this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < NEAR_PX;
  }

  #toEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  #seen() {
    this.#unseen = 0;
    $("chat-newer").hidden = true;
  }

  #words() {
    const rows = [...this.#list.children];
    $("chat-empty").hidden = rows.length > 0;
    $("chat-none").hidden = !rows.length || rows.some((row) => getComputedStyle(row).display !== "none");
    this.#list.hidden = !rows.length;
  }
}

/** Characters that only steer terminals and lines are nothing to read. */
const clean = (text) => String(text ?? "").replace(CONTROLS, " ");
