// Charts by Plotly, which the server has from its own package: loaded once, drawn only where somebody can see it, in the page's colours.

import { $, el } from "./parts.js";

const SCRIPT = "/static/plotly.min.js";
const CONFIG = { displayModeBar: false, displaylogo: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false };
const INKS = ["text", "muted", "line", "surface", "accent", "second", "good", "bad", "warn", "joy", "surprise", "neutral", "sadness", "fear", "disgust", "anger"];

let loading = null;

function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = el("script", { src: SCRIPT });
    script.addEventListener("load", () => (globalThis.Plotly ? resolve(globalThis.Plotly) : reject(new Error("no Plotly"))));
    script.addEventListener("error", () => { script.remove(); loading = null; reject(new Error("not loaded")); });
    document.head.append(script);
  });
  return loading;
}

let inks = null;

/** The page's colours as Plotly takes them: what `light-dark()` comes to at present. */
function colours() {
  if (inks) return inks;
  const probe = el("i", { hidden: "" });
  document.body.append(probe);
  inks = Object.fromEntries(INKS.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  }));
  probe.remove();
  return inks;
}
document.addEventListener("hikari:theme", () => { inks = null; });

/** The same colour, seen through. */
export const faint = (colour, alpha) => colour.replace(/^rgba?\(([^)]*)\)$/, (_, inside) =>
  `rgba(${inside.split(/[\s,/]+/).slice(0, 3).join(",")},${alpha})`);

const axis = (ink) => ({ gridcolor: ink.line, linecolor: ink.line, zerolinecolor: ink.line, tickfont: { color: ink.muted, size: 11 },
  fixedrange: true, automargin: true, ticks: "" });

function layout(ink, own) {
  const { xaxis, yaxis, yaxis2, ...rest } = own;
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: "system-ui, sans-serif", size: 12, color: ink.text },
    margin: { l: 8, r: 8, t: 8, b: 24 }, showlegend: false, hovermode: "x unified", dragmode: false, autosize: true,
    hoverlabel: { bgcolor: ink.surface, bordercolor: ink.line, font: { color: ink.text, size: 12 } },
    xaxis: { ...axis(ink), showgrid: false, ...xaxis }, yaxis: { ...axis(ink), ...yaxis },
    ...(yaxis2 ? { yaxis2: { ...axis(ink), ...yaxis2 } } : {}), ...rest,
  };
}

/** A place for one chart. What it says is written under it as well: a chart is never the only carrier. */
export class Chart {
  #build = null;
  #visible = false;
  #drawing = false;
  #again = false;

  constructor(id) {
    this.box = el("div", { class: "chart", role: "img" });
    this.says = el("p", { class: "says" });
    $(id).replaceChildren(this.box, this.says);
    new IntersectionObserver(([entry]) => { this.#visible = entry.isIntersecting; this.#draw(); }, { rootMargin: "200px" }).observe(this.box);
    document.addEventListener("hikari:theme", () => this.#draw());
    document.addEventListener("visibilitychange", () => this.#draw());
  }

  /** `build(ink)` gives Plotly's traces and the layout's own parts; `says` is the same in a sentence. */
  set(build, says) {
    this.#build = build;
    this.says.textContent = says;
    this.box.hidden = false;
    this.box.setAttribute("aria-label", says);
    this.#draw();
  }

  /** Nothing to draw yet, and when there will be. */
  empty(text) {
    this.#build = null;
    this.box.hidden = true;
    this.says.textContent = text;
  }

  async #draw() {
    if (!this.#build || !this.#visible || document.hidden) return;
    if (this.#drawing) {
      this.#again = true;
      return;
    }
    this.#drawing = true;
    try {
      const library = await plotly();
      if (this.#build) {
        const ink = colours();
        const { traces, ...own } = this.#build(ink);
        await library.react(this.box, traces, layout(ink, own), CONFIG);
      }
      delete this.box.dataset.failed;
    } catch {
      this.box.dataset.failed = "The chart could not be drawn; the words below still hold.";
    } finally {
      this.#drawing = false;
      if (this.#again) {
        this.#again = false;
        this.#draw();
      }
    }
  }
}
