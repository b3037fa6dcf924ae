// "Search the memory": asks what was said and shows the memories found with the parts of their scores.

import { $, ask, badge, bars, el, isNumber, readKey, showProblem } from "./parts.js";

const PAGE = 5;
const SHARED = "_shared";
const fields = { query: $("memory-query"), user: $("memory-user"), channel: $("memory-channel"), key: $("key") };
let [request, cursor, busy] = [null, null, false];

const number = (value) => (isNumber(value) ? value.toFixed(3) : "n/a");

function when(seconds) {
  const date = new Date(seconds * 1000);
  if (!isNumber(seconds) || Number.isNaN(date.getTime())) return null;
  return el("time", { datetime: date.toISOString() }, date.toLocaleString());
}

function row(memory) {
  const { content, metadata = {}, memory_type: type, tier, channel, score, current, explain = {} } = memory;
  const kind = type !== tier && channel !== SHARED ? `${type}, ${tier}` : type;
  const meta = [metadata.user ?? null, when(memory.timestamp)].filter((one) => one !== null);
  return el("li", { class: current === false ? "old" : null },
    el("blockquote", {}, content),
    el("p", { class: "meta" }, ...meta.map((one) => el("span", {}, one)), kind ? badge(kind) : null,
      current === false ? badge("superseded", "bad") : null, memory.pinned ? badge("pinned", "good") : null),
    el("details", {}, el("summary", {}, `Score ${number(score)}`), bars(explain, { retained: "factor" }, "", number)));
}

async function search(more) {
  if (busy) return;
  if (!more) {
    request = { query: fields.query.value, k: PAGE, channel: fields.channel.value.trim(), explain: true };
    if (fields.user.value.trim()) request.user = fields.user.value.trim();
    if (!request.query.trim()) return showProblem($("memory-error"), fields, "Write what to look for first.", "query");
  }
  showProblem($("memory-error"), fields, null);
  busy = true;
  $("memory-send").setAttribute("aria-disabled", "true");
  $("memory-status").textContent = "Searching…";
  try {
    const { answer, headers } = await ask("/retrieve_memories", more ? { ...request, cursor } : request, $("key").value.trim() || readKey());
    cursor = headers.get("Hikari-Next-Cursor");
    const rows = answer.map(row);
    if (more) $("memory-found").append(...rows);
    else $("memory-found").replaceChildren(...rows);
    const total = $("memory-found").children.length;
    $("memory-status").textContent = total ? `${total} shown${cursor ? "" : ", no more"}` : "Nothing found.";
    $("memory-more").hidden = !cursor;
    if (more && rows.length) {
      // The button may be gone: the focus goes on to what it brought.
      rows[0].tabIndex = -1;
      rows[0].focus();
    }
  } catch (error) {
    $("memory-status").textContent = "";
    showProblem($("memory-error"), fields, error.message, error.field);
  } finally {
    busy = false;
    $("memory-send").removeAttribute("aria-disabled");
  }
}

$("memory-form").addEventListener("submit", (event) => { event.preventDefault(); search(false); });
$("memory-more").addEventListener("click", () => search(true));
const linked = new URLSearchParams(location.search).get("memory");
if (linked) {
  fields.query.value = linked;
  search(false);
}
