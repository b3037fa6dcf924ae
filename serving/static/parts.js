// What the parts of the page share: elements, numbers, bars, the API key, asking the engine.

const KEY_NAME = "hikari.api_key";
const TIMEOUT_MS = 30000;

export const $ = (id) => document.getElementById(id);

/** Makes an element; strings among the children become text nodes. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
export const words = (name) => String(name ?? "unknown").replaceAll("_", " ");

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

export function polarity(score) {
  return !isNumber(score) || Math.abs(score) < 0.05 ? "neutral" : score > 0 ? "good" : "bad";
}

export const badge = (text, kind = "neutral") => el("span", { class: `badge ${kind}` }, words(text));
export const card = (title, ...content) => el("section", { class: "card" }, el("h2", {}, title), ...content);
export const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));

export function readKey() {
  try { return sessionStorage.getItem(KEY_NAME) ?? ""; } catch { return ""; }
}

export function storeKey(value) {
  try {
    if (value) sessionStorage.setItem(KEY_NAME, value);
    else sessionStorage.removeItem(KEY_NAME);
  } catch { /* storage is switched off: the field alone holds the key */ }
}

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

/** One bar 0..1 per entry; marks: entry name -> short remark beside the name; shown: how a value is written. */
export function bars(scores, marks = {}, kind = "", shown = percent) {
  return el("ul", { class: `bars ${kind}` }, ...Object.entries(scores ?? {}).map(([name, value]) => {
    const fill = el("span", { class: "fill" });
    fill.style.setProperty("--size", `${clamp(isNumber(value) ? value : 0, 0, 1) * 100}%`);
    return el("li", { class: marks[name] ? "marked" : null },
      el("span", { class: "name" }, words(name), marks[name] ? el("small", {}, ` ${marks[name]}`) : null),
      el("span", { class: "track", "aria-hidden": "true" }, fill),
      el("span", { class: "value" }, shown(value)));
  }));
}

function failure(response, body) {
  const error = body?.error ?? {};
  const field = error.field ? String(error.field).split(".").pop() : response.status === 401 ? "key" : null;
  const wait = response.headers.get("Retry-After") ?? "";
  const message = [error.message || `The engine answered with status ${response.status}.`,
    error.field ? `(field: ${error.field})` : "", /^\d+$/.test(wait) ? `Try again in ${wait} s.` : ""];
  return { message: message.filter(Boolean).join(" "), field };
}

/** Posts a body to the engine; gives the answer and its headers, or throws an Error whose `field` names the wrong parameter. */
export async function ask(path, body, key) {
  if (!/^[\x21-\x7e]*$/.test(key)) throw problem("The API key has characters that a key cannot have.", "key");
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  try {
    response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw problem(error.name === "TimeoutError" ? "The engine took too long to answer." : "The engine cannot be reached.");
  }
  const answer = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return { answer, headers: response.headers };
  const { message, field } = failure(response, answer);
  throw problem(message, field);
}

const problem = (message, field = null) => Object.assign(new Error(message), { field });

/** Shows or, without a message, hides a form's error; marks and focuses the field it names. */
export function showProblem(line, fields, message, field = null) {
  for (const input of Object.values(fields)) input.removeAttribute("aria-invalid");
  line.hidden = !message;
  line.textContent = message ?? "";
  const input = message && Object.hasOwn(fields, field ?? "") ? fields[field] : null;
  input?.setAttribute("aria-invalid", "true");
  input?.focus();
}
