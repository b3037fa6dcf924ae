// "Try a message": sends one chat message to the engine and shows the whole answer.

const KEY_NAME = "hikari.api_key";
const [HISTORY_LENGTH, TIMEOUT_MS, READY_RETRY_MS] = [10, 30000, 5000];
const EXAMPLES = ["This stream is absolutely amazing! 🔥", "great, another ad break", "can you play undertale next?", "Sadge"];
const ARROWS = { rising: "↗", falling: "↘", steady: "→" };

const $ = (id) => document.getElementById(id);
const fields = { text: $("text"), username: $("username"), channel: $("channel"), key: $("key") };
const history = [];
let [shown, busy] = [null, false];

/** Makes an element; strings among the children become text nodes. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const words = (name) => String(name ?? "unknown").replaceAll("_", " ");

function signed(value) {
  if (!isNumber(value)) return "n/a";
  const digits = Math.abs(value).toFixed(2);
  if (Number(digits) === 0) return digits;
  return (value > 0 ? "+" : "−") + digits;
}

function percent(value) {
  if (!isNumber(value)) return "n/a";
  return `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)}%`;
}

function polarity(score) {
  return !isNumber(score) || Math.abs(score) < 0.05 ? "neutral" : score > 0 ? "good" : "bad";
}

const badge = (text, kind = "neutral") => el("span", { class: `badge ${kind}` }, words(text));
const card = (title, ...content) => el("section", { class: "card" }, el("h2", {}, title), ...content);
const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));

function readKey() {
  try { return sessionStorage.getItem(KEY_NAME) ?? ""; } catch { return ""; }
}

function storeKey(value) {
  try {
    if (value) sessionStorage.setItem(KEY_NAME, value);
    else sessionStorage.removeItem(KEY_NAME);
  } catch { /* storage is switched off: the field alone holds the key */ }
}

/** A bar from the middle of a -1..1 scale. */
function scale(score, label) {
  const value = clamp(isNumber(score) ? score : 0, -1, 1);
  const fill = el("span", { class: `fill ${polarity(score)}` });
  fill.style.setProperty("--from", `${50 + Math.min(value, 0) * 50}%`);
  fill.style.setProperty("--size", `${Math.abs(value) * 50}%`);
  return el("div", {
    class: "scale", role: "meter", "aria-label": label, "aria-valuemin": -1, "aria-valuemax": 1,
    "aria-valuenow": value, "aria-valuetext": signed(score),
  }, fill);
}

/** One bar 0..1 per entry; marks: entry name -> short remark beside the name. */
function bars(scores, marks = {}, kind = "") {
  return el("ul", { class: `bars ${kind}` }, ...Object.entries(scores ?? {}).map(([name, value]) => {
    const fill = el("span", { class: "fill" });
    fill.style.setProperty("--size", `${clamp(isNumber(value) ? value : 0, 0, 1) * 100}%`);
    return el("li", { class: marks[name] ? "marked" : null },
      el("span", { class: "name" }, words(name), marks[name] ? el("small", {}, ` ${marks[name]}`) : null),
      el("span", { class: "track", "aria-hidden": "true" }, fill),
      el("span", { class: "value" }, percent(value)));
  }));
}

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
  for (const input of Object.values(fields)) input.removeAttribute("aria-invalid");
  $("error").hidden = !message;
  $("error").textContent = message ?? "";
  if (!message) return;
  $("status").textContent = "";
  const input = Object.hasOwn(fields, field ?? "") ? fields[field] : null;
  input?.setAttribute("aria-invalid", "true");
  input?.focus();
}

function failure(response, body) {
  const error = body?.error ?? {};
  const field = error.field ? String(error.field).split(".").pop() : response.status === 401 ? "key" : null;
  const wait = response.headers.get("Retry-After") ?? "";
  const message = [error.message || `The engine answered with status ${response.status}.`,
    error.field ? `(field: ${error.field})` : "", /^\d+$/.test(wait) ? `Try again in ${wait} s.` : ""];
  return { message: message.filter(Boolean).join(" "), field };
}

async function analyse() {
  if (busy) return;
  const request = { text: fields.text.value, username: fields.username.value.trim(), channel: fields.channel.value.trim() };
  const key = fields.key.value.trim();
  if (!request.text.trim()) return showError("Write a message first.", "text");
  if (!/^[\x21-\x7e]*$/.test(key)) return showError("The API key has characters that a key cannot have.", "key");
  showError(null);
  busy = true;
  $("send").setAttribute("aria-disabled", "true");
  $("status").textContent = "Analysing…";
  try {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    if (key) headers.Authorization = `Bearer ${key}`;
    const response = await fetch("/analyze_message", {
      method: "POST", headers, body: JSON.stringify(request), signal: AbortSignal.timeout(TIMEOUT_MS) });
    const answer = await response.json().catch(() => null);
    if (!response.ok || !answer) {
      const { message, field } = failure(response, answer);
      return showError(message, field);
    }
    history.unshift({ request, answer });
    history.length = Math.min(history.length, HISTORY_LENGTH);
    show(history[0]);
  } catch (error) {
    showError(error.name === "TimeoutError" ? "The engine took too long to answer." : "The engine cannot be reached.");
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
