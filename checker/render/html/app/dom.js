// Making elements.  Text only ever becomes text: nothing from a model is read as markup.
"use strict";

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) made.append(child);
  }
  return made;
}

function fill(id, ...children) {
  const place = document.getElementById(id);
  place.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return place;
}

// A table of rows of cells; a cell is text, an element, or {number: text}.
function table(heads, rows, attributes = {}) {
  const cell = (tag, content) =>
    content !== null && typeof content === "object" && "number" in content
      ? el(tag, { class: "number" }, content.number)
      : el(tag, {}, content);
  return el(
    "div",
    { class: "scroll" },
    el(
      "table",
      attributes,
      el("thead", {}, el("tr", {}, heads.map((head) => (typeof head === "string" ? el("th", { scope: "col" }, head) : el("th", { scope: "col", class: "number" }, head.number))))),
      el("tbody", {}, rows.map((row) => (row instanceof Node ? row : el("tr", {}, row.map((content) => cell("td", content)))))),
    ),
  );
}

function percent(share) {
  if (share === null || share === undefined) return "not known";
  if (share === 1) return "100 %";
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}

function count(number, unit = "") {
  if (number === null || number === undefined) return "not known";
  for (const [size, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(number) >= size) return `${(number / size).toPrecision(3)} ${letter}${unit}`;
  }
  return unit ? `${number} ${unit}` : String(number);
}

function bytes(number) {
  if (number === null || number === undefined) return "not known";
  for (const [size, unit] of [[1024 ** 3, "GiB"], [1024 ** 2, "MiB"], [1024, "KiB"]]) {
    if (number >= size) return `${(number / size).toPrecision(3)} ${unit}`;
  }
  return `${number} B`;
}

// The first names of a list, and the rest when asked for.
function names(list, limit = 6) {
  if (list.length <= limit) return el("span", { class: "names" }, list.join(", "));
  return el(
    "details",
    { class: "names" },
    el("summary", {}, `${list.slice(0, 3).join(", ")} and ${list.length - 3} more`),
    list.join(", "),
  );
}

const WORDS = { READY: "ready", READY_WITH_FALLBACK: "ready with fallback", NEEDS_CHANGES: "needs changes", BLOCKED: "blocked", UNKNOWN: "unknown" };

function badge(answer) {
  return el("span", { class: `badge ${answer.toLowerCase()}` }, WORDS[answer] || answer);
}
