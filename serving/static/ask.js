// Asking the engine over HTTP, and the key that goes with every request.

const KEY_NAME = "hikari.api_key";
const TIMEOUT_MS = 30000;

/** Tells `needed` (detail: what the server said) when it wants a key, and `changed` when another one was given. */
export const keys = new EventTarget();

export function readKey() {
  try { return sessionStorage.getItem(KEY_NAME) ?? ""; } catch { return kept; }
}
let kept = "";

export function storeKey(value) {
  kept = value;
  try {
    if (value) sessionStorage.setItem(KEY_NAME, value);
    else sessionStorage.removeItem(KEY_NAME);
  } catch { /* storage is switched off: until the page is left */ }
  keys.dispatchEvent(new Event("changed"));
}

/** The subprotocols of a WebSocket, which cannot carry an Authorization header from a browser. */
export function protocols() {
  const key = readKey();
  const encoded = btoa(String.fromCharCode(...new TextEncoder().encode(key)));
  return key ? ["hikari", `bearer.${encoded.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`] : ["hikari"];
}

const problem = (message, rest = {}) => Object.assign(new Error(message), { field: null, status: 0, code: "unreachable", ...rest });

function failure(response, body) {
  const error = body?.error ?? {};
  const field = error.field ? String(error.field).split(".").pop() : null;
  const wait = response.headers.get("Retry-After") ?? "";
  const message = [error.message || `The engine answered with status ${response.status}.`, /^\d+$/.test(wait) ? `Try again in ${wait} s.` : ""];
  return problem(message.filter(Boolean).join(" "), { field, status: response.status, code: error.code ?? "internal" });
}

/** Posts a body; gives the answer and its headers, or throws an Error with `field`, `status` and `code`. */
export async function ask(path, body) {
  const key = readKey();
  if (!/^[\x21-\x7e]*$/.test(key)) throw needed(problem("The API key has characters that a key cannot have.", { status: 401, code: "unauthorized" }));
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
  const error = failure(response, answer);
  throw error.status === 401 ? needed(error) : error;
}

function needed(error) {
  keys.dispatchEvent(new CustomEvent("needed", { detail: error.message }));
  return error;
}
