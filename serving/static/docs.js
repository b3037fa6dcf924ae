// Renders /openapi.json (any OpenAPI 3.x document) with a small "try it" per operation.

import { readKey, storeKey } from "./ask.js";
import { $, el, themeSwitch } from "./parts.js";

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const [TIMEOUT_MS, MAX_SHOWN, MAX_DEPTH] = [30000, 200000, 8];
let [spec, serial] = [{}, 0];

/** Follows local $refs; fields beside a $ref win over the target's. */
function resolve(thing, hops = 0) {
  if (typeof thing?.$ref !== "string" || hops > 20) return thing ?? {};
  const steps = thing.$ref.startsWith("#/") ? thing.$ref.slice(2).split("/") : null;
  const found = steps?.reduce((at, step) =>
    at?.[decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")], spec);
  const { $ref, ...beside } = thing;
  if (found === undefined) return { description: `unresolved ${$ref}`, ...beside };
  return { ...resolve(found, hops + 1), ...beside };
}

const pretty = (value) => typeof value === "string" ? value : JSON.stringify(value, null, 2);
const refName = (schema) => schema?.$ref?.split("/").pop();
const block = (text, label) => el("pre", { tabindex: 0, "aria-label": label }, text);
const inline = (text) => String(text).split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));
const prose = (text) => String(text ?? "").split(/\n\s*\n/).filter((part) => part.trim())
  .map((part) => el("p", {}, inline(part.trim())));

const variants = (schema) => schema.anyOf ?? schema.oneOf ?? [];

/** One schema object with every allOf part merged in. */
function merged(raw, depth = 0) {
  const schema = resolve(raw);
  if (!schema.allOf || depth > MAX_DEPTH) return schema;
  return schema.allOf.map((part) => merged(part, depth + 1)).concat({ ...schema, allOf: undefined })
    .reduce((all, part) => ({ ...all, ...part, properties: { ...all.properties, ...part.properties },
      required: [...(all.required ?? []), ...(part.required ?? [])] }), {});
}

function typeName(raw, depth = 0) {
  if (typeof raw !== "object") return raw === false ? "nothing" : "any";
  const schema = merged(raw);
  if (depth > MAX_DEPTH) return refName(raw) ?? "any";
  if (variants(schema).length) return [...new Set(variants(schema).map((one) => typeName(one, depth + 1)))].join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const types = [schema.type ?? (Object.keys(schema.properties ?? {}).length ? "object" : "any")].flat();
  const names = types.map((type) => type === "array" && schema.items ? `array of ${typeName(schema.items, depth + 1)}`
    : type === "object" ? refName(raw) ?? schema.title ?? type : type);
  if (schema.nullable) names.push("null");
  return names.join(" | ") + (schema.format ? ` (${schema.format})` : "");
}

function limits(schema) {
  const names = { minimum: "≥", maximum: "≤", exclusiveMinimum: ">", exclusiveMaximum: "<", minLength: "min length",
    maxLength: "max length", minItems: "min items", maxItems: "max items", pattern: "pattern", default: "default" };
  return Object.entries(names).filter(([name]) => schema[name] !== undefined)
    .map(([name, sign]) => `${sign} ${name === "pattern" ? schema[name] : JSON.stringify(schema[name])}`).join(", ");
}

/** The lines about one named value, and the fields inside it. */
function schemaItem(name, raw, required, seen, about) {
  const schema = typeof raw === "object" ? merged(raw) : {};
  const extra = limits(schema);
  return el("li", {}, el("code", {}, name), " ", el("span", { class: "type" }, typeName(raw)),
    required ? el("span", { class: "must" }, " required") : null,
    extra ? el("span", { class: "about" }, `, ${extra}`) : null,
    about ?? schema.description ? el("div", { class: "about" }, inline(about ?? schema.description)) : null,
    schemaFields(raw, seen));
}

function schemaFields(raw, seen = []) {
  if (typeof raw !== "object" || raw === null || seen.length > MAX_DEPTH || seen.includes(raw.$ref)) return null;
  const inside = [...seen, raw.$ref ?? ""];
  const schema = merged(raw);
  const items = Object.entries(schema.properties ?? {})
    .map(([name, field]) => schemaItem(name, field, schema.required?.includes(name), inside));
  const others = schema.additionalProperties;
  if (typeof others === "object") items.push(schemaItem("(any name)", others, false, inside));
  const lists = [schema.items, ...variants(schema)].map((part) => schemaFields(part, inside));
  return items.length ? [el("ul", { class: "schema" }, items), lists] : lists;
}

