"use strict";

// Charts whose reader chooses what they show: the rows are averaged already, here they are picked.
const { choosers } = JSON.parse(document.getElementById("charts").textContent);

const fixed = new Set(["grids", "sharing"]); // as wide as what they show

const unique = (rows, field) => [...new Set(rows.map((row) => row[field]))];

// What can be chosen, each from what was chosen before it: [title, options of the state so far].
const questions = {
  curves: (rows) => [
    ["colours", () => Object.keys(rows)],
    ["of", (chosen) => unique(rows[chosen[0]], "experiment")],
    [heldTitle, (chosen) => unique(pick(rows[chosen[0]], "experiment", chosen[1]), "within")],
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
  sharing: (rows) => [
    ["model", () => Object.keys(rows)],
    ["neurons", (chosen) => unique(rows[chosen[0]], "set")],
  ],
  grids: () => [],
};

const picked = {
  curves: (rows, [key, experiment, ranking]) =>
    pick(pick(rows[key], "experiment", experiment), "within", ranking),
  trends: (rows, [x, key, metric]) => pick(rows[x][key], "metric", metric),
  distribution: (rows, [key, ranking]) => pick(rows[key], "ranking", ranking),
  sharing: (rows, [model, set]) => pick(rows[model], "set", set),
  grids: () => null,
};

function pick(rows, field, value) {
  return rows.filter((row) => row[field] === value);
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
  const [text, subtitle] = titles[name];
  return { ...spec, title: { text, subtitle } };
}

// Colours belong to groups, so they stay while one chooses; only the groups that are drawn are named.
function coloured(spec, name, chosen, data) {
  let colours = choosers[name].colours[chosen[0]];
  if (name === "trends") colours = colours[chosen[1]];
  const drawn = new Set(unique(data, "group"));
  const domain = Object.keys(colours).filter((group) => drawn.has(group));
  const scale = { domain, range: domain.map((group) => colours[group]) };
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
  const { spec, rows } = choosers[name];
  const chosen = [...place.querySelectorAll("select")].map((select) => select.value);
  const data = picked[name](rows, chosen);
  const filled = choosers[name].colours ? filledIn(spec, name, chosen, data) : spec;
  const wide = fixed.has(name) ? {} : { width: "container", autosize: { type: "fit-x", contains: "padding" } };
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

function filledIn(spec, name, chosen, data) {
  const copy = titled(structuredClone(spec), name, chosen);
  return scaled(coloured(copy, name, chosen, data), name, chosen, data);
}

// Fill the selects from the first to the last; a choice stays where it is still offered.
function refill(place) {
  const name = place.dataset.chooser;
  const chosen = [];
  for (const [index, [, options]] of questions[name](choosers[name].rows).entries()) {
    const select = place.querySelectorAll("select")[index];
    const before = select.value;
    const offered = options(chosen);
    const [title] = questions[name](choosers[name].rows)[index];
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
  for (const _ of questions[name](choosers[name].rows)) {
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
