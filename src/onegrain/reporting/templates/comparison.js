"use strict";

// Charts whose reader chooses what they show, of the runs that the filter leaves.
const fixed = new Set(["grids", "sharing"]); // as wide as what they show
const ofRuns = new Set(["curves", "trends", "distribution", "grids"]); // the filter changes them
const PAUSE = 150; // milliseconds between the last letter of a filter and the charts

let shown = new Set(runs.keys());

// What can be chosen, each from what was chosen before it: [title, options of the state so far].
const questions = {
  curves: () => [
    ["colours", () => Object.keys(choosers.curves.colours)],
    ["of", () => unique(linesOf(shown), "experiment")],
    [heldTitle, ([key, of]) => [...new Set(linesIn(of).map((line) => heldBy(line, key)))]],
  ],
  trends: () => [
    ["against", () => Object.keys(choosers.trends.colours)],
    ["colours", ([x]) => Object.keys(choosers.trends.colours[x])],
    ["metric", () => unique(seriesOf("trends", shown), "metric").sort(gapsFirst)],
  ],
  distribution: () => [
    ["colours", () => Object.keys(choosers.distribution.colours)],
    ["ranking", () => unique(seriesOf("distribution", shown), "ranking")],
  ],
  sharing: () => [
    ["model", () => Object.keys(choosers.sharing.rows)],
    ["neurons", ([model]) => unique(choosers.sharing.rows[model], "set")],
  ],
  grids: () => [],
};

const picked = {
  curves: ([key, experiment, held]) =>
    curveRows(linesIn(experiment).filter((line) => heldBy(line, key) === held), key),
  trends: ([x, key, metric]) => trendRows(pick(seriesOf("trends", shown), "metric", metric), x, key),
  distribution: ([key, ranking]) =>
    distributionRows(pick(seriesOf("distribution", shown), "ranking", ranking), key),
  sharing: ([model, set]) => pick(choosers.sharing.rows[model], "set", set),
  grids: () => {
    const names = new Set([...shown].map((number) => runs[number].name));
    const { spec } = choosers.grids;
    return spec.datasets[spec.data.name].filter((cell) => names.has(cell.run));
  },
};

function pick(rows, field, value) {
  return rows.filter((row) => row[field] === value);
}

function linesIn(experiment) {
  return pick(linesOf(shown), "experiment", experiment);
}

function gapsFirst(a, b) {
  return Number(b.endsWith("/gap")) - Number(a.endsWith("/gap")) || a.localeCompare(b);
}

// What is held fixed while colours stand for something else.
function heldTitle(chosen) {
  return chosen[0] === "ranking" ? "runs" : "ranking";
}

function titled(spec, name, chosen) {
  const held = heldTitle(chosen) === "runs" ? "runs:" : "ranked by";
  const titles = {
    curves: [chosen[1], `${held} ${chosen[2]}`],
    trends: [chosen[2], `against ${chosen[0]}`],
    distribution: ["Where the top tenth lies", `ranked by ${chosen[1]}`],
  };
  if (!(name in titles)) return spec;
  const [text, about] = titles[name];
  const part = shown.size < runs.length ? [`${shown.size} of ${runs.length} runs`] : [];
  return { ...spec, title: { text, subtitle: [about, ...part].join("; ") } };
}

function coloursFor(name, chosen) {
  const { colours } = choosers[name];
  return name === "trends" ? colours[chosen[0]][chosen[1]] : colours[chosen[0]];
}

// Colours belong to groups, so they stay while one chooses; only the groups that are drawn are named.
function coloured(spec, name, chosen, data) {
  const drawn = new Set(unique(data, "group"));
  const pairs = coloursFor(name, chosen).filter(([group]) => drawn.has(group));
  const scale = { domain: pairs.map(([group]) => group), range: pairs.map(([, colour]) => colour) };
  for (const layer of spec.layer) layer.encoding.color.scale = scale;
  return spec;
}

