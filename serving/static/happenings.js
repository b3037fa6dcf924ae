// What stood out: hype moments with the clip to cut, and alerts of numbers that left their usual range.

import { ask } from "./ask.js";
import { Panel } from "./panel.js";
import { badge, copyButton, el, icon, moment, round, sentence, span, words } from "./parts.js";

const [SHOWN, ALERTS_MS] = [8, 15000];
const SECONDS = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const LEVELS = { low: "neutral", medium: "neutral", high: "bad", critical: "bad" };
const METRICS = { chat_rate: "Messages a minute", unique_chatters: "Chatters a minute", sentiment: "Mood", toxicity: "Share of toxic messages", viewer_count: "Viewers" };

/** Where a moment is in the recording: since the start of the stream. */
function clip(one, start) {
  const [from, to] = [one.clip_start - start, one.clip_end - start].map(span);
  return el("p", { class: "clip" }, el("strong", {}, `Clip ${from} to ${to}`), el("span", { class: "muted" }, ` into the stream (${Math.round(one.clip_end - one.clip_start)} s)`), " ",
    copyButton("Copy", `${from} - ${to}`, `clip-${one.start}`));
}

function momentRow(one, start, lasting) {
  return el("li", {}, el("p", {}, lasting ? badge("right now", "good", "hype") : null, lasting ? " " : null, moment(one.start, SECONDS), ` ${one.reason}`), clip(one, start));
}

/** The list of hype moments, from the answer of `/global_insights`. */
export function hypeRows({ hype_moments: moments = [], current_moment: current, stream_start: start }) {
  const rows = [...(current ? [momentRow(current, start, true)] : []), ...moments.slice(-SHOWN).reverse().map((one) => momentRow(one, start, false))];
  return rows.length ? el("ol", { class: "rows" }, rows)
    : el("p", { class: "muted nothing" }, "None yet. A hype moment is noticed when many people react at once; it comes with the times to cut a clip.");
}

// Alerts that came over the live connection: raids, shifts of the mood.
const told = [];

/** Keeps an alert for the panel; anomalies and hype moments come with more detail another way. */
export function noteAlert(event) {
  if (event.kind === "anomaly" || event.kind?.startsWith("hype") || told.some(({ id }) => id === event.id)) return;
  told.unshift({ id: event.id, timestamp: event.timestamp, kind: event.kind, priority: event.priority, message: event.message });
  told.length = Math.min(told.length, SHOWN);
}

export function clearAlerts() {
  told.length = 0;
}

async function judge(alert, correct, channel, line) {
  line.textContent = "Saving…";
  try {
    await ask("/anomaly_feedback", { alert_id: alert.id, correct, channel });
    line.textContent = correct ? "Thank you: such alerts come a little sooner." : "Thank you: such alerts come later.";
  } catch (error) {
    line.textContent = error.message;
  }
}

function anomalyRow(alert, channel) {
  const line = el("span", { class: "muted", role: "status" });
  const button = (text, correct, picture) => el("button", { type: "button", class: "small", "data-key": `${alert.id}-${correct}`, click: () => judge(alert, correct, channel, line) }, icon(picture), text);
  return el("li", {}, el("p", {}, moment(alert.timestamp, SECONDS), " ", badge(alert.severity, LEVELS[alert.severity], "warn"), ` ${METRICS[alert.metric] ?? words(alert.metric)}: ${round(alert.value)}`),
    alert.why?.length ? el("p", { class: "muted" }, alert.why.slice(0, 2).map(({ text }) => text).join("; ")) : null,
    el("p", { class: "actions" }, button("Right", true, "check"), button("False alarm", false, "cross"), line));
}

const toldRow = (event) => el("li", {}, el("p", {}, moment(event.timestamp, SECONDS), " ", badge(event.kind, LEVELS[event.priority]), ` ${sentence(event.message)}`));

export const anomalies = () => new Panel("anomalies", {
  everyMs: ALERTS_MS,
  empty: "Nothing yet: alerts begin when there is a first stretch of chat to compare with.",
  load: async (channel) => ({ channel, alerts: (await ask("/detect_anomalies", { channel })).answer.alerts.slice(-SHOWN).reverse(), told: [...told] }),
  show: ({ channel, alerts, told: others }) => {
    const rows = [...alerts.map((alert) => [alert.timestamp, anomalyRow(alert, channel)]), ...others.map((event) => [event.timestamp, toldRow(event)])].sort(([a], [b]) => b - a);
    return rows.length ? el("ol", { class: "rows" }, rows.slice(0, SHOWN).map(([, row]) => row))
      : el("p", { class: "muted nothing" }, "All quiet: viewers, chat rate, mood and toxicity are within their usual range.");
  },
});

