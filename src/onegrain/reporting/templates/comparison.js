"use strict";

// Charts whose reader chooses what they show: the rows are averaged already, here they are picked.
const { choosers } = JSON.parse(document.getElementById("charts").textContent);

const unique = (rows, field) => [...new Set(rows.map((row) => row[field]))];

// What can be chosen, each from what was chosen before it: [title, options of the state so far].
const questions = {
  curves: (rows) => [
    ["colours", () => Object.keys(rows)],
    ["of", (chosen) => unique(rows[chosen[0]], "experiment")],
    ["ranking", (chosen) => unique(pick(rows[chosen[0]], "experiment", chosen[1]), "ranking")],
  ],
  trends: (rows) => [
    ["against", () => Object.keys(rows)],
    ["colours", (chosen) => Object.keys(rows[chosen[0]])],
    ["metric", (chosen) => unique(rows[chosen[0]][chosen[1]], "metric").sort(gapsFirst)],
  ],
  distribution: (rows) => [
    ["colours", () => Object.keys(rows)],
    ["ranking", (chosen) => unique(rows[chosen[0]], "ranking")],
  ],
  grids: () => [],
};

const picked = {
  curves: (rows, [key, experiment, ranking]) =>
    pick(pick(rows[key], "experiment", experiment), "ranking", ranking),
  trends: (rows, [x, key, metric]) => pick(rows[x][key], "metric", metric),
  distribution: (rows, [key, ranking]) => pick(rows[key], "ranking", ranking),
  grids: () => null,
};

function pick(rows, field, value) {
  return rows.filter((row) => row[field] === value);
}

function gapsFirst(a, b) {
  return Number(b.endsWith("/gap")) - Number(a.endsWith("/gap")) || a.localeCompare(b);
}

function titled(spec, name, chosen) {
  if (name === "curves") return { ...spec, title: { text: chosen[1], subtitle: `ranked by ${chosen[2]}` } };
  if (name === "trends") return { ...spec, title: { text: chosen[2], subtitle: `against ${chosen[0]}` } };
  return spec;
}

// Perplexities grow by factors.
function scaled(spec, name, chosen) {
  if (name !== "curves" || !chosen[1].includes("perplexity")) return spec;
  const copy = structuredClone(spec);
  for (const layer of copy.layer) layer.encoding.y.scale = { type: "log" };
  return copy;
}

function drawChoice(place) {
  const name = place.dataset.chooser;
  const { spec, rows } = choosers[name];
  const chosen = [...place.querySelectorAll("select")].map((select) => select.value);
  const data = picked[name](rows, chosen);
  const filled = scaled(titled(spec, name, chosen), name, chosen);
  const wide = name === "grids" ? {} : { width: "container", autosize: { type: "fit-x", contains: "padding" } };
  vegaEmbed(
    place.querySelector(".chart"),
    { ...filled, ...wide, ...(data ? { datasets: { rows: data } } : {}) },
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

// Fill the selects from the first to the last; a choice stays where it is still offered.
function refill(place) {
  const name = place.dataset.chooser;
  const chosen = [];
  for (const [index, [, options]] of questions[name](choosers[name].rows).entries()) {
    const select = place.querySelectorAll("select")[index];
    const before = select.value;
    const offered = options(chosen);
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
  for (const [title] of questions[name](choosers[name].rows)) {
    const label = document.createElement("label");
    label.textContent = `${title} `;
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
