// Which messages to answer now, why, and the prompt for a language model that goes with them.

import { ask } from "./ask.js";
import { NotYet, Panel } from "./panel.js";
import { badge, bar, copyButton, el, isNumber, moment, plural, quote, words } from "./parts.js";
import { openViewer } from "./reading.js";

const [COUNT, EVERY_MS] = [4, 5000];
const NONE = "Nothing that calls for an answer in the last minutes.";
const PRIORITIES = { low: "neutral", medium: "neutral", high: "good", critical: "bad" };

function reply(one, channel) {
  return el("li", {}, el("p", {}, el("button", { type: "button", class: "link", "data-key": `${one.id}-who`, "aria-haspopup": "dialog", click: () => openViewer(one.username, channel) }, quote(one.username)), " ",
    moment(one.timestamp), " ", one.priority ? badge(`${one.priority} priority`, PRIORITIES[one.priority]) : null),
  el("blockquote", { dir: "auto" }, one.text),
  el("p", { class: "muted" }, [(one.reasons ?? []).map(words).join(", "), one.tone ? `tone: ${words(one.tone)}` : ""].filter(Boolean).join("; ")),
  isNumber(one.score) ? el("p", { class: "score" }, bar(one.score), el("span", { class: "value" }, `score ${one.score.toFixed(2)}`)) : null);
}

export const replies = () => new Panel("replies", {
  everyMs: EVERY_MS,
  empty: NONE,
  load: async (channel) => ({ channel, ...(await ask("/next_reply", { channel, k: COUNT })).answer }),
  show: ({ channel, replies: found = [], prompt }) => {
    if (!found.length) throw new NotYet(NONE);
    return [el("ol", { class: "rows" }, found.map((one) => reply(one, channel))),
      prompt?.text ? el("details", { "data-key": "prompt" }, el("summary", {}, `Prompt for a language model (${plural(prompt.tokens ?? 0, "token")})`),
        copyButton("Copy the prompt", prompt.text, "prompt-copy"), el("pre", { tabindex: 0, "aria-label": "Prompt", "data-key": "prompt-text" }, prompt.text)) : null];
  },
});

