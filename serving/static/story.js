// How the chat feels: the mood over time with its hype moments, and the seven emotions.

import { Chart, faint } from "./charts.js";
import { $, bar, clamp, el, isNumber, mood, percent, signed } from "./parts.js";
import { EMOTIONS, local, runs, times } from "./timeline.js";

const charts = { mood: new Chart("mood-chart"), emotions: new Chart("emotions-chart") };
const NAMED = 0.1; // a share that has room for its name

/** Draws both from the points of the last half hour; `moments` are hype moments of the channel. */
export function showStory(points, moments = []) {
  showMood(points.filter(({ sentiment }) => isNumber(sentiment)), moments);
  showEmotions(points.filter(({ emotions }) => emotions));
}

function showMood(points, moments) {
  if (!points.length) return charts.mood.empty("Not yet enough chat: the line begins with the first message.");
  const reach = clamp(Math.max(...points.map(({ sentiment }) => Math.abs(sentiment))) * 1.2, 0.4, 1);
  const [first, last] = [points[0], points.at(-1)];
  const shown = moments.filter(({ start, end }) => (end ?? last.time) >= first.time && start <= last.time);
  const hype = shown.length ? ` Shaded: ${shown.length === 1 ? "a hype moment" : `${shown.length} hype moments`}.` : "";
  charts.mood.set((ink) => ({
    traces: runs(points, ({ sentiment }) => sentiment).map((run) => ({ ...run, line: { color: ink.accent, width: 2.5 }, fill: "tozeroy", fillcolor: faint(ink.accent, 0.12),
      hovertemplate: "%{y:+.2f}<extra></extra>" })),
    yaxis: { range: [-reach, reach], tickvals: [-reach * 0.85, 0, reach * 0.85], ticktext: ["negative", "neutral", "positive"], zeroline: true },
    xaxis: times(last.time - first.time),
    shapes: shown.map(({ start, end }) => ({ type: "rect", xref: "x", yref: "paper", x0: local(Math.max(start, first.time)), x1: local(end ?? last.time), y0: 0, y1: 1,
      fillcolor: faint(ink.warn, 0.25), line: { width: 0 } })),
    annotations: shown.map(({ start }) => ({ x: local(Math.max(start, first.time)), yref: "paper", y: 1, text: "hype", showarrow: false, xanchor: "left", yanchor: "top",
      font: { color: ink.warn, size: 11 } })),
  }), `Now ${mood(last.sentiment).word} (${signed(last.sentiment)} of −1 to +1).${hype}`);
}

function showEmotions(points) {
  $("emotions-now").replaceChildren();
  if (points.length < 2) return charts.emotions.empty("Not yet enough chat: this grows while the page is open and people write.");
  const now = points.at(-1).emotions;
  const ranked = EMOTIONS.filter((name) => isNumber(now[name])).sort((a, b) => now[b] - now[a]);
  $("emotions-now").replaceChildren(...ranked.map((name) => el("li", {},
    el("span", { class: `name swatch ${name}` }, name), bar(now[name], name), el("span", { class: "value" }, percent(now[name])))));
  const x = points.map(({ time }) => local(time));
  const total = EMOTIONS.reduce((sum, name) => sum + (now[name] ?? 0), 0) || 1;
  let below = 0;
  const labels = EMOTIONS.map((name) => {
    const share = (now[name] ?? 0) / total;
    below += share;
    return { name, share, middle: 100 * (below - share / 2) };
  });
  charts.emotions.set((ink) => ({
    traces: EMOTIONS.map((name) => ({ x, y: points.map(({ emotions }) => emotions[name] ?? 0), name, mode: "lines", stackgroup: "all", groupnorm: "percent",
      line: { width: 1, color: ink.surface }, fillcolor: faint(ink[name], 0.8), hovertemplate: `${name} %{y:.0f}%<extra></extra>` })),
    yaxis: { range: [0, 100], ticksuffix: "%", nticks: 3 },
    xaxis: times(points.at(-1).time - points[0].time),
    annotations: labels.filter(({ share }) => share >= NAMED).map(({ name, middle }) => ({ xref: "paper", x: 0.99, xanchor: "right", y: middle, text: name, showarrow: false,
      font: { color: ink.text, size: 12 }, bgcolor: faint(ink.surface, 0.65), borderpad: 1 })),
  }), `Of the last minute's messages: ${ranked.slice(0, 3).map((name) => `${percent(now[name])} ${name}`).join(", ")}.`);
}

export function clearStory() {
  showStory([]);
}
