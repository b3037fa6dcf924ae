// How Hikari read one message, and what is known of one viewer: both in the page's one dialog.

import { ask } from "./ask.js";
import { $, badge, bars, card, el, fact, feeling, isNumber, moment, percent, plural, quote, scale, sentence, signed, whole, words } from "./parts.js";

const FOUND = 5;

/** Opens the dialog with new content; closing gives the focus back to where it was. */
function openDialog(title, ...content) {
  const dialog = $("dialog");
  $("dialog-title").replaceChildren(title);
  $("dialog-body").replaceChildren(...content.flat());
  $("dialog-body").scrollTop = 0;
  if (!dialog.open) dialog.showModal();
  $("dialog-title").focus();
}

$("dialog-close").addEventListener("click", () => $("dialog").close());
$("dialog").addEventListener("click", (event) => { if (event.target === $("dialog")) $("dialog").close(); });

function sentimentCard(aggregate = {}) {
  const felt = feeling(aggregate.label, aggregate.score);
  return card("Sentiment",
    el("p", { class: "headline" }, badge(felt.word, felt.kind, felt.icon), el("strong", { class: "number" }, signed(aggregate.score))),
    scale(aggregate.score, "Sentiment from minus one to plus one"),
    el("p", { class: "ticks", "aria-hidden": "true" }, el("span", {}, "−1"), el("span", {}, "0"), el("span", {}, "+1")));
}

function adviceCard(advice = {}) {
  return card("Recommendation",
    el("p", { class: "headline" }, badge(advice.respond ? "answer" : "no answer needed", advice.respond ? "good" : "neutral", advice.respond ? "reply" : null)),
    el("dl", { class: "facts" }, fact("Tone", words(advice.tone)), fact("Priority", words(advice.priority))),
    el("p", {}, sentence(advice.reason)));
}

function member(title, part, ...content) {
  const head = el("h4", {}, title, " ", el("span", { class: part ? null : "muted" }, part ? signed(part.score) : "not used"));
  return el("div", { class: "member" }, head, part ? [scale(part.score, `${title} score`), ...content] : []);
}

function membersCard({ transformer, vader, emoji } = {}) {
  const symbols = (emoji?.symbols ?? []).map((symbol) => el("li", {}, el("strong", {}, quote(symbol.name ?? "")), ` ${signed(symbol.polarity)}`,
    symbol.emotion ? `, ${words(symbol.emotion)}` : null));
  const vaderScores = vader && { negative: vader.negative, neutral: vader.neutral, positive: vader.positive };
  return el("section", { class: "card across" }, el("h3", {}, "Where the sentiment comes from"), el("div", { class: "members" },
    member("Transformer", transformer, bars(transformer?.probabilities)),
    member("VADER", vader, bars(vaderScores)),
    member("Emoji and emotes", emoji, el("ul", { class: "plain" }, symbols))));
}

function emotionCard(emotion = {}) {
  const marks = Object.fromEntries((emotion.labels ?? []).map((label) => [label, "also"]));
  if (emotion.primary) marks[emotion.primary] = "primary";
  return card("Emotion", bars(emotion.scores, marks));
}

function toxicityCard(toxicity = {}) {
  const marks = Object.fromEntries((toxicity.labels ?? []).map((label) => [label, "flagged"]));
  return card("Toxicity",
    el("p", { class: "headline" }, badge(toxicity.is_toxic ? "toxic" : "not toxic", toxicity.is_toxic ? "bad" : "good", toxicity.is_toxic ? "warn" : "check"),
      el("span", { class: "muted" }, percent(toxicity.score))),
    bars(toxicity.scores, marks, "alarm"));
}

const trendText = (trend) => (trend ? `${signed(trend.mood)}, ${words(trend.direction)}, ${plural(trend.messages ?? 0, "message")}` : "no messages yet");

