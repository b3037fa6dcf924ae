// What the modules of the pages share: elements, icons, numbers in words, bars, the theme switch.

const SVG = "http://www.w3.org/2000/svg";
const THEME = "hikari.theme";

export const $ = (id) => document.getElementById(id);

/** Makes an element; strings among the children become text nodes, so nothing a viewer wrote is ever read as markup. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => (child ?? "") !== ""));
  return node;
}

/** A picture beside a word that says the same. */
export function icon(name) {
  const [svg, use] = [document.createElementNS(SVG, "svg"), document.createElementNS(SVG, "use")];
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** What a viewer wrote: its direction stays inside. */
export const quote = (text) => el("bdi", {}, text);

export const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
export const words = (name) => String(name ?? "unknown").replaceAll("_", " ");
export const plural = (count, one, many = `${one}s`) => `${whole(count)} ${count === 1 ? one : many}`;

/** A remark of the engine as a sentence. */
export const sentence = (text) => {
  const said = String(text ?? "").trim();
  return said && `${said[0].toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? "" : "."}`;
};

export function whole(value) {
  return isNumber(value) ? Math.round(value).toLocaleString("en") : "n/a";
}

export function round(value) {
  if (!isNumber(value)) return "n/a";
  return Math.abs(value) >= 10 ? whole(value) : String(Math.round(value * 10) / 10);
}

export function signed(value) {
  if (!isNumber(value)) return "n/a";
  const digits = Math.abs(value).toFixed(2);
  if (Number(digits) === 0) return digits;
  return (value > 0 ? "+" : "−") + digits;
}

export function percent(value) {
  if (!isNumber(value)) return "n/a";
  return `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)}%`;
}

export const clock = (seconds, options = { hour: "2-digit", minute: "2-digit" }) => {
  const date = new Date(seconds * 1000);
  return isNumber(seconds) && !Number.isNaN(date.getTime()) ? date.toLocaleTimeString([], options) : "";
};

/** A time of day; the whole date on hover and for programs. */
export function moment(seconds, options) {
  const date = new Date(seconds * 1000);
  if (!isNumber(seconds) || Number.isNaN(date.getTime())) return "";
  return el("time", { datetime: date.toISOString(), title: date.toLocaleString() }, clock(seconds, options));
}

/** h:mm:ss of a stretch of time. */
export function span(seconds) {
  if (!isNumber(seconds)) return "n/a";
  const all = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return [hours, ...[minutes, rest].map((one) => String(one).padStart(2, "0"))].join(":");
}

export function polarity(score) {
  return !isNumber(score) || Math.abs(score) < 0.05 ? "neutral" : score > 0 ? "good" : "bad";
}

const FEELINGS = ["very_negative", "negative", "neutral", "positive", "very_positive"];

/** Icon, word and colour of a sentiment label. */
export function feeling(label, score) {
  const known = FEELINGS.includes(label) ? label : { good: "positive", bad: "negative", neutral: "neutral" }[polarity(score)];
  return { icon: known.replace("_", "-"), word: words(known), kind: FEELINGS.indexOf(known) > 2 ? "good" : known === "neutral" ? "neutral" : "bad" };
}

/** A mean mood in a word; means of many messages lie closer to the middle than single ones. */
export const mood = (score) => feeling(!isNumber(score) || Math.abs(score) < 0.04 ? "neutral"
  : `${Math.abs(score) > 0.35 ? "very_" : ""}${score > 0 ? "positive" : "negative"}`);

export const badge = (text, kind = "neutral", picture = null) =>
  el("span", { class: `badge ${kind}` }, picture ? icon(picture) : null, words(text));
export const card = (title, ...content) => el("section", { class: "card" }, el("h3", {}, title), ...content);
export const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));

/** A bar from the middle of a -1..1 scale. */
export function scale(score, label) {
  const value = clamp(isNumber(score) ? score : 0, -1, 1);
  const fill = el("span", { class: `fill ${polarity(score)}` });
  fill.style.setProperty("--from", `${50 + Math.min(value, 0) * 50}%`);
  fill.style.setProperty("--size", `${Math.abs(value) * 50}%`);
  return el("div", {
    class: "scale", role: "meter", "aria-label": label, "aria-valuemin": -1, "aria-valuemax": 1,
    "aria-valuenow": value, "aria-valuetext": signed(score),
  }, fill);
}

/** A bar 0..1 for the eye; the number stands beside it. */
export function bar(share, kind = "") {
  const fill = el("span", { class: `fill ${kind}` });
  fill.style.setProperty("--size", `${clamp(isNumber(share) ? share : 0, 0, 1) * 100}%`);
  return el("span", { class: "track", "aria-hidden": "true" }, fill);
}

/** One bar 0..1 per entry; marks: entry name -> short remark beside the name; shown: how a value is written. */
export function bars(scores, marks = {}, kind = "", shown = percent) {
  return el("ul", { class: `bars ${kind}` }, Object.entries(scores ?? {}).map(([name, value]) =>
    el("li", { class: marks[name] ? "marked" : null },
      el("span", { class: "name" }, words(name), marks[name] ? el("small", {}, ` ${marks[name]}`) : null),
      bar(value), el("span", { class: "value" }, shown(value)))));
}

/** Puts new content in place of the old; focus and open details stay where their data-key is found again. */
export function swap(box, ...nodes) {
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const open = new Set([...box.querySelectorAll("details[open][data-key]")].map((one) => one.dataset.key));
  box.replaceChildren(...nodes.flat(Infinity).filter((node) => (node ?? "") !== ""));
  for (const one of box.querySelectorAll("details[data-key]")) if (open.has(one.dataset.key)) one.open = true;
  if (focused) [...box.querySelectorAll("[data-key]")].find((one) => one.dataset.key === focused)?.focus();
}

/** A button that copies a text and says so. */
export function copyButton(label, text, key = null) {
  const word = el("span", { role: "status" }, label);
  const button = el("button", { type: "button", class: "small", "data-key": key, click: async () => {
    try {
      await navigator.clipboard.writeText(text);
      word.textContent = "Copied";
    } catch {
      word.textContent = "The browser does not let the page copy";
    }
    setTimeout(() => { word.textContent = label; }, 2000);
  } }, icon("copy"), word);
  return button;
}

const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

/** The light and dark switch; `hikari:theme` tells those who draw with colours of their own. */
export function themeSwitch(button) {
  const tell = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    button.replaceChildren(icon(isDark() ? "sun" : "moon"), el("span", { class: "wide" }, "Dark"));
    document.dispatchEvent(new Event("hikari:theme"));
  };
  button.addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = chosen;
    try { localStorage.setItem(THEME, chosen); } catch { /* storage is switched off: for this visit only */ }
    tell();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
  tell();
}