function scaled(spec, name, chosen, data) {
  for (const { encoding } of spec.layer) {
    if (name === "curves") {
      // Perplexities grow by factors, shares are read in percent.
      if (chosen[1].includes("perplexity")) encoding.y.scale = { type: "log" };
      if (chosen[1].includes("accuracy")) encoding.y.axis = { format: ".0%" };
    }
    if (name === "trends") {
      const values = unique(data, "x").sort((a, b) => a - b);
      const factors = values[0] > 0 && values.at(-1) / values[0] > 50;
      encoding.x = { ...encoding.x, title: chosen[0] };
      if (factors) encoding.x.scale = { type: "log", padding: 12 };
      if (values.length <= 12) encoding.x.axis = { grid: false, values, format: factors ? "~g" : "" };
    }
  }
  return spec;
}

function drawChoice(place) {
  const name = place.dataset.chooser;
  const { spec } = choosers[name];
  const chosen = [...place.querySelectorAll("select")].map((select) => select.value);
  const data = dataFor(name, chosen);
  if (!data.length) return drawNothing(place);
  const filled = choosers[name].colours ? filledIn(spec, name, chosen, data) : spec;
  const wide = fixed.has(name) ? {} : { width: "container", autosize: { type: "fit-x", contains: "padding" } };
  const chart = place.querySelector(".chart");
  vegaEmbed(
    chart,
    { ...withinWidth(filled, chart.clientWidth), ...wide, datasets: { [spec.data?.name ?? "rows"]: data } },
    {
      config: dark.matches ? themes.dark : themes.light,
      renderer: "svg",
      ast: true,
      tooltip: { theme: dark.matches ? "dark" : "light" },
      actions: { export: true, source: false, compiled: false, editor: false },
      downloadFileName: `comparison-${name}`,
    },
  );
}

function dataFor(name, chosen) {
  const rows = picked[name](chosen);
  return choosers[name].colours ? inOrder(rows, coloursFor(name, chosen)) : rows;
}

function drawNothing(place) {
  const said = document.createElement("p");
  said.className = "none";
  said.textContent = "The filter leaves no run that has any.";
  place.querySelector(".chart").replaceChildren(said);
}

function filledIn(spec, name, chosen, data) {
  const copy = titled(structuredClone(spec), name, chosen);
  return scaled(coloured(copy, name, chosen, data), name, chosen, data);
}

// Fill the selects from the first to the last; a choice stays where it is still offered.
function refill(place) {
  const name = place.dataset.chooser;
  if (ofRuns.has(name) && !shown.size) return drawChoice(place); // what was chosen stays
  const chosen = [];
  for (const [index, [, options]] of questions[name]().entries()) {
    const select = place.querySelectorAll("select")[index];
    const before = select.value;
    const offered = options(chosen);
    const [title] = questions[name]()[index];
    select.labels[0].firstChild.textContent = `${typeof title === "function" ? title(chosen) : title} `;
    select.replaceChildren(
      ...offered.map((value) => {
        const option = document.createElement("option");
        option.value = value;
        option.textContent = value === "" ? "nothing else" : value;
        return option;
      }),
    );
    if (offered.includes(before)) select.value = before;
    chosen.push(select.value);
  }
  drawChoice(place);
}

function prepare(place) {
  const name = place.dataset.chooser;
  const choices = place.querySelector(".choices");
  for (const _ of questions[name]()) {
    const label = document.createElement("label");
    label.append(" ");
    const select = document.createElement("select");
    select.addEventListener("change", () => refill(place));
    label.append(select);
    choices.append(label);
  }
  refill(place);
}

for (const place of document.querySelectorAll("[data-chooser]")) {
  prepare(place);
  dark.addEventListener("change", () => drawChoice(place));
}

// The filter of the runs: its table follows at once, the charts when the reader pauses.
const runFilter = document.getElementById("runs-filter");
let pausing;

function runsShown() {
  const rows = [...document.getElementById("runs").tBodies[0].rows].filter((row) => !row.hidden);
  return new Set(rows.map((row) => Number(row.cells[0].dataset.value) - 1));
}

function follow() {
  shown = runsShown();
  for (const place of document.querySelectorAll("[data-chooser]")) {
    if (ofRuns.has(place.dataset.chooser)) refill(place);
  }
}

function sayWhatIsShown() {
  const left = runsShown().size;
  const some = `${left} of ${runs.length} runs: in curves, trends, layers, λ grids and the list of runs`;
  document.getElementById("runs-count").textContent = runFilter.value.trim() ? some : "";
}

runFilter?.addEventListener("input", () => {
  sayWhatIsShown();
  clearTimeout(pausing);
  pausing = setTimeout(follow, PAUSE);
});