function contextCard({ question, user_trend: user, global_trend: all } = {}, memory) {
  const asks = question ? `${question.asks ? "yes" : "no"}${isNumber(question.probability) ? ` (${percent(question.probability)})` : ""}` : "not known";
  const kept = memory?.id || memory?.accepted ? "kept" : memory?.kept_out ? `not kept: ${words(memory.kept_out)}` : "not known";
  return el("section", { class: "card across" }, el("h3", {}, "Context"), el("dl", { class: "facts" }, fact("A question?", asks), fact("Mood of this viewer", trendText(user)),
    fact("Mood of the chat", trendText(all)), fact("Memory", kept)));
}

/** Everything that an `analysis` event says. */
export function openReading(event, channel) {
  const { name, version, fingerprint } = event.model ?? {};
  const facts = [["model", name, version].filter(Boolean).join(" "), isNumber(event.latency_ms) ? `${event.latency_ms.toFixed(1)} ms` : null];
  openDialog("How Hikari read this",
    el("div", { class: "quoted" }, el("p", { class: "muted" }, quote(event.username ?? ""), " ", moment(event.timestamp), event.paid ? [" ", badge("paid", "good", "coin")] : null,
      (event.roles ?? []).map((role) => [" ", badge(role)])), el("blockquote", { dir: "auto" }, event.text ?? ""),
      el("button", { type: "button", click: () => openViewer(event.username, channel) }, "About this viewer")),
    el("div", { class: "cards" }, sentimentCard(event.sentiment?.aggregate), adviceCard(event.response_recommendation), emotionCard(event.emotion),
      toxicityCard(event.toxicity), membersCard(event.sentiment), contextCard(event.context, event.memory)),
    el("details", { class: "card raw" }, el("summary", {}, "Raw JSON"),
      el("pre", { tabindex: 0, "aria-label": "Raw JSON" }, JSON.stringify(event, null, 2))),
    el("p", { class: "muted", title: fingerprint }, facts.filter(Boolean).join(" · ")));
}

function profile(found) {
  const topics = (found.favorite_topics ?? []).map(([topic, share]) => `${topic} (${percent(share)})`);
  return [card("In this channel", el("dl", { class: "facts" },
    fact("Engagement", `${whole(found.engagement_score)} of 100`), fact("Messages", whole(found.messages)),
    fact("Mood", found.sentiment === null ? "not known" : `${feeling(null, found.sentiment).word} (${signed(found.sentiment)})`),
    fact("Toxicity, mean", percent(found.toxicity)), fact("Streams seen", whole(found.streams_seen)), fact("Streams in a row", whole(found.streak)),
    fact("First seen", moment(found.first_seen)), fact("Last seen", moment(found.last_seen)),
    fact("Kind of viewer", found.segment?.label ?? "not yet known")),
  topics.length ? el("p", {}, "Talks about ", quote(topics.join(", "))) : null,
  ...(found.anomaly_flags ?? []).map(({ flag, why }) => el("p", {}, badge(flag, "bad", "warn"), ` ${why}`))),
  card("What the engagement is made of", bars(found.engagement_parts))];
}

const recalled = (rows) => el("section", { class: "card across" }, el("h3", {}, "What the memory holds"), rows.length
  ? el("ul", { class: "rows" }, rows.map((row) => el("li", {}, el("bdi", {}, row.content), " ", el("span", { class: "muted" }, moment(row.timestamp)))))
  : el("p", { class: "muted" }, "Nothing was kept of this viewer."));

/** What the analytics and the memory know of a viewer. */
export async function openViewer(username, channel) {
  const body = el("div", { class: "cards", role: "status" }, el("p", { class: "muted" }, "Loading…"));
  openDialog(quote(username), body);
  const [known, kept] = await Promise.allSettled([
    ask("/viewer_insights", { username, channel }),
    ask("/retrieve_memories", { query: username, user: username, channel, k: FOUND }),
  ]);
  const failed = (result) => el("p", { class: "failed" }, result.reason.message);
  body.replaceChildren(...(known.status === "fulfilled" ? profile(known.value.answer) : [failed(known)]),
    kept.status === "fulfilled" ? recalled(kept.value.answer) : failed(kept));
}

