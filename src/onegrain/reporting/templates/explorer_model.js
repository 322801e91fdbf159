"use strict";

// The neurons of the explorer: unpacking them, naming them, putting them in order, finding them.
// The chart library's names of up to three letters are global, so those of the explorer are longer.

const NUMBER_ARRAYS = {
  int8: Int8Array, uint8: Uint8Array, uint16: Uint16Array,
  int32: Int32Array, uint32: Uint32Array, float32: Float32Array,
};
const STEPS = 127; // of the quantised scale, on either side of zero
const FOUND_AT_MOST = 100; // neurons listed for each way to find them

async function unzipped(text) {
  const plain = atob(text);
  const bytes = new Uint8Array(plain.length);
  for (let place = 0; place < plain.length; place += 1) bytes[place] = plain.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

function decimalsFor(step) {
  return step > 0 ? Math.min(6, Math.max(0, Math.floor(-Math.log10(step)))) : 0;
}

function written(value, decimals) {
  const text = value.toFixed(decimals);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

class NeuronModel {
  #words = null; // word -> the neurons that have it among their top or bottom words

  static async unpack({ text, numbers }) {
    const document = JSON.parse(new TextDecoder().decode(await unzipped(text)));
    const arrays = {};
    for (const [name, { type, shape, data }] of Object.entries(numbers)) {
      arrays[name] = { values: new NUMBER_ARRAYS[type](await unzipped(data)), shape };
    }
    return new NeuronModel(document, arrays);
  }

  constructor(document, arrays) {
    Object.assign(this, document, arrays);
    this.size = this.low.values.length;
    this.neurons = [];
    for (const block of this.blocks) {
      for (let unit = 0; unit < block.width; unit += 1) {
        this.neurons.push({ id: this.neurons.length, unit, ...block });
      }
    }
    this.servedBy = this.neurons.map(() => []);
    this.served.forEach((pairs, label) => {
      for (const [id, share] of pairs) this.servedBy[id].push({ label, share });
    });
    for (const labels of this.servedBy) labels.sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
    this.ownStarts = this.#starts();
  }

  // Where each neuron's own codes begin.
  #starts() {
    const starts = [0];
    for (let id = 0; id < this.size; id += 1) {
      const own = [...this.#row(this.highest, id), ...this.#row(this.lowest, id)];
      starts.push(own.reduce((sum, place) => sum + this.passages[place].words.length, starts[id]));
    }
    return starts;
  }

  #row({ values, shape }, id) {
    const width = shape.slice(1).reduce((product, size) => product * size, 1);
    return values.subarray(id * width, (id + 1) * width);
  }

  where(id) {
    const { direction, layer, unit } = this.neurons[id];
    return `${direction} layer ${layer}, unit ${unit}`.trim();
  }

  peak(id) {
    return Math.max(Math.abs(this.low.values[id]), Math.abs(this.high.values[id]));
  }

  // An activation is known to one unit of the last digit that is shown.
  digits(id) {
    return decimalsFor(this.peak(id) / STEPS);
  }

  // The passages of one kind with the neuron's codes, -127 to 127, on their words.
  passagesOf(id, kind) {
    const highest = [...this.#row(this.highest, id)];
    const lowest = [...this.#row(this.lowest, id)];
    if (kind === "shared") return this.#withCodes(this.shared, this.#row(this.shared_codes, id));
    const own = this.own_codes.values.subarray(this.ownStarts[id], this.ownStarts[id + 1]);
    const all = this.#withCodes([...highest, ...lowest], own);
    return kind === "highest" ? all.slice(0, highest.length) : all.slice(highest.length);
  }

  #withCodes(places, codes) {
    let first = 0;
    return places.map((place) => {
      const passage = this.passages[place];
      const mine = codes.subarray(first, first + passage.words.length);
      first += passage.words.length;
      return { passage, codes: mine };
    });
  }

  // For each group of words its name, size, mean and histogram, and for all words together.
  groupsOf(id) {
    const groups = this.groupWords.length;
    const bins = this.histograms.shape[2];
    const counts = this.#row(this.histograms, id);
    const means = this.#row(this.means, id);
    const words = this.groupWords.reduce((sum, count) => sum + count, 0);
    const all = { name: "all words", label: null, words, mean: 0, counts: new Array(bins).fill(0) };
    const rows = [];
    for (let group = 0; group < groups; group += 1) {
      const isLabel = group < groups - 1;
      const row = {
        name: isLabel ? this.labels[group] : "other words",
        label: isLabel ? group : null,
        words: this.groupWords[group],
        mean: means[group],
        counts: [...counts.subarray(group * bins, (group + 1) * bins)],
      };
      row.counts.forEach((count, bin) => { all.counts[bin] += count; });
      all.mean += (row.mean * row.words) / Math.max(words, 1);
      if (row.words) rows.push(row);
    }
    return { all, rows };
  }

  // The orders in which neurons can be walked through: by id, by rank, by share of a label.
  orders() {
    const everyone = this.neurons.map(({ id }) => id);
    const ranked = this.rankings.map(({ name, ranks }) => ({
      title: `by rank in ${name}`,
      kind: "Rankings",
      ids: everyone.filter((id) => ranks[id]).sort((a, b) => ranks[a] - ranks[b]),
    }));
    const serving = this.labels.map((name, label) => ({
      title: `serving ${name}`,
      kind: "Labels, by share of the probe's weights",
      label,
      ids: this.served[label].map(([id]) => id),
    }));
    const byId = { title: "by id", kind: "Rankings", ids: everyone };
    return [...ranked, byId, ...serving.filter(({ ids }) => ids.length)];
  }

  // Groups of neurons that a query names: by id, by place, by label, by word.
  find(query) {
    const wanted = query.trim().toLowerCase();
    if (!wanted) return [];
    const groups = [this.#byId(wanted), this.#byPlace(wanted), ...this.#byLabel(wanted), ...this.#byWord(wanted)];
    return groups.filter(({ found }) => found.length).map(({ title, found }) => ({
      title: found.length > FOUND_AT_MOST ? `${title}: the first ${FOUND_AT_MOST} of ${found.length}` : title,
      found: found.slice(0, FOUND_AT_MOST),
    }));
  }

  #byId(wanted) {
    const number = /^#?(\d+)$/.exec(wanted);
    const neuron = number && this.neurons[Number(number[1])];
    return { title: "Neuron", found: neuron ? [{ id: neuron.id, why: "" }] : [] };
  }

  #byPlace(wanted) {
    const asked = {};
    const rest = wanted.replace(/\b(l(?:ayer)?|u(?:nit)?)\s*(\d+)\b/g, (_, part, number) => {
      asked[part[0] === "l" ? "layer" : "unit"] = Number(number);
      return " ";
    });
    for (const word of rest.split(/[\s,]+/).filter(Boolean)) {
      const part = ["direction", "component"].find((name) => this.blocks.some((block) => block[name] === word));
      if (!part) return { title: "", found: [] };
      asked[part] = word;
    }
    const parts = Object.entries(asked);
    const fits = (neuron) => parts.length && parts.every(([part, value]) => neuron[part] === value);
    return { title: "Neurons there", found: this.neurons.filter(fits).map(({ id }) => ({ id, why: "" })) };
  }

  #byLabel(wanted) {
    return this.#matching(this.labels.map((name, label) => [name, label]), wanted).map(([name, label]) => ({
      title: `Serving ${name}`,
      found: this.served[label].map(([id, share]) => ({ id, why: shareText(share) })),
    }));
  }

  #byWord(wanted) {
    const known = this.#wordIndex();
    return this.#matching([...known], wanted).slice(0, 20).map(([word, places]) => ({
      title: `With “${word}” among their top or bottom words`,
      found: places,
    }));
  }

  // Exact matches first, then those that begin so.
  #matching(named, wanted) {
    const exact = named.filter(([name]) => name.toLowerCase() === wanted);
    const begun = named.filter(([name]) => name.toLowerCase() !== wanted && name.toLowerCase().startsWith(wanted));
    return [...exact, ...begun];
  }

  #wordIndex() {
    if (this.#words) return this.#words;
    const index = new Map();
    this.words.forEach((ends, id) => ends.forEach((list, end) => list.forEach(([word, , mean], place) => {
      if (!index.has(word)) index.set(word, []);
      index.get(word).push({ id, place, why: `${end ? "bottom" : "top"} ${place + 1}, ${mean.replace("-", "−")}` });
    })));
    for (const places of index.values()) places.sort((a, b) => a.place - b.place);
    this.#words = index;
    return index;
  }
}

function shareText(share) {
  return `${share < 0 ? "−" : "+"}${(100 * Math.abs(share)).toPrecision(2)}%`;
}
