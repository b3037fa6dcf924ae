// How many watch and write, and how many will: history with the forecast's fan, and the engagement of the next minutes.

import { ask } from "./ask.js";
import { Chart, faint } from "./charts.js";
import { NotYet, Panel } from "./panel.js";
import { clock, el, isNumber, mood, whole, words } from "./parts.js";
import { WINDOW_S, local, runs, times } from "./timeline.js";

const [PERIODS, FORECAST_MS, ENGAGEMENT_MS] = [30, 60000, 30000];
const charts = { viewers: new Chart("viewers-chart"), rate: new Chart("rate-chart"), engagement: new Chart("engagement-chart") };
const coming = { viewers: null, rate: null };
let past = [];

/** Draws history and forecasts from the points of the last half hour. */
export function showAudience(points) {
  past = points;
  draw(charts.viewers, ({ viewers }) => viewers, coming.viewers, "viewers",
    "No viewer counts yet. Your engine or bot reports them with POST /record_metric (metric_name: viewer_count).");
  draw(charts.rate, ({ messages }) => messages, coming.rate, "messages a minute", "Not yet enough chat: the line begins with the first full minute.");
}

function draw(chart, value, forecast, unit, empty) {
  const points = past.filter((point) => isNumber(value(point)));
  if (!forecast && !points.some(value)) return chart.empty(empty);
  const share = Math.round((forecast?.backtest?.coverage_aim ?? 0.9) * 10);
  const says = [];
  if (points.length) says.push(`Now ${whole(value(points.at(-1)))} ${unit}.`);
  if (forecast) {
    const [last, low, high] = [forecast.values, forecast.lower, forecast.upper].map((list) => list.at(-1));
    says.push(`At ${clock(forecast.times.at(-1))} about ${whole(last)}; ${share} times in 10 between ${whole(low)} and ${whole(high)}.`);
  } else {
    says.push("No forecast yet: it needs a few minutes of history.");
  }
  chart.set((ink) => ({ traces: [...fan(forecast, ink),
    ...runs(points, value).map((run) => ({ ...run, line: { color: ink.accent, width: 2.5 }, hovertemplate: `%{y:.0f} ${unit}<extra></extra>` }))],
  yaxis: { rangemode: "tozero", nticks: 4, range: top(points.map(value), forecast) }, xaxis: times(WINDOW_S) }), says.join(" "));
}

/** A wild upper bound must not press what happened flat against the axis. */
function top(known, forecast) {
  const most = Math.max(1, ...known, ...(forecast?.values ?? []));
  return [0, 1.1 * Math.min(Math.max(most, ...(forecast?.upper ?? [])), 2.5 * most)];
}

function fan(forecast, ink) {
  if (!forecast) return [];
  const x = forecast.times.map(local);
  return [
    { x, y: forecast.lower, mode: "lines", line: { width: 0 }, hoverinfo: "skip" },
    { x, y: forecast.upper, mode: "lines", line: { width: 0 }, fill: "tonexty", fillcolor: faint(ink.second, 0.22), hoverinfo: "skip" },
    { x, y: forecast.values, mode: "lines", line: { color: ink.second, width: 2, dash: "dash" }, hovertemplate: "forecast %{y:.0f}<extra></extra>" },
  ];
}

/** The forecasts of both: an absent one leaves the history standing. */
export const forecasts = () => new Panel("audience", {
  everyMs: FORECAST_MS,
  empty: "No forecast yet: it needs a few minutes of history.",
  load: async (channel) => {
    const metrics = { viewers: "viewer_count", rate: "chat_rate" };
    const found = await Promise.allSettled(Object.values(metrics).map((metric_name) => ask("/forecast_metrics", { metric_name, periods: PERIODS, channel })));
    const failed = found.find(({ status, reason }) => status === "rejected" && !["not_ready", "not_found"].includes(reason.code));
    Object.keys(metrics).forEach((name, place) => { coming[name] = found[place].status === "fulfilled" ? found[place].value.answer : null; });
    showAudience(past);
    if (failed) throw failed.reason;
    return coming;
  },
  show: ({ viewers, rate }) => {
    const made = [["Viewers", viewers], ["Messages", rate]].filter(([, one]) => one);
    return made.length ? el("details", { "data-key": "how" }, el("summary", {}, "How the forecasts are made"),
      made.map(([name, { model, reason }]) => el("p", { class: "muted" }, `${name}: by the method “${words(model)}”. ${reason}.`))) : null;
  },
});

export function clearAudience() {
  Object.assign(coming, { viewers: null, rate: null });
  showAudience([]);
}

const BANDS = [["0.05", "0.95", 0.12], ["0.1", "0.9", 0.12], ["0.25", "0.75", 0.2]];
const EMPTY = "Not yet enough chat: the prediction begins with the first minutes of a stream.";

/** What the next 1, 5 and 15 minutes will probably bring. */
export const engagement = () => new Panel("engagement", {
  everyMs: ENGAGEMENT_MS,
  empty: EMPTY,
  load: async (channel) => (await ask("/predict_engagement", { channel }).catch((error) => { charts.engagement.empty(""); throw error; })).answer,
  show: ({ horizons }) => {
    const ahead = Object.entries(horizons).map(([name, metrics]) => ({ minutes: Number.parseInt(name, 10), ...metrics }));
    if (!ahead.length) throw new NotYet(EMPTY);
    const each = (one, quantile) => one.messages.quantiles[quantile] / one.minutes;
    const x = ahead.map(({ minutes }) => `next ${minutes} min`);
    const last = ahead.at(-1);
    charts.engagement.set((ink) => ({
      traces: [...BANDS.flatMap(([low, high, alpha]) => [
        { x, y: ahead.map((one) => each(one, low)), mode: "lines", line: { width: 0 }, hoverinfo: "skip" },
        { x, y: ahead.map((one) => each(one, high)), mode: "lines", line: { width: 0 }, fill: "tonexty", fillcolor: faint(ink.second, alpha), hoverinfo: "skip" }]),
      { x, y: ahead.map((one) => one.messages.median / one.minutes), mode: "lines+markers", line: { color: ink.second, width: 2, dash: "dash" }, marker: { size: 8 },
        hovertemplate: "%{y:.0f} messages a minute<extra></extra>" }],
      yaxis: { rangemode: "tozero", nticks: 4 }, xaxis: { type: "category", range: [-0.15, ahead.length - 0.85] } }),
    `Messages a minute: about ${whole(last.messages.median / last.minutes)} over the next ${last.minutes} minutes; half of the time between ${whole(each(last, "0.25"))} and ${whole(each(last, "0.75"))}.`);
    const cell = (metric, shown) => (metric ? [shown(metric.median), el("span", { class: "muted" }, ` ${shown(metric.quantiles["0.1"])} to ${shown(metric.quantiles["0.9"])}`)] : "n/a");
    return el("table", {}, el("caption", {}, "What to expect; in grey what it stays within 8 times in 10"),
      el("thead", {}, el("tr", {}, ["In the next", "Messages", "Chatters", "Mood"].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ahead.map((one) => el("tr", {}, el("th", { scope: "row" }, `${one.minutes} min`), el("td", {}, cell(one.messages, whole)),
        el("td", {}, cell(one.unique_chatters, whole)), el("td", {}, one.mean_sentiment ? mood(one.mean_sentiment.median).word : "n/a")))));
  },
});