/** A value that fits the schema: its own example if it has one, else made from the types. */
function sample(raw, seen = []) {
  if (typeof raw !== "object" || raw === null || seen.length > MAX_DEPTH || seen.includes(raw.$ref)) return null;
  const [schema, inside] = [merged(raw), [...seen, raw.$ref ?? ""]];
  for (const value of [schema.example, schema.examples?.[0], schema.default, schema.const, schema.enum?.[0]]) {
    if (value !== undefined) return value;
  }
  const options = variants(schema);
  if (options.length) return sample(options.find((one) => resolve(one).type !== "null") ?? options[0], inside);
  const type = [schema.type].flat().find((name) => name !== "null");
  if (type === "array") return schema.items && !inside.includes(schema.items.$ref) ? [sample(schema.items, inside)] : [];
  if (type === "integer" || type === "number") return schema.minimum ?? 0;
  if (type === "string") return "string";
  if (type === "boolean") return false;
  return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, field]) => [name, sample(field, inside)]));
}

function exampleOf(media) {
  if (media.example !== undefined) return media.example;
  const first = Object.values(media.examples ?? {})[0];
  return first ? resolve(first).value : media.schema ? sample(media.schema) : undefined;
}

function mediaBlock([type, media]) {
  const example = exampleOf(media);
  return [el("h4", {}, type, " ", el("span", { class: "muted" }, media.schema ? typeName(media.schema) : "")),
    schemaFields(media.schema),
    example === undefined ? null : el("details", {}, el("summary", {}, "Example"), block(pretty(example), "Example"))];
}

function address(path, inputs) {
  const query = new URLSearchParams();
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") path = path.replaceAll(`{${parameter.name}}`, encodeURIComponent(input.value));
    if (parameter.in === "query" && input.value !== "") query.append(parameter.name, input.value);
  }
  const base = new URL(spec.servers?.[0]?.url ?? "/", location.origin); // another origin is never called
  const prefix = base.origin === location.origin ? base.pathname.replace(/\/$/, "") : "";
  return prefix + path + (`${query}` ? `?${query}` : "");
}

