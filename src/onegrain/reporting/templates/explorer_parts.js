"use strict";

// What the explorer is made of: elements, colours, the search box and the words one can walk along.
// Words from corpora become the text of elements and nothing else.

function made(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content);
  return element;
}

function button(text, act, title) {
  const element = made("button", "", text);
  element.type = "button";
  if (title) element.title = title;
  element.addEventListener("click", act);
  return element;
}

// A word, or the code points of one that nobody can see.
function visible(word) {
  if (!/^[\p{C}\p{Z}\p{M}]*$/u.test(word)) return word;
  return [...word].map((one) => `U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`).join(" ");
}

// Red below zero, the paper at zero, blue above; the neuron's largest absolute value is full colour.
function tint(element, share) {
  element.classList.add(share < 0 ? "negative" : "positive");
  element.style.setProperty("--strength", `${(100 * Math.min(1, Math.abs(share))).toFixed(1)}%`);
}

// A box that lists the neurons its text names; the pattern is that of the ARIA guide's combobox.
class NeuronSearch {
  constructor(model, choose) {
    this.model = model;
    this.choose = choose;
    this.box = document.getElementById("explorer-search");
    this.list = document.getElementById("explorer-found");
    this.options = [];
    this.active = -1;
    this.box.addEventListener("input", () => this.#find());
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.box.addEventListener("blur", () => this.#close());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the focus
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#take(option);
    });
  }

  #find() {
    const groups = this.model.find(this.box.value);
    this.options = [];
    this.list.replaceChildren(...groups.map((group, index) => this.#group(group, index)));
    const nothing = this.box.value.trim() && !groups.length;
    if (nothing) this.list.append(made("li", "none", "No neuron by this id, place, label or word"));
    this.list.hidden = !groups.length && !nothing;
    this.list.scrollTop = 0;
    this.box.setAttribute("aria-expanded", String(!this.list.hidden));
    this.#activate(groups.length ? 0 : -1);
  }

  #group({ title, found }, index) {
    const heading = made("span", "explorer-group", title);
    heading.id = `explorer-group-${index}`;
    const options = made("ul", "", ...found.map((one) => this.#option(one)));
    options.setAttribute("role", "group");
    options.setAttribute("aria-labelledby", heading.id);
    const item = made("li", "", heading, options);
    item.setAttribute("role", "presentation");
    return item;
  }

  #option({ id, why }) {
    const option = made("li", "", made("b", "", `#${id}`), ` ${this.model.where(id)} `, made("span", "", why));
    option.setAttribute("role", "option");
    option.id = `explorer-option-${this.options.length}`;
    option.dataset.neuron = id;
    this.options.push(option);
    return option;
  }

  #key(event) {
    const last = this.options.length - 1;
    if (event.key === "Escape") {
      if (this.list.hidden) this.box.value = "";
      this.#close();
    } else if (event.key === "Enter" && !this.list.hidden && this.active >= 0) {
      this.#take(this.options[this.active]);
    } else if (event.key === "ArrowDown" && this.list.hidden) {
      this.#find();
    } else if (event.key === "ArrowDown") {
      this.#moveTo(this.active >= last ? 0 : this.active + 1);
    } else if (event.key === "ArrowUp") {
      this.#moveTo(this.active <= 0 ? last : this.active - 1);
    } else {
      return;
    }
    event.preventDefault();
  }

  #moveTo(place) {
    this.#activate(place);
    this.options[place]?.scrollIntoView({ block: "nearest" });
  }

  #activate(place) {
    this.options[this.active]?.removeAttribute("aria-selected");
    this.active = place;
    const option = this.options[place];
    if (!option) {
      this.box.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    this.box.setAttribute("aria-activedescendant", option.id);
  }

  #take(option) {
    this.#close();
    this.choose(Number(option.dataset.neuron));
  }

  #close() {
    this.list.hidden = true;
    this.options = [];
    this.#activate(-1);
    this.box.setAttribute("aria-expanded", "false");
  }
}

// Words that say their value under the pointer and in focus. Each sentence is one stop of the Tab
// key; arrow keys go from word to word, against the text's direction in right-to-left sentences.
class WordReader {
  constructor(place, tip) {
    this.tip = tip;
    place.addEventListener("pointerover", ({ target }) => this.#say(target.closest(".word")));
    place.addEventListener("pointerleave", () => this.#say(null));
    place.addEventListener("focusin", ({ target }) => this.#say(target.closest(".word")));
    place.addEventListener("focusout", () => this.#say(null));
    place.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("scroll", () => this.#say(null), { passive: true });
  }

  #say(word) {
    this.tip.hidden = !word;
    if (!word) return;
    this.tip.textContent = word.dataset.tip;
    const { left, width, top, bottom } = word.getBoundingClientRect();
    const room = document.documentElement.clientWidth - this.tip.offsetWidth - 8;
    const middle = left + width / 2 - this.tip.offsetWidth / 2;
    const above = top - this.tip.offsetHeight - 6;
    this.tip.style.left = `${Math.max(8, Math.min(room, middle))}px`;
    this.tip.style.top = `${above > 0 ? above : bottom + 6}px`;
  }

  #key(event) {
    const word = event.target.closest(".word");
    if (!word) return;
    const words = [...word.parentElement.children];
    const forward = getComputedStyle(word.parentElement).direction === "rtl" ? -1 : 1;
    const here = words.indexOf(word);
    const next = {
      ArrowRight: here + forward, ArrowLeft: here - forward, Home: 0, End: words.length - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    if (!words[next]) return;
    word.tabIndex = -1;
    words[next].tabIndex = 0;
    words[next].focus();
  }
}
