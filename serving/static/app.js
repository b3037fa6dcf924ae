// The dashboard: brings together the live connection, the chat, the panels and the charts of the channel that is shown.

import { keys } from "./ask.js";
import { clearAudience, engagement, forecasts, showAudience } from "./audience.js";
import { Chat } from "./chat.js";
import { Compose } from "./compose.js";
import { anomalies, clearAlerts, noteAlert } from "./happenings.js";
import { showHealth, showTiles } from "./health.js";
import { startKeys } from "./keydialog.js";
import { Line } from "./line.js";
import { Live } from "./live.js";
import { clearMemory, startMemory } from "./memory.js";
import { Board } from "./panel.js";
import { $, clock, el, icon, sentence, swap, themeSwitch } from "./parts.js";
import { audiences, experiments, stream, topics } from "./people.js";
import { Player } from "./play.js";
import { replies } from "./replies.js";
import { clearStory, showStory } from "./story.js";
import { Timeline } from "./timeline.js";

const [CHANNELS, MOST_CHANNELS, SECOND_MS, STALE_MS] = ["hikari.channels", 20, 1000, 6000];
const SECONDS = { hour: "2-digit", minute: "2-digit", second: "2-digit" };

let channel = new URLSearchParams(location.search).get("channel") || "default";
let [moments, snapshotAt, viewers] = [[], 0, null];
const shown = () => channel;

const timeline = new Timeline();
const live = new Live();
const chat = new Chat(shown);
const line = new Line();
const player = new Player(line, shown);
new Compose(line, shown, (event) => chat.add(event));
const board = new Board([
  stream((answer) => {
    moments = [...(answer.hype_moments ?? []), ...(answer.current_moment ? [answer.current_moment] : [])];
    viewers = answer.minutes?.viewer_count?.findLast((count) => count !== null) ?? null;
    timeline.addMinutes(answer);
    draw();
  }),
  replies(), forecasts(), engagement(), anomalies(), topics(), audiences(), experiments(),
]);

function draw() {
  const points = timeline.points();
  showStory(points, moments);
  showAudience(points);
}

function follow(name) {
  channel = name;
  viewers = null;
  player.stop();
  moments = [];
  timeline.clear();
  chat.clear();
  clearStory();
  clearAudience();
  clearAlerts();
  clearMemory();
  showTiles();
  $("channel").value = name;
  document.title = name === "default" ? "Hikari: live" : `${name}: Hikari live`;
  const address = new URL(location.href);
  if (name === "default") address.searchParams.delete("channel");
  else address.searchParams.set("channel", name);
  history.replaceState(null, "", address);
  board.follow(name);
  live.open(name);
}

/** Names that were shown here before, and those that the server tells, to choose from. */
function offer(names) {
  let known = [];
  try { known = JSON.parse(localStorage.getItem(CHANNELS) ?? "[]"); } catch { /* nothing kept */ }
  known = [...new Set([...names, ...(Array.isArray(known) ? known : [])])].filter((name) => typeof name === "string").slice(0, MOST_CHANNELS);
  try { localStorage.setItem(CHANNELS, JSON.stringify(known)); } catch { /* storage is switched off */ }
  $("channels").replaceChildren(...known.map((name) => el("option", { value: name })));
}

function alarm(event) {
  noteAlert(event);
  board.soon("viewers", "anomalies");
  const weighty = event.priority === "high" || event.priority === "critical";
  if (event.silent && !weighty) return;
  const row = el("li", { class: weighty ? "weighty" : null }, icon(event.kind?.startsWith("hype") ? "hype" : "warn"), el("span", {}, `${clock(event.timestamp, SECONDS)} ${sentence(event.message)}`),
    el("button", { type: "button", class: "small", "aria-label": "Dismiss this notice", click: ({ currentTarget }) => currentTarget.closest("li").remove() }, icon("cross")));
  $("notices").prepend(row);
  while ($("notices").children.length > 2) $("notices").lastElementChild.remove();
}

function take(event) {
  if (event.type === "analysis" && (event.channel ?? channel) === channel) chat.add(event);
  else if (event.type === "alert" && (event.channel ?? channel) === channel) alarm(event);
  else if (event.type === "hello") offer([...(event.channels ?? []), channel]);
  else if (event.type === "snapshot" && (event.channel ?? channel) === channel) {
    snapshotAt = Date.now();
    $("tiles").classList.remove("stale");
    showTiles({ ...event, minute: { ...event.minute, viewers: event.minute?.viewers ?? viewers } });
    showHealth(event);
    if (timeline.addSnapshot(event)) draw();
  }
}

const STATES = {
  connecting: ["wait", "wait", "Connecting…"],
  live: ["on", "link", "Live"],
  waiting: ["off", "off", "Reconnecting"],
  key: ["off", "key", "Key needed"],
  refused: ["off", "cross", "Not allowed"],
};
let was = null;

function showState({ name, reason }) {
  if (name === "connecting" && was === "waiting") return; // one word for the whole outage
  const [kind, picture, text] = STATES[name];
  $("state").dataset.state = kind;
  if (was !== name) swap($("state"), icon(picture), text);
  $("lost").hidden = !["waiting", "refused"].includes(name);
  $("lost-says").textContent = name === "refused" ? `No live connection: ${sentence(reason)}` : "The live connection is lost; what you see may be old.";
  if (name === "key") board.rest(true, "This needs the API key.");
  else if (name === "refused") board.rest(true, "There is nothing to see here: the reason stands at the top.");
  else if (name === "live") board.rest(false);
  if (name === "live" && was === "waiting") board.hurry();
  was = name;
  countDown();
}

function countDown() {
  if (live.state.name === "waiting") $("lost-when").textContent = `next try in ${Math.max(0, Math.ceil((live.state.at - Date.now()) / 1000))} s`;
  else $("lost-when").textContent = was === "waiting" ? "trying…" : "";
  if (Date.now() - snapshotAt > STALE_MS) $("tiles").classList.add("stale");
}

themeSwitch($("theme"));
startKeys();
startMemory(shown);
showTiles();
live.addEventListener("state", ({ detail }) => showState(detail));
live.addEventListener("reachable", () => board.rest(false));
live.addEventListener("event", ({ detail }) => take(detail));
keys.addEventListener("changed", () => { line.close(); board.hurry(); });
$("lost-now").addEventListener("click", () => live.retry());
$("channel-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("channel").value.trim() || "default";
  offer([name]);
  if (name !== channel) follow(name);
});
$("channel").addEventListener("change", () => $("channel-form").requestSubmit());
setInterval(countDown, SECOND_MS);
offer([channel]);
follow(channel);
