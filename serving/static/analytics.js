// "Watch the stream": chat rate and sentiment of the last minutes, what comes next, hype moments and alerts of one channel.

import { $, ask, badge, clamp, el, isNumber, readKey, showProblem, signed, words } from "./parts.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, EDGE] = [300, 80, 4];
const [PERIODS, SHOWN, REFRESH_MS] = [30, 5, 10000];
const SEVERITY = { low: "neutral", medium: "neutral", high: "bad", critical: "bad" };
const fields = { channel: $("stream-channel"), key: $("key") };
let [busy, timer] = [false, null];

const round = (value) => (isNumber(value) ? String(Math.round(value * 10) / 10) : "n/a");
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function time(seconds) {
  const date = new Date(seconds * 1000);
  if (!isNumber(seconds) || Number.isNaN(date.getTime())) return "";
  return el("time", { datetime: date.toISOString(), title: date.toLocaleString() }, clock(seconds));
}

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** A line over equal steps, drawn between low and high; null leaves a gap. `band`: [lowers, uppers] behind it. */
function chart(values, { low, high, label, band = null, zero = null }) {
  const x = (place) => (values.length < 2 ? WIDTH / 2 : (place / (values.length - 1)) * WIDTH);
  const y = (value) => HEIGHT - EDGE - ((clamp(value, low, high) - low) / (high - low || 1)) * (HEIGHT - 2 * EDGE);
  const at = (value, place) => `${x(place).toFixed(1)},${y(value).toFixed(1)}`;
  const root = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "chart", role: "img", "aria-label": label });
  if (band) {
    const around = [...band[1].map(at), ...band[0].map(at).reverse()];
    root.append(shape("polygon", { class: "band", points: around.join(" ") }));
  }
  if (zero !== null) root.append(shape("line", { class: "zero", x1: 0, x2: WIDTH, y1: y(zero), y2: y(zero) }));
  let run = [];
  const finish = () => {
    // A single point is drawn as a dash: a line of one point is invisible.
    if (run.length === 1) run.push(run[0].replace(/^[^,]+/, (left) => String(Number(left) + 2)));
    if (run.length) root.append(shape("polyline", { class: "line", points: run.join(" ") }));
    run = [];
  };
  values.forEach((value, place) => (isNumber(value) ? run.push(at(value, place)) : finish()));
  finish();
  return root;
}

const figure = (title, shown, ...content) => el("figure", {},
  el("figcaption", {}, el("h3", {}, title), shown ? el("span", { class: "muted" }, shown) : null), ...content);
const ticks = (left, right) => el("p", { class: "ticks", "aria-hidden": "true" }, el("span", {}, left), el("span", {}, right));
const nothing = (text) => el("p", { class: "muted" }, text);

function history(title, values = [], { unit = "", shown = round, low = null, high = null, zero = null } = {}) {
  const known = values.filter(isNumber);
  if (!known.length) return figure(title, "", nothing("Known after the first full minute."));
  const top = high ?? Math.max(...known, 1);
  const label = `${title}: ${known.length} minutes, from ${shown(Math.min(...known))} to ${shown(Math.max(...known))}, last ${shown(known.at(-1))}`;
  return figure(title, `${shown(known.at(-1))} ${unit}`.trim(), chart(values, { low: low ?? 0, high: top, label, zero }),
    ticks(`${values.length} min ago`, `up to ${shown(top)}`));
}

function forecast(result) {
  const title = "Chat rate to come";
  if (result.status === "rejected") return figure(title, "", nothing(result.reason.message));
  const { times = [], values = [], lower = [], upper = [], model, reason } = result.value.answer;
  if (!values.length) return figure(title, "", nothing("No forecast."));
  const high = Math.max(...upper, 1);
  const label = `${title}: ${round(values[0])} at first, ${round(values.at(-1))} in the end, interval ${round(lower.at(-1))} to ${round(upper.at(-1))}`;
  return figure(title, `${round(values[0])} (${round(lower[0])} to ${round(upper[0])})`,
    chart(values, { low: 0, high, label, band: [lower, upper] }),
    ticks(clock(times[0]), clock(times.at(-1))),
    el("p", { class: "hint" }, `${words(model)}: ${reason}`));
}

function list(title, rows, empty) {
  return el("div", {}, el("h3", {}, title), rows.length ? el("ol", { class: "events" }, ...rows) : nothing(empty));
}

function momentRow(moment, lasting = false) {
  return el("li", {}, time(moment.start), " ", lasting ? badge("now", "good") : null,
    ` ${moment.reason} `, el("span", { class: "muted" }, "clip ", time(moment.clip_start), " to ", time(moment.clip_end)));
}

function alertRow(alert) {
  return el("li", {}, time(alert.timestamp), " ", badge(alert.severity, SEVERITY[alert.severity]),
    ` ${words(alert.metric)} ${round(alert.value)}`,
    alert.why?.length ? el("span", { class: "muted" }, ` ${alert.why[0].text}`) : null);
}

function show(stream, anomalies, coming) {
  const { minutes = {}, hype_moments: moments = [], current_moment: current } = stream;
  const hype = [...(current ? [momentRow(current, true)] : []), ...moments.slice(-SHOWN).reverse().map((one) => momentRow(one))];
  const alerts = anomalies.status === "fulfilled" ? anomalies.value.answer.alerts ?? [] : [];
  $("stream-shown").replaceChildren(
    history("Chat rate", minutes.chat_rate, { unit: "messages a minute" }),
    history("Sentiment", minutes.sentiment, { shown: signed, low: -1, high: 1, zero: 0 }),
    forecast(coming),
    list("Hype moments", hype, "None yet."),
    list("Alerts", alerts.slice(-SHOWN).reverse().map(alertRow), "None."));
}

async function refresh() {
  if (busy) return;
  const channel = fields.channel.value.trim();
  const key = fields.key.value.trim() || readKey();
  showProblem($("stream-error"), fields, null);
  busy = true;
  $("stream-send").setAttribute("aria-disabled", "true");
  try {
    const [stream, anomalies, coming] = await Promise.allSettled([
      ask("/global_insights", { channel }, key), ask("/detect_anomalies", { channel }, key),
      ask("/forecast_metrics", { metric_name: "chat_rate", periods: PERIODS, channel }, key)]);
    if (stream.status === "rejected") throw stream.reason;
    show(stream.value.answer, anomalies, coming);
    const { messages } = stream.value.answer.counts ?? {};
    $("stream-status").textContent = `${messages ?? 0} messages counted, the newest at ${clock(stream.value.answer.newest)}`;
  } catch (error) {
    $("stream-shown").replaceChildren();
    $("stream-status").textContent = "";
    $("stream-live").checked = false;
    live();
    showProblem($("stream-error"), fields, error.message, error.field);
  } finally {
    busy = false;
    $("stream-send").removeAttribute("aria-disabled");
  }
}

function live() {
  clearInterval(timer);
  timer = $("stream-live").checked ? setInterval(() => { if (!document.hidden) refresh(); }, REFRESH_MS) : null;
}

$("stream-form").addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
$("stream-live").addEventListener("change", () => { live(); if ($("stream-live").checked) refresh(); });
const linked = new URLSearchParams(location.search).get("stream");
if (linked) {
  fields.channel.value = linked;
  refresh();
}
