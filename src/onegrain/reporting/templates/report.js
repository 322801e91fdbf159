"use strict";

// Charts: drawn in the reader's theme, and again when it changes.
const { themes, specs } = JSON.parse(document.getElementById("charts").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");

// A legend as wide as its chart allows: Vega lays it out without asking how wide the chart is.
const SYMBOL = 48; // pixels, with the room between columns
const ORDERS = 330; // the legend of top, random and bottom, and the axis left of both
const ruler = document.createElement("canvas").getContext("2d");

function withinWidth(spec, width) {
  const fitted = structuredClone(spec);
  for (const { encoding } of fitted.layer ?? []) {
    const { legend, scale } = encoding?.color ?? {};
    if (!legend?.columns || !Array.isArray(scale?.domain)) continue;
    ruler.font = `${themes.light.legend.labelFontSize}px ${themes.light.font}`;
    const longest = Math.max(...scale.domain.map((name) => ruler.measureText(name).width));
    const beside = fitted.layer.some((layer) => layer.encoding?.strokeDash?.legend) ? ORDERS : 80;
    const room = Math.max(1, Math.floor((width - beside) / (longest + SYMBOL)));
    legend.columns = Math.min(legend.columns, room);
    legend.labelLimit = Math.min(legend.labelLimit, width - beside - SYMBOL);
  }
  return fitted;
}

function drawChart(place) {
  const name = place.dataset.chart;
  const fitted = { width: "container", autosize: { type: "fit-x", contains: "padding" } };
  const whole = withinWidth(specs[name], place.clientWidth);
  const spec = "facet" in whole ? whole : { ...whole, ...fitted };
  vegaEmbed(place, spec, {
    config: dark.matches ? themes.dark : themes.light,
    renderer: "svg",
    ast: true, // no code is made from text, so the page's policy can forbid it
    tooltip: { theme: dark.matches ? "dark" : "light" },
    actions: { export: true, source: false, compiled: false, editor: false },
    downloadFileName: name,
  });
}

// What is folded away has no width: it is drawn when it is opened.
function drawCharts() {
  for (const place of document.querySelectorAll("[data-chart]")) {
    if (!place.closest("details:not([open])")) drawChart(place);
  }
}
drawCharts();
for (const folded of document.querySelectorAll("details:has([data-chart])")) {
  folded.addEventListener("toggle", () => {
    if (folded.open) for (const place of folded.querySelectorAll("[data-chart]")) drawChart(place);
  });
}
dark.addEventListener("change", drawCharts);

// Tables: a column's button sorts by it, first down, then up; numbers by value, text by alphabet.
function sortKey(row, column) {
  const cell = row.cells[column];
  return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? 1 : -1;
  return a.localeCompare(b);
}

function sortBy(header) {
  const descending = header.getAttribute("aria-sort") !== "descending";
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const body = header.closest("table").tBodies[0];
  const rows = [...body.rows];
  rows.sort((a, b) => compare(sortKey(a, header.cellIndex), sortKey(b, header.cellIndex)));
  if (descending) rows.reverse();
  body.append(...rows);
}

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sortBy(button.parentElement));
}

// Filters: rows that hold every word typed; `seed=1` is looked for in the column of that name alone.
function holds(row, titles, word) {
  const texts = [...row.cells].map((cell) => cell.textContent.toLowerCase());
  const [title, value] = [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)];
  const column = word.includes("=") ? titles.indexOf(title) : -1;
  return column < 0 ? texts.join(" ").includes(word) : !value || texts[column] === value;
}

function filterRows(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const table = document.getElementById(input.dataset.filter);
  const titles = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.toLowerCase());
  const rows = [...table.tBodies[0].rows];
  let shown = 0;
  for (const row of rows) {
    row.hidden = !words.every((word) => holds(row, titles, word));
    if (!row.hidden) shown += 1;
  }
  const count = document.getElementById(`${input.dataset.filter}-count`);
  count.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
}

for (const input of document.querySelectorAll("[data-filter]")) {
  input.addEventListener("input", () => filterRows(input));
}