async function send(method, path, inputs, type, body) {
  const headers = new Headers(type ? { "Content-Type": type } : {});
  const key = $("key").value.trim();
  if (key) headers.set("Authorization", `Bearer ${key}`);
  for (const { parameter, input } of inputs) {
    if (parameter.in === "header" && input.value) headers.set(parameter.name, input.value);
  }
  const started = performance.now();
  const response = await fetch(address(path, inputs), { method: method.toUpperCase(), headers,
    body: type ? body : undefined, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  let text = await response.text();
  try { text = pretty(JSON.parse(text)); } catch { /* not JSON: shown as it came */ }
  return { status: `${response.status} ${response.statusText}, ${Math.round(performance.now() - started)} ms`, text };
}

function labelled(text, input) {
  input.id = `input-${++serial}`;
  return [el("label", { for: input.id }, text), input];
}

function tryIt(method, path, parameters, content) {
  const inputs = parameters.filter(({ in: place }) => place !== "cookie").map((parameter) => {
    const input = el("input", { autocomplete: "off", spellcheck: "false", required: parameter.required });
    input.value = pretty(parameter.example ?? resolve(parameter.schema).example ?? resolve(parameter.schema).default ?? "");
    return { parameter, input };
  });
  const [type, media] = content[0] ?? [];
  const body = type ? el("textarea", { class: "code", rows: 8, spellcheck: "false" }) : null;
  if (body) body.value = pretty(exampleOf(media) ?? "");
  const status = el("p", { class: "status", role: "status" });
  const answer = el("pre", { tabindex: 0, "aria-label": "Answer", hidden: "" });
  const submit = async (event) => {
    event.preventDefault();
    status.textContent = "Sending…";
    answer.hidden = true;
    try {
      const result = await send(method, path, inputs, type, body?.value);
      status.textContent = result.status;
      answer.textContent = result.text.slice(0, MAX_SHOWN) || "(empty answer)";
      answer.hidden = false;
    } catch (error) {
      status.textContent = error.name === "TimeoutError" ? "No answer in time." : `Not sent: ${error.message}`;
    }
  };
  return el("form", { class: "try", submit },
    inputs.flatMap(({ parameter, input }) => labelled(`${parameter.name} (${parameter.in})`, input)),
    body ? labelled(`Body (${type})`, body) : [],
    el("div", { class: "actions" }, el("button", { class: "primary" }, "Send"), status), answer);
}

function operationBlock(path, method, shared, operation) {
  const parameters = [...shared.filter((one) => !(operation.parameters ?? []).map((own) => resolve(own))
    .some((own) => own.name === resolve(one).name && own.in === resolve(one).in)), ...(operation.parameters ?? [])]
    .map((one) => resolve(one));
  const request = resolve(operation.requestBody);
  const content = Object.entries(request.content ?? {});
  const schemes = (operation.security ?? spec.security ?? []).map((one) => Object.keys(one).join(" + ") || "none").join(" or ");
  const responses = Object.entries(operation.responses ?? {}).map(([code, raw]) => {
    const response = resolve(raw);
    const head = el("summary", {}, el("strong", {}, code), " ", inline(response.description ?? ""));
    return el("details", { class: "response" }, head,
      Object.entries(response.headers ?? {}).map(([name, header]) =>
        el("ul", { class: "schema" }, schemaItem(name, resolve(header).schema, false, [], resolve(header).description))),
      Object.entries(response.content ?? {}).map(mediaBlock));
  });
  const id = `op-${operation.operationId ?? `${method}-${path}`}`;
  return el("details", { class: `card operation${operation.deprecated ? " old" : ""}`, id },
    el("summary", {}, el("span", { class: "method" }, method.toUpperCase()), el("code", { class: "path" }, path), " ",
      el("span", { class: "muted" }, operation.summary ?? "", operation.deprecated ? " (deprecated)" : "")),
    prose(operation.description), schemes ? el("p", { class: "muted" }, `Authorisation: ${schemes}`) : null,
    parameters.length ? [el("h3", {}, "Parameters"), el("ul", { class: "schema" }, parameters.map((one) =>
      schemaItem(`${one.name} (${one.in})`, one.schema, one.required, [], one.description)))] : [],
    content.length ? [el("h3", {}, "Request body"), ...prose(request.description), ...content.map(mediaBlock)] : [],
    el("h3", {}, "Responses"), responses, el("h3", {}, "Try it"), tryIt(method, path, parameters, content));
}

function render() {
  $("title").textContent = `${spec.info?.title ?? "API"} ${spec.info?.version ?? ""}`.trim();
  $("about").replaceChildren(...prose(spec.info?.description));
  const groups = new Map();
  for (const [path, raw] of Object.entries(spec.paths ?? {})) {
    const item = resolve(raw);
    for (const method of METHODS.filter((name) => item[name])) {
      const tag = item[method].tags?.[0] ?? "Operations";
      groups.set(tag, [...(groups.get(tag) ?? []), operationBlock(path, method, item.parameters ?? [], item[method])]);
    }
  }
  $("operations").replaceChildren(...[...groups].flatMap(([tag, blocks]) => [el("h2", {}, tag), ...blocks]));
}

function openLinked() {
  const linked = $(decodeURIComponent(location.hash.slice(1)));
  if (linked?.matches("details")) linked.open = true;
  linked?.scrollIntoView();
}

async function start() {
  themeSwitch($("theme"));
  $("key").value = readKey();
  $("key").addEventListener("input", ({ target }) => storeKey(target.value.trim()));
  const key = $("key").value;
  try {
    const response = await fetch("/openapi.json", key ? { headers: { Authorization: `Bearer ${key}` } } : {});
    if (!response.ok) throw new Error(`status ${response.status}`);
    spec = await response.json();
    render();
    openLinked();
  } catch (error) {
    $("about").replaceChildren(el("p", { class: "error", role: "alert" }, `The description could not be loaded (${error.message}).`));
  }
}

addEventListener("hashchange", openLinked);
start();
