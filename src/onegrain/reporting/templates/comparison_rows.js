"use strict";

// The rows of every run, averaged over those that the filter leaves: the page's own arithmetic,
// the same as that of the figures for a paper.
const { choosers, runs, student } = JSON.parse(document.getElementById("charts").textContent);

const RANKING = "ranking";
const REACH = 0.5; // of the range of the lines, how far a band is drawn beyond them

const unique = (rows, field) => [...new Set(rows.map((row) => row[field]))];

const together = (...names) => JSON.stringify(names);

function grouped(rows, key) {
  const groups = new Map();
  for (const row of rows) {
    const name = key(row);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(row);
  }
  return [...groups.values()];
}

// The mean of one point over runs; the interval is Student's, of a single run its own.
function averaged(rows) {
  const values = rows.map((row) => row.value).filter((value) => value !== null);
  const value = values.length ? values.reduce((sum, each) => sum + each, 0) / values.length : null;
  const mean = { ...rows[0], value, runs: rows.length };
  if (rows.length === 1) return mean;
  const squares = values.reduce((sum, each) => sum + (each - value) ** 2, 0);
  const spread = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null;
  const half = (student[rows.length - 2] * spread) / Math.sqrt(rows.length);
  const known = spread !== null;
  return { ...mean, low: known ? value - half : null, high: known ? value + half : null };
}

function overRuns(rows, ...by) {
  return grouped(rows, (row) => together(...by.map((name) => row[name]))).map(averaged);
}

// Groups in the order of their colours, which is that of numbers where they are numbers.
function inOrder(rows, colours) {
  const place = new Map(colours.map(([group], index) => [group, index]));
  return rows.sort((one, other) => place.get(one.group) - place.get(other.group));
}

// What is held fixed: one ranking, or one group of runs where colours stand for rankings.
function heldBy(line, key) {
  return key === RANKING ? runs[line.run].label : line.ranking;
}

function groupOf(line, key) {
  if (key !== RANKING) return runs[line.run].groups[key];
  return line.order === "random" ? "random" : line.ranking;
}

// Random orders are the same for all rankings, and count once.
function drawnOnce(lines, key) {
  const parts = (line) => together(line.run, groupOf(line, key), line.order, line.at);
  return key === RANKING ? grouped(lines, parts).map(([first]) => first) : lines;
}

function curveRows(lines, key) {
  const { shares } = choosers.curves.rows;
  const points = drawnOnce(lines, key).flatMap((line) =>
    shares[line.at].map((fraction, place) => ({
      group: groupOf(line, key),
      order: line.order,
      share: line.share,
      fraction,
      value: line.value[place],
      low: line.low[place],
      high: line.high[place],
    })),
  );
  return cutOff(overRuns(points, "group", "order", "fraction"));
}

// The interval as far as it is drawn: that of two seeds is often wider than the whole chart.
function cutOff(rows) {
  const values = rows.map((row) => row.value).filter((value) => value !== null);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const reach = REACH * Math.max(most - least, 0.05 * Math.abs(most));
  const floor = least <= 0 ? least - reach : Math.max(least - reach, least / 2);
  const ceiling = Math.max(most, rows[0]?.share ? Math.min(most + reach, 1) : most + reach);
  return rows.map((row) => ({
    ...row,
    lower: row.low === null ? null : Math.min(Math.max(row.low, floor), row.value),
    upper: row.high === null ? null : Math.max(Math.min(row.high, ceiling), row.value),
  }));
}

// Where a metric has rankings, they are the groups; the values of a setting add to their names.
function trendGroup(ranking, run, key) {
  if (!key) return ranking || "all";
  const value = runs[run].groups[key];
  return ranking ? `${ranking} · ${value}` : value;
}

function trendRows(series, x, key) {
  const points = each(series).map(({ ranking, run, value }) => ({
    group: trendGroup(ranking, run, key),
    x: Number(runs[run].groups[x]),
    value,
    low: null,
    high: null,
  }));
  return overRuns(points, "group", "x");
}

function distributionRows(series, key) {
  const points = each(series).map(({ block, run, value }) => ({
    group: runs[run].groups[key],
    block,
    value,
    low: null,
    high: null,
  }));
  return overRuns(points, "block", "group");
}

// One row for each run of a series.
function each(series) {
  return series.flatMap(({ run, value, ...about }) =>
    run.map((number, place) => ({ ...about, run: number, value: value[place] })),
  );
}

// The lines and series of some runs.
function linesOf(shown) {
  return choosers.curves.rows.lines.filter((line) => shown.has(line.run));
}

function seriesOf(name, shown) {
  return choosers[name].rows
    .map((series) => {
      const places = [...series.run.keys()].filter((place) => shown.has(series.run[place]));
      const [run, value] = [series.run, series.value].map((all) => places.map((at) => all[at]));
      return { ...series, run, value };
    })
    .filter((series) => series.run.length);
}
