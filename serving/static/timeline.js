// The last half hour of a channel: closed minutes as the engine counted them, and between them what the live connection says.

import { isNumber } from "./parts.js";

export const WINDOW_S = 1800;
const STEP_S = 5;
const MINUTE_S = 60;
export const EMOTIONS = ["joy", "surprise", "neutral", "sadness", "fear", "disgust", "anger"];

const numberOrNull = (value) => (isNumber(value) ? value : null);

export class Timeline {
  #minutes = new Map();
  #live = [];

  clear() {
    this.#minutes.clear();
    this.#live = [];
  }

  /** Minutes of `/global_insights`, the last of which ended with the last full minute before `newest`. */
  addMinutes({ minutes = {}, newest }) {
    const length = minutes.chat_rate?.length ?? 0;
    const last = Math.floor(newest / MINUTE_S) * MINUTE_S;
    for (let place = 0; place < length; place += 1) {
      const time = last - (length - 1 - place) * MINUTE_S;
      this.#minutes.set(time, {
        time, sentiment: numberOrNull(minutes.sentiment?.[place]), messages: numberOrNull(minutes.chat_rate[place]),
        chatters: numberOrNull(minutes.unique_chatters?.[place]), viewers: numberOrNull(minutes.viewer_count?.[place]), emotions: null,
      });
    }
    const ordered = [...this.#minutes.keys()].sort((a, b) => a - b);
    for (const time of ordered.slice(0, -WINDOW_S / MINUTE_S)) this.#minutes.delete(time);
  }

  /** A snapshot of the live connection: its minute is the one up to now. */
  addSnapshot({ timestamp, minute = {} }) {
    if (!isNumber(timestamp)) return false;
    const newest = this.#live.at(-1);
    if (newest && timestamp - newest.time < STEP_S) return false;
    this.#live.push({
      time: timestamp, sentiment: numberOrNull(minute.sentiment), messages: numberOrNull(minute.messages),
      chatters: numberOrNull(minute.chatters), viewers: numberOrNull(minute.viewers), emotions: minute.messages ? minute.emotions ?? null : null,
    });
    while (this.#live.length && timestamp - this.#live[0].time > WINDOW_S) this.#live.shift();
    return true;
  }

  /** Points in order of time; where the live connection was on, its points stand for the minutes. */
  points() {
    const began = this.#live[0]?.time ?? Infinity;
    const minutes = [...this.#minutes.values()].filter(({ time }) => time < began || !this.#near(time));
    const all = [...minutes, ...this.#live].sort((a, b) => a.time - b.time);
    const end = all.at(-1)?.time ?? 0;
    return all.filter(({ time }) => end - time <= WINDOW_S);
  }

  #near(time) {
    return this.#live.some((point) => Math.abs(point.time - time) < MINUTE_S / 2);
  }
}

/** Columns as Plotly takes them, local times and values: one for every run of points without a hole in time. */
export function runs(points, value) {
  const found = [];
  let before = -Infinity;
  for (const point of points) {
    const y = value(point);
    if (!isNumber(y)) continue;
    if (point.time - before > 2.5 * MINUTE_S) found.push({ x: [], y: [] });
    found.at(-1).x.push(local(point.time));
    found.at(-1).y.push(y);
    before = point.time;
  }
  return found.map((run) => ({ ...run, mode: run.x.length < 3 ? "lines+markers" : "lines" }));
}

/** How times are written below an axis that spans so many seconds. */
export const times = (seconds) => ({ type: "date", hoverformat: "%H:%M:%S", tickformat: seconds < 300 ? "%H:%M:%S" : "%H:%M", nticks: 5 });

/** Plotly knows no time zones: local time written as if it had none. */
export function local(seconds) {
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, -1);
}
