// The numbers at the top and the state of the engine, both from the live connection's snapshots.

import { $, badge, el, fact, icon, isNumber, mood, percent, plural, round, signed, span, swap, whole, words } from "./parts.js";

const DIRECTIONS = { rising: ["up", "rising"], falling: ["down", "falling"], steady: ["flat", "steady"] };

function tile(id, shown, about, kind = "") {
  const box = $(id);
  box.className = `tile ${kind}`;
  swap(box.querySelector("dd"), el("span", { class: "big" }, shown), about ? el("span", { class: "sub" }, about) : null);
}

/** The tiles; without a snapshot they say that there is nothing to say. */
export function showTiles(snapshot = null) {
  const { minute = {}, mood: trend = {}, hype = {} } = snapshot ?? {};
  tile("tile-viewers", isNumber(minute.viewers) ? whole(minute.viewers) : "–", isNumber(minute.viewers) ? "watching now" : "not reported");
  tile("tile-rate", isNumber(minute.messages) ? whole(minute.messages) : "–", "messages / min");
  tile("tile-chatters", isNumber(minute.chatters) ? whole(minute.chatters) : "–", "wrote in it");
  const felt = isNumber(minute.sentiment) ? mood(minute.sentiment) : null;
  const [picture, word] = DIRECTIONS[trend.direction] ?? [];
  tile("tile-mood", felt ? [icon(felt.icon), felt.word] : "–", felt ? [signed(minute.sentiment), word ? [" ", icon(picture), word] : null] : "no messages", felt?.kind);
  const toxic = minute.messages ? minute.toxicity : null;
  tile("tile-toxic", isNumber(toxic) ? percent(toxic) : "–", isNumber(toxic) ? "mean of all" : "no messages", isNumber(toxic) && toxic >= 0.2 ? "bad" : "");
  tile("tile-hype", hype.active ? [icon("hype"), "hype!"] : snapshot ? "calm" : "–", hype.active ? "the chat goes wild" : "no burst now", hype.active ? "warm" : "");
}

const check = (name, ready) => el("li", {}, ready ? badge("ready", "good", "check") : badge("not ready", "bad", "cross"), ` ${words(name)}`);
const REDIS = { ok: ["connected", "good", "check"], down: ["down", "bad", "cross"], off: ["not used", "neutral", null] };

let unseen = 0;

/** The panel "System health". */
export function showHealth({ health = {}, missed = 0 }) {
  unseen += missed;
  const { latency_ms: latency = {}, cache = {}, dropped = {}, ready = {} } = health;
  const lost = Object.entries(dropped).filter(([, count]) => count > 0);
  const redis = REDIS[health.redis];
  swap($("health").querySelector(".body"),
    el("ul", { class: "checks" }, Object.entries(ready).map(([name, on]) => check(name, on)), redis ? el("li", {}, badge(...redis), " Redis") : null),
    el("dl", { class: "facts" },
      fact("Message to answer, typical", isNumber(latency.p50) ? `${round(latency.p50)} ms` : "n/a"), fact("Slowest 1 in 100", isNumber(latency.p99) ? `${round(latency.p99)} ms` : "n/a"),
      fact("Messages read", whole(health.processed)), fact("Waiting", whole(health.queue_depth)), fact("Read together", whole(health.batch_size)),
      fact("Known from before", isNumber(cache.rate) ? percent(cache.rate) : "n/a"), fact("Set aside as broken", whole(health.quarantined ?? 0)),
      fact("Connections", whole(health.connections)), fact("Running for", span(health.uptime_s))),
    lost.length ? el("p", {}, badge("messages dropped", "bad", "warn"), ` ${lost.map(([reason, count]) => `${whole(count)} ${words(reason)}`).join(", ")}`)
      : el("p", { class: "muted" }, "No message was dropped."),
    unseen > 0 ? el("p", { class: "muted" }, `${plural(unseen, "event")} did not reach this page: its connection is too slow.`) : null);
}

