"use strict";

// The explorer of single neurons. Which neuron is shown stands in the page's address
// (#neuron=1902), so links and the browser's history work.

const FIRST_LABELS = 10; // shown before one asks for all
const FIRST_SENTENCES = 8;
const FURTHER_SENTENCES = 20;
const SVG_NAMES = "http://www.w3.org/2000/svg";
const BAR_SIZE = { width: 10, height: 26 };

const part = (id) => document.getElementById(`explorer-${id}`);

class Explorer {
  constructor(model) {
    this.model = model;
    this.orders = model.orders();
    this.order = this.orders[0];
    this.id = this.order.ids[0] ?? 0;
    this.allLabels = false;
    this.sentences = FIRST_SENTENCES;
    this.#fillOrders();
    this.#listen();
    this.#show();
    this.#follow();
  }

  // Show the neuron of the address and bring the reader there, as a link should.
  #follow() {
    this.own = null;
    const [, asked] = /^#neuron=(\d+)$/.exec(location.hash) ?? [];
    if (asked === undefined) return;
    if (Number(asked) >= this.model.size) {
      part("state").textContent = `There is no neuron ${asked}: ids go from 0 to ${this.model.size - 1}.`;
    } else {
      this.#choose(Number(asked));
    }
    this.#arrive();
  }

  #choose(id) {
    this.id = id;
    this.sentences = FIRST_SENTENCES;
    this.#show();
    part("state").textContent = "";
    part("said").textContent = `Neuron ${id}, ${this.model.where(id)}. ${this.#standing()} ${this.order.title}.`;
  }

  #arrive() {
    document.getElementById("neuron-explorer").scrollIntoView();
    part("name").focus({ preventScroll: true });
  }

  // Show a neuron and say so in the address.
  #go(id, arrive = false) {
    this.#choose(id);
    this.own = `#neuron=${id}`;
    location.hash = this.own;
    if (arrive) this.#arrive();
  }

  #walk(step) {
    const { ids } = this.order;
    const place = ids.indexOf(this.id);
    this.#go(ids[place < 0 ? 0 : (place + step + ids.length) % ids.length]);
  }

  #listen() {
    window.addEventListener("hashchange", () => {
      if (location.hash !== this.own) this.#follow();
    });
    document.addEventListener("click", ({ target }) => { // no event tells of a link to what is there
      if (target.closest?.('a[href^="#neuron="]')?.hash === location.hash) this.#follow();
    });
    part("previous").addEventListener("click", () => this.#walk(-1));
    part("next").addEventListener("click", () => this.#walk(1));
    part("order").addEventListener("change", () => this.#walkBy(this.orders[part("order").value]));
    part("all-labels").addEventListener("click", () => {
      this.allLabels = !this.allLabels;
      this.#showHistograms();
    });
    part("more-sentences").addEventListener("click", () => {
      this.sentences += FURTHER_SENTENCES;
      this.#showSentences();
    });
    part("numbers").addEventListener("change", ({ target }) => {
      part("sentences").classList.toggle("with-values", target.checked);
    });
    document.getElementById("neuron-explorer").addEventListener("keydown", (event) => this.#key(event));
    new NeuronSearch(this.model, (id) => this.#go(id, true));
    new WordReader(part("sentences"), part("tip"));
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input[type=text], select")) return;
    const step = { n: 1, p: -1 }[event.key.toLowerCase()];
    if (!step) return;
    event.preventDefault();
    this.#walk(step);
  }

  #fillOrders() {
    const groups = new Map();
    this.orders.forEach((order, index) => {
      if (!groups.has(order.kind)) {
        groups.set(order.kind, made("optgroup"));
        groups.get(order.kind).label = order.kind;
      }
      groups.get(order.kind).append(new Option(order.title, index));
    });
    part("order").append(...groups.values());
  }

  // A ranking keeps the neuron and says where it stands; a list that lacks it begins at its first.
  #walkBy(order) {
    this.order = order;
    part("order").value = this.orders.indexOf(order);
    if (order.ids.includes(this.id)) this.#showPlace();
    else this.#go(order.ids[0]);
  }

  #standing() {
    const place = this.order.ids.indexOf(this.id);
    return `${place < 0 ? "–" : (place + 1).toLocaleString("en")} of ${this.order.ids.length.toLocaleString("en")}`;
  }

  #showPlace() {
    part("place").textContent = this.#standing();
  }

  #show() {
    const { model, id } = this;
    const { component } = model.neurons[id];
    this.digits = model.digits(id);
    this.peak = model.peak(id);
    const ends = [model.low, model.high].map(({ values }) => written(values[id], this.digits));
    part("name").replaceChildren(`Neuron ${id}`);
    part("where").textContent = `${component} · ${model.where(id)} · from ${ends[0]} to ${ends[1]} on the test words`;
    this.#showPlace();
    this.#showRanks();
    this.#showLabels();
    this.#showWords();
    this.#showHistograms();
    this.#showLegend(ends);
    this.#showSentences();
  }

  #showRanks() {
    const rows = this.model.rankings.map(({ name, ranks, scores }) => {
      const rank = ranks[this.id];
      const of = ranks.filter(Boolean).length;
      const place = made("span", "explorer-rank");
      place.hidden = !rank;
      place.style.setProperty("--share", (rank - 1) / Math.max(1, of - 1));
      place.setAttribute("aria-hidden", "true");
      const text = rank ? `${rank.toLocaleString("en")} of ${of.toLocaleString("en")}` : "–";
      const head = made("th", "", name);
      head.scope = "row";
      return made("tr", "", head, made("td", "", text, place), made("td", "n", scores[this.id]));
    });
    part("ranks").tBodies[0].replaceChildren(...rows);
  }

  #showLabels() {
    const served = this.model.servedBy[this.id];
    const items = served.map(({ label, share }) => {
      const name = this.model.labels[label];
      const way = share < 0 ? "against it where the neuron is high" : "for it where the neuron is high";
      const title = `${shareText(share)} of the probe's weights for ${name}, ${way}`;
      return made("li", "", button(name, () => this.#walkBy(this.#orderOf(label)), title), ` ${shareText(share)}`);
    });
    part("labels").replaceChildren(...(items.length ? items : [made("li", "none", "none at this share of the weights")]));
  }

  #orderOf(label) {
    return this.orders.find((order) => order.label === label);
  }

  #showWords() {
    ["top", "bottom"].forEach((end, index) => {
      const words = this.model.words[this.id][index];
      part(end).hidden = !words.length;
      const items = words.map(([word, mean, text, count]) => {
        const title = `mean ${text} over ${count} ${count === 1 ? "word" : "words"}`;
        const name = button(visible(word), () => this.#search(word), title);
        const value = made("span", "explorer-mean", text.replace("-", "−"));
        tint(value, this.peak ? mean / this.peak : 0);
        return made("li", "", name, value);
      });
      part(end).querySelector("ol").replaceChildren(...items);
    });
  }

  #search(text) {
    part("search").value = text;
    part("search").focus();
    part("search").dispatchEvent(new Event("input"));
  }

  #showHistograms() {
    const { all, rows } = this.model.groupsOf(this.id);
    const served = new Set(this.model.servedBy[this.id].map(({ label }) => label));
    const first = ({ label }) => (label !== null && served.has(label) ? 0 : 1);
    rows.sort((a, b) => first(a) - first(b) || Math.abs(b.mean) - Math.abs(a.mean));
    const shown = this.allLabels ? rows : rows.slice(0, FIRST_LABELS);
    part("histograms").tBodies[0].replaceChildren(
      ...[all, ...shown].map((row) => this.#histogramRow(row, served.has(row.label))),
    );
    const [low, , high] = part("histograms").querySelectorAll(".explorer-axis span");
    low.textContent = written(-this.peak, this.digits);
    high.textContent = written(this.peak, this.digits);
    const toggle = part("all-labels");
    toggle.hidden = rows.length <= FIRST_LABELS;
    toggle.textContent = this.allLabels ? "Fewer labels" : `All ${rows.length} labels`;
    toggle.setAttribute("aria-expanded", String(this.allLabels));
  }

  #histogramRow(row, isServed) {
    const order = row.label === null ? null : this.#orderOf(row.label);
    const title = `Walk through the neurons that serve ${row.name}`;
    const name = order ? button(row.name, () => this.#walkBy(order), title) : row.name;
    const head = made("th", isServed ? "served" : "", name);
    head.scope = "row";
    if (isServed) head.append(made("span", "unseen", " (served)"));
    return made(
      "tr", row.label === null ? "quiet" : "", head,
      made("td", "n", row.words.toLocaleString("en")),
      made("td", "explorer-bins", this.#histogram(row)),
      made("td", "n", written(row.mean, this.digits + 1)),
    );
  }

  #histogram({ name, counts, words }) {
    const drawing = document.createElementNS(SVG_NAMES, "svg");
    const half = counts.length / 2;
    const most = Math.max(1, ...counts);
    const fullest = counts.indexOf(Math.max(...counts));
    const edge = (bin) => written(((bin - half) / half) * this.peak, this.digits);
    drawing.setAttribute("viewBox", `0 0 ${BAR_SIZE.width * counts.length} ${BAR_SIZE.height}`);
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.setAttribute("role", "img");
    const share = ((100 * counts[fullest]) / Math.max(1, words)).toFixed(0);
    drawing.setAttribute("aria-label", `${name}: most words, ${share}%, from ${edge(fullest)} to ${edge(fullest + 1)}`);
    counts.forEach((count, bin) => {
      if (!count) return;
      const height = Math.max(1.5, (BAR_SIZE.height * count) / most);
      const bar = document.createElementNS(SVG_NAMES, "rect");
      const place = { x: BAR_SIZE.width * bin + 0.5, y: BAR_SIZE.height - height, width: BAR_SIZE.width - 1, height };
      for (const [key, value] of Object.entries(place)) bar.setAttribute(key, value);
      tint(bar, (bin + 0.5 - half) / half);
      const tip = document.createElementNS(SVG_NAMES, "title");
      tip.textContent = `${count.toLocaleString("en")} words from ${edge(bin)} to ${edge(bin + 1)}`;
      bar.append(tip);
      drawing.append(bar);
    });
    return drawing;
  }

  #showLegend([low, high]) {
    const peak = written(this.peak, this.digits);
    const [start, , end] = document.querySelectorAll(".explorer-legend > span > span");
    start.textContent = this.peak ? `−${peak}` : "0";
    end.textContent = peak;
    part("scale").textContent =
      `Red is negative and blue positive, on one scale to either side of zero: ${low} to ${high} here. ` +
      "Values are rounded, and known to one unit of the last digit.";
  }

  #showSentences() {
    for (const list of part("sentences").querySelectorAll("[data-passages]")) {
      const kind = list.dataset.passages;
      const passages = this.model.passagesOf(this.id, kind);
      const shown = kind === "shared" ? passages.slice(0, this.sentences) : passages;
      list.replaceChildren(...shown.map((passage) => this.#passage(passage)));
    }
    const left = this.model.shared.length - this.sentences;
    part("more-sentences").hidden = left <= 0;
    part("more-sentences").textContent = `Show ${Math.min(left, FURTHER_SENTENCES)} more sentences`;
  }

  #passage({ passage, codes }) {
    const { words, labels, unknown, sentence, start, more } = passage;
    const strongest = codes.reduce((best, code, place) => (Math.abs(code) > Math.abs(codes[best]) ? place : best), 0);
    const list = made("ol", "words");
    list.dir = "auto";
    list.setAttribute("aria-label", `Sentence ${sentence + 1}, strongest at “${words[strongest]}”: ${this.#value(codes[strongest])}`);
    if (start) list.classList.add("cut-before");
    if (more) list.classList.add("cut-after");
    const isUnknown = new Set(unknown);
    words.forEach((word, place) => {
      const label = this.model.labels[labels[place]] ?? "a label unknown in training";
      const note = isUnknown.has(place) ? ", unknown to the model" : "";
      const value = made("span", "value", ` ${this.#value(codes[place])}`);
      const item = made("li", isUnknown.has(place) ? "word unknown" : "word", made("span", "", visible(word)), value);
      item.append(made("span", "unseen", ` ${label}${note}`));
      item.dataset.tip = `${this.#value(codes[place])} · ${label}${note}`;
      item.tabIndex = place === strongest ? 0 : -1;
      tint(item, codes[place] / STEPS);
      list.append(item);
    });
    const number = made("span", "number", String(sentence + 1));
    number.setAttribute("aria-hidden", "true");
    return made("li", "", number, list);
  }

  #value(code) {
    return written((code * this.peak) / STEPS, this.digits);
  }
}

async function openExplorer() {
  const state = document.getElementById("explorer-state");
  if (!("DecompressionStream" in window)) {
    state.textContent = "The explorer needs a browser of 2023 or later.";
    return;
  }
  state.textContent = "Unpacking the neurons …";
  const model = await NeuronModel.unpack(JSON.parse(document.getElementById("explorer-data").textContent));
  state.textContent = "";
  document.getElementById("explorer-body").hidden = false;
  new Explorer(model);
}
openExplorer();
