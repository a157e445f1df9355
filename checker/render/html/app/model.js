// What the page knows: the data, what is chosen, and joins by name.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
DATA.forEach(unpack);
const chosen = { model: 0, target: 0 };

// The graver first where nodes of different status lie in one folded layer.
const STATUSES = ["unsupported", "unknown", "fallback", "decomposed", "native", "folded"];
const SIGNS = { unsupported: "✕", unknown: "?", fallback: "↓", decomposed: "∴", native: "✓", folded: "·" };

// Undo what the page's writer packed: positions become names again.
function unpack(model) {
  const { nodes } = model.drawing;
  const name = (at) => (typeof at === "number" ? nodes[at].name : at);
  for (const each of model.report.targets) {
    each.nodes = each.nodes.map(([kind, at, covers]) => {
      const [op, status, grade, row, into] = model.entries[kind];
      return { name: name(at), op, status, grade, row, into, covers: (covers || [at]).map(name) };
    });
    each.reasons.forEach((reason) => (reason.nodes = reason.nodes.map(name)));
  }
  for (const each of [...model.report.findings, ...model.report.composites]) each.nodes = each.nodes.map(name);
  for (const cut of model.drawing.targets) {
    const hosts = new Set(cut.hosts);
    cut.device = cut.segment.map((at) => (at === null ? "" : hosts.has(at) ? "host" : "accelerator"));
  }
}

function current() {
  return DATA[chosen.model];
}

function target() {
  return current().report.targets[chosen.target] || null;
}

// What became of every node on the chosen target: {status, entry, reasons} by position in the drawing.
function placements(model, where) {
  const { nodes } = model.drawing;
  const found = nodes.map(() => null);
  if (!where) return found;
  const byName = new Map(nodes.map((node, index) => [node.name, index]));
  const reasons = new Map();
  where.reasons.forEach((reason) => {
    for (const name of reason.nodes) {
      if (!reasons.has(name)) reasons.set(name, []);
      reasons.get(name).push(reason);
    }
  });
  for (const entry of where.nodes) {
    const about = [...new Set([entry.name, ...entry.covers].flatMap((name) => reasons.get(name) || []))];
    for (const name of entry.covers) {
      const index = byName.get(name);
      if (index !== undefined && nodes[index].op !== "input" && nodes[index].op !== "output") {
        found[index] = { status: entry.status, entry, reasons: about };
      }
    }
  }
  return found;
}

function worst(statuses) {
  return STATUSES.find((status) => statuses.includes(status)) || null;
}
