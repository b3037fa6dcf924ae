// "Search the memory": asks what was said and shows the memories found with the parts of their scores.

import { ask } from "./ask.js";
import { $, badge, bars, el, isNumber, quote, words } from "./parts.js";

const PAGE = 5;
const SHARED = "_shared";
const fields = { query: $("memory-query"), user: $("memory-user") };
let [request, cursor, busy, round] = [null, null, false, 0];

const number = (value) => (isNumber(value) ? value.toFixed(3) : "n/a");

function when(seconds) {
  const date = new Date(seconds * 1000);
  if (!isNumber(seconds) || Number.isNaN(date.getTime())) return null;
  return el("time", { datetime: date.toISOString() }, date.toLocaleString());
}

function row(memory) {
  const { content, metadata = {}, user = metadata.user, memory_type: type, tier, channel, score, current, explain = {} } = memory;
  const kind = channel === SHARED ? "knowledge" : type !== tier ? `${type}, ${tier}` : type;
  const meta = [user ? quote(user) : null, when(memory.timestamp)].filter((one) => one !== null);
  return el("li", { class: current === false ? "old" : null },
    el("blockquote", { dir: "auto" }, content),
    el("p", { class: "meta" }, meta.map((one) => el("span", {}, one)), kind ? badge(words(kind)) : null,
      current === false ? badge("no longer true", "bad") : null, memory.pinned ? badge("pinned", "good") : null),
    el("details", {}, el("summary", {}, `Match ${number(score)}`), bars(explain, { retained: "factor" }, "", number)));
}

/** Shows or, without a message, hides the form's error; marks and focuses the field it names. */
function showProblem(message, field = null) {
  const line = $("memory-error");
  for (const input of Object.values(fields)) input.removeAttribute("aria-invalid");
  line.hidden = !message;
  line.textContent = message ?? "";
  const input = message && Object.hasOwn(fields, field ?? "") ? fields[field] : null;
  input?.setAttribute("aria-invalid", "true");
  input?.focus();
}

async function search(more, channel) {
  if (busy) return;
  if (!more) {
    request = { query: fields.query.value, k: PAGE, channel, explain: true };
    if (fields.user.value.trim()) request.user = fields.user.value.trim();
    if (!request.query.trim()) return showProblem("Write what to look for first.", "query");
  }
  const asked = round;
  showProblem(null);
  busy = true;
  $("memory-send").setAttribute("aria-disabled", "true");
  $("memory-status").textContent = "Searching…";
  try {
    const { answer, headers } = await ask("/retrieve_memories", more ? { ...request, cursor } : request);
    if (asked !== round) return;
    cursor = headers.get("Hikari-Next-Cursor");
    const rows = answer.map(row);
    if (more) $("memory-found").append(...rows);
    else $("memory-found").replaceChildren(...rows);
    const total = $("memory-found").children.length;
    $("memory-status").textContent = total ? `${total} shown${cursor ? "" : ", no more"}` : "Nothing found. The memory keeps what viewers tell about themselves, questions and paid messages.";
    $("memory-more").hidden = !cursor;
    if (more && rows.length) {
      // The button may be gone: the focus goes on to what it brought.
      rows[0].tabIndex = -1;
      rows[0].focus();
    }
  } catch (error) {
    if (asked !== round) return;
    $("memory-status").textContent = "";
    showProblem(error.message, error.field);
  } finally {
    busy = false;
    $("memory-send").removeAttribute("aria-disabled");
  }
}

/** Connects the form; `channel()` names the channel that is searched. */
export function startMemory(channel) {
  $("memory-form").addEventListener("submit", (event) => { event.preventDefault(); search(false, channel()); });
  $("memory-more").addEventListener("click", () => search(true, channel()));
  const linked = new URLSearchParams(location.search).get("memory");
  if (linked) {
    fields.query.value = linked;
    search(false, channel());
  }
}

/** What was found belongs to another channel. */
export function clearMemory() {
  round += 1;
  $("memory-found").replaceChildren();
  $("memory-status").textContent = "";
  $("memory-more").hidden = true;
  showProblem(null);
}
