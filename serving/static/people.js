// Who is here and what it is about: the stream as counted (shared with the charts), top viewers, kinds of viewers, topics, experiments.

import { ask } from "./ask.js";
import { hypeRows } from "./happenings.js";
import { NotYet, Panel } from "./panel.js";
import { $, badge, bar, el, percent, plural, quote, round, swap, whole, words } from "./parts.js";
import { openViewer } from "./reading.js";

const [STREAM_MS, SLOW_MS, TOPICS, EMOTES, ARMS] = [10000, 60000, 6, 8, 6];
const FEED = "No chat in this channel yet. Write a message under the chat, or send yours to /ws/chat or /process_chat_message.";

/** One question answers three panels: top viewers, hype moments and, through `counted(answer)`, the charts. */
export const stream = (counted) => new Panel("viewers", {
  everyMs: STREAM_MS,
  empty: FEED,
  load: async (channel) => {
    try {
      const { answer } = await ask("/global_insights", { channel });
      counted(answer);
      swap($("hype").querySelector(".body"), hypeRows(answer));
      return { channel, answer: { ...answer, newest: null, minutes: null } };
    } catch (error) {
      const quiet = error.code === "not_found" || error.code === "not_ready";
      swap($("hype").querySelector(".body"), quiet ? hypeRows({}) : el("p", { class: "failed" }, `Could not be loaded: ${error.message}`));
      throw error;
    }
  },
  show: ({ channel, answer }) => {
    const most = answer.top_chatters[0]?.[1] ?? 1;
    return [
      el("p", {}, `${plural(answer.chatters, "person", "people")} wrote in this stream: ${whole(answer.first_time_chatters)} for the first time, ${whole(answer.returning_chatters)} who came back.`),
      el("ol", { class: "ranks" }, answer.top_chatters.map(([name, count]) => el("li", {},
        el("button", { type: "button", class: "link name", "data-key": name, "aria-haspopup": "dialog", click: () => openViewer(name, channel) }, quote(name)),
        bar(count / most), el("span", { class: "value" }, plural(count, "message"))))),
      answer.top_emotes.length ? el("p", {}, "Emotes: ", answer.top_emotes.slice(0, EMOTES).map(([name, count]) => [badge(`${name} ${count}`), " "])) : null,
    ];
  },
});

export const audiences = () => new Panel("audiences", {
  everyMs: 2 * SLOW_MS,
  empty: "Not yet enough viewers to tell kinds apart.",
  load: async (channel) => (await ask("/cluster_viewers", { channel })).answer,
  show: ({ segments, noise_share: noise, viewers }) => {
    if (!segments.length) throw new NotYet("Not yet enough viewers to tell kinds apart.");
    return [el("ul", { class: "ranks" }, segments.map((one) => el("li", {}, el("span", { class: "name" }, one.label), bar(one.share), el("span", { class: "value" }, plural(one.viewers, "viewer"))))),
      el("p", { class: "hint" }, `Of ${plural(viewers, "viewer")} who wrote; ${percent(noise)} are like nobody else.`)];
  },
});

export const topics = () => new Panel("topics", {
  everyMs: SLOW_MS,
  empty: "Not yet enough chat: topics show after some dozens of messages.",
  load: async (channel) => (await ask("/topics", { channel })).answer,
  show: ({ topics: found }) => {
    if (!found.length) throw new NotYet("Not yet enough chat: topics show after some dozens of messages.");
    const most = found[0].share || 1;
    return el("ol", { class: "ranks tall" }, found.slice(0, TOPICS).map((one) => el("li", {},
      el("span", { class: "name" }, quote(one.label)), bar(one.share / most), el("span", { class: "value" }, `${percent(one.share)} of chat`),
      el("span", { class: "sub muted" }, `${plural(one.messages, "message")} of ${plural(one.chatters, "viewer")}`,
        one.representatives?.[0] ? [", such as “", quote(one.representatives[0].message), "”"] : null))));
  },
});

const VERDICTS = { running: "good", draft: "neutral", stopped: "neutral" };

function experiment(one) {
  const unit = (value) => (one.kind === "binary" ? percent(value) : round(value));
  return el("li", {},
    el("p", {}, el("strong", {}, quote(one.name ?? one.id)), " ", badge(one.status, VERDICTS[one.status])),
    one.arms?.length ? el("table", {}, el("caption", {}, `What is measured: ${words(one.metric)}`),
      el("thead", {}, el("tr", {}, ["Variant", "Shown to", "Result", "Likely between"].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, one.arms.slice(0, ARMS).map((arm) => el("tr", {}, el("th", { scope: "row" }, quote(arm.name)), el("td", {}, whole(arm.assigned)), el("td", {}, arm.mean === null ? "n/a" : unit(arm.mean)),
        el("td", { class: "muted" }, arm.interval ? `${unit(arm.interval[0])} and ${unit(arm.interval[1])}` : "n/a"))))) : null,
    one.sentences?.length ? el("p", {}, one.sentences[0]) : null,
    one.failed ? el("p", { class: "failed" }, one.failed) : null);
}

export const experiments = () => new Panel("experiments", {
  everyMs: SLOW_MS,
  empty: "None yet. An experiment tells which of two ways works better, for example greeting by name or not: see “experiments” on the API page.",
  load: async (channel) => {
    const listed = (await ask("/experiments/list", { channel })).answer;
    const wanted = listed.filter(({ status }) => status === "running").slice(0, ARMS);
    const reports = await Promise.all(wanted.map(({ id, name, status }) => ask("/experiments/report", { id, channel })
      .then(({ answer: { now: _, ...rest } }) => rest, (error) => ({ id, name, status, failed: error.message }))));
    return { reports, others: listed.length - wanted.length };
  },
  show: ({ reports, others }) => {
    if (!reports.length) {
      throw new NotYet(others ? `None is running; ${plural(others, "other")} ${others === 1 ? "is" : "are"} stopped or not started.`
        : "None yet. An experiment tells which of two ways works better, for example greeting by name or not: see “experiments” on the API page.");
    }
    return [el("ul", { class: "rows" }, reports.map(experiment)), others ? el("p", { class: "hint" }, `${others} more stopped or not started.`) : null];
  },
});

