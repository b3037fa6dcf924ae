// "Try a message": sends one chat message to the engine and shows the whole answer.

import { $, ask, badge, bars, card, el, fact, isNumber, percent, polarity, readKey, scale, showProblem, signed, storeKey, words }
  from "./parts.js";

const [HISTORY_LENGTH, READY_RETRY_MS] = [10, 5000];
const EXAMPLES = ["This stream is absolutely amazing! 🔥", "great, another ad break", "can you play undertale next?", "Sadge"];
const ARROWS = { rising: "↗", falling: "↘", steady: "→" };

const fields = { text: $("text"), username: $("username"), channel: $("channel"), key: $("key") };
const history = [];
let [shown, busy] = [null, false];

function sentimentCard(request, aggregate = {}) {
  return card("Sentiment",
    el("blockquote", {}, request.text),
    el("p", { class: "headline" }, badge(aggregate.label, polarity(aggregate.score)),
      el("strong", { class: "number" }, signed(aggregate.score))),
    scale(aggregate.score, "Sentiment score"),
    el("p", { class: "ticks", "aria-hidden": "true" }, el("span", {}, "−1"), el("span", {}, "0"), el("span", {}, "+1")));
}

function adviceCard(advice = {}) {
  return card("Recommendation",
    el("p", { class: "headline" }, badge(advice.respond ? "answer" : "do not answer", advice.respond ? "good" : "neutral")),
    el("dl", { class: "facts" }, fact("Tone", words(advice.tone)), fact("Priority", words(advice.priority))),
    el("p", {}, advice.reason ?? ""));
}

function member(title, part, ...content) {
  const head = el("h3", {}, title, " ", el("span", { class: part ? null : "muted" }, part ? signed(part.score) : "not used"));
  return el("div", { class: "member" }, head, ...(part ? [scale(part.score, `${title} score`), ...content] : []));
}

function membersCard({ transformer, vader, emoji } = {}) {
  const symbols = (emoji?.symbols ?? []).map((symbol) => el("li", {},
    el("span", { class: "symbol" }, symbol.name ?? ""), ` ${signed(symbol.polarity)}`,
    symbol.emotion ? `, ${words(symbol.emotion)}` : null));
  const vaderScores = vader && { negative: vader.negative, neutral: vader.neutral, positive: vader.positive };
  return card("Where the sentiment comes from", el("div", { class: "members" },
    member("Transformer", transformer, bars(transformer?.probabilities)),
    member("VADER", vader, bars(vaderScores)),
    member("Emoji", emoji, el("ul", { class: "symbols" }, ...symbols))));
}

function emotionCard(emotion = {}) {
  const marks = Object.fromEntries((emotion.labels ?? []).map((label) => [label, "also"]));
  if (emotion.primary) marks[emotion.primary] = "primary";
  return card("Emotion", bars(emotion.scores, marks));
}

function toxicityCard(toxicity = {}) {
  const marks = Object.fromEntries((toxicity.labels ?? []).map((label) => [label, "flagged"]));
  return card("Toxicity",
    el("p", { class: "headline" }, badge(toxicity.is_toxic ? "toxic" : "not toxic", toxicity.is_toxic ? "bad" : "good"),
      el("span", { class: "muted" }, percent(toxicity.score))),
    bars(toxicity.scores, marks, "warn"));
}

function trendText(trend) {
  if (!trend) return "no messages yet";
  const count = trend.messages === 1 ? "1 message" : `${trend.messages ?? 0} messages`;
  return `${signed(trend.mood)} ${ARROWS[trend.direction] ?? ""} ${words(trend.direction)}, ${count}`;
}

function contextCard(request, { question, user_trend: user, global_trend: all } = {}) {
  const asks = question ? `${question.asks ? "yes" : "no"} (${percent(question.probability)})` : "not known";
  return card("Context", el("dl", { class: "facts wide" },
    fact("Question", asks),
    fact(`Mood of ${request.username}`, trendText(user)),
    fact("Mood of the chat", trendText(all))));
}

function show(entry) {
  shown = entry;
  const { request, answer } = entry;
  const { name, version, fingerprint } = answer.model ?? {};
  const facts = [["model", name, version].filter(Boolean).join(" "),
    isNumber(answer.latency_ms) ? `${answer.latency_ms.toFixed(1)} ms` : null];
  $("result").replaceChildren(
    sentimentCard(request, answer.sentiment?.aggregate), adviceCard(answer.response_recommendation),
    membersCard(answer.sentiment), emotionCard(answer.emotion), toxicityCard(answer.toxicity),
    contextCard(request, answer.context),
    el("details", { class: "card raw" }, el("summary", {}, "Raw JSON"),
      el("pre", { tabindex: 0, "aria-label": "Raw JSON" }, JSON.stringify(answer, null, 2))),
    el("p", { class: "muted foot", title: fingerprint }, facts.filter(Boolean).join(" · ")));
  $("status").textContent = `${words(answer.sentiment?.aggregate?.label)}, ${words(answer.emotion?.primary)}, ` +
    (answer.toxicity?.is_toxic ? "toxic" : "not toxic");
  showHistory();
  if (matchMedia("(max-width: 899px)").matches) $("result").scrollIntoView();
}

function showHistory() {
  $("history-card").hidden = history.length === 0;
  const focused = [...$("history").querySelectorAll("button")].indexOf(document.activeElement);
  $("history").replaceChildren(...history.map((entry) => el("li", {},
    el("button", { type: "button", "aria-current": entry === shown ? "true" : null,
      click: () => { showError(null); show(entry); } },
      el("span", { class: "said" }, entry.request.text),
      badge(entry.answer.sentiment?.aggregate?.label, polarity(entry.answer.sentiment?.aggregate?.score))))));
  if (focused >= 0) $("history").querySelectorAll("button")[focused]?.focus();
}

function showError(message, field = null) {
  showProblem($("error"), fields, message, field);
  if (message) $("status").textContent = "";
}

async function analyse() {
  if (busy) return;
  const request = { text: fields.text.value, username: fields.username.value.trim(), channel: fields.channel.value.trim() };
  if (!request.text.trim()) return showError("Write a message first.", "text");
  showError(null);
  busy = true;
  $("send").setAttribute("aria-disabled", "true");
  $("status").textContent = "Analysing…";
  try {
    const { answer } = await ask("/analyze_message", request, fields.key.value.trim());
    history.unshift({ request, answer });
    history.length = Math.min(history.length, HISTORY_LENGTH);
    show(history[0]);
  } catch (error) {
    showError(error.message, error.field);
  } finally {
    busy = false;
    $("send").removeAttribute("aria-disabled");
  }
}

async function checkReady() {
  let state = ["off", "Unreachable"];
  try {
    const response = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(READY_RETRY_MS) });
    state = response.ok ? ["on", "Ready"] : ["wait", "Not ready"];
  } catch { /* shown as unreachable */ }
  $("ready").dataset.state = state[0];
  if ($("ready").textContent !== state[1]) $("ready").textContent = state[1];
  if (state[0] !== "on") setTimeout(checkReady, READY_RETRY_MS);
}

fields.key.value = readKey();
fields.key.addEventListener("input", () => storeKey(fields.key.value.trim()));
fields.text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  analyse();
});
$("form").addEventListener("submit", (event) => { event.preventDefault(); analyse(); });
const use = (text) => { if (!busy) { fields.text.value = text; analyse(); } };
$("examples").append(...EXAMPLES.map((text) => el("button", { type: "button", click: () => use(text) }, text)));
checkReady();
const linked = new URLSearchParams(location.search).get("text");
if (linked) use(linked);
