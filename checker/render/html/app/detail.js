// What is known of the box that is chosen in the network.
"use strict";

function showDetail(box, found, act) {
  const place = document.getElementById("detail");
  if (!box) {
    place.replaceChildren(el("p", { class: "quiet" }, "Click a box, or press an arrow key in the graph, to see what it is and why it runs where it runs."));
    return;
  }
  place.replaceChildren(...(box.fold === null ? aboutNode(box.node, found) : aboutFold(box, found)), ...(box.around.length || box.fold !== null ? [buttons(box, act)] : []));
}

function buttons(box, act) {
  const around = box.around.length ? current().drawing.folds[box.around[box.around.length - 1]] : null;
  return el(
    "p",
    {},
    box.fold === null ? null : el("button", { type: "button", onclick: () => act.unfold(box.fold) }, "Unfold"),
    around ? el("button", { type: "button", onclick: () => act.fold(box.around[box.around.length - 1]) }, `Fold ${around.kind}`) : null,
  );
}

function aboutFold(box, found) {
  const fold = current().drawing.folds[box.fold];
  const inside = box.members.map((index) => found[index]).filter(Boolean);
  const entries = [...new Set(inside.map((each) => each.entry))];
  return [
    el("h3", {}, fold.kind),
    el("p", { class: "quiet" }, `${box.members.length} nodes in the file${fold.variant ? `; ${fold.variant}` : ""}${fold.scope ? `; ${fold.scope}` : ""}`),
    placementsOf(entries),
    reasonsOf([...new Set(inside.flatMap((each) => each.reasons))]),
    names(box.members.map((index) => current().drawing.nodes[index].name)),
  ];
}

function aboutNode(index, found) {
  const node = current().drawing.nodes[index];
  const cut = current().drawing.targets[chosen.target];
  const list = (title, tensors) =>
    tensors.length
      ? [el("h4", {}, title), el("ul", {}, tensors.map((each) => el("li", {}, each.arg ? el("code", {}, each.arg) : null, ` ${each.dtype} ${each.shape} `, el("span", { class: "quiet" }, each.name, each.constant ? " (constant)" : ""))))]
      : [];
  const attributes = Object.entries(node.attributes);
  return [
    el("h3", {}, node.op),
    el("p", { class: "quiet" }, node.name, node.scope && node.scope !== node.name ? ` in ${node.scope}` : ""),
    found[index] ? placementsOf([found[index].entry]) : null,
    found[index] ? reasonsOf(found[index].reasons) : null,
    cut && cut.segment[index] !== null ? el("p", {}, `Segment ${cut.segment[index] + 1}, on the ${cut.device[index]}.`) : null,
    node.macs ? el("p", {}, `${count(node.macs)} MACs.`) : null,
    ...list("Inputs", node.inputs),
    ...list("Outputs", node.outputs),
    ...(attributes.length ? [el("h4", {}, "Attributes"), el("ul", {}, attributes.map(([name, value]) => el("li", {}, el("code", {}, name), ` ${value}`)))] : []),
  ].filter(Boolean);
}

function placementsOf(entries) {
  return el(
    "ul",
    { class: "plain" },
    entries.map((entry) =>
      el(
        "li",
        {},
        el("span", { class: `chip ${entry.status}` }, `${SIGNS[entry.status]} ${entry.status}`),
        ` ${entry.op}`,
        entry.into.length ? ` as ${entry.into.join(", ")}` : "",
        entry.covers.length > 1 ? `, ${entry.covers.length} nodes as one` : "",
        entry.row ? el("div", { class: "quiet" }, `row: ${entry.row}${entry.grade ? ` (${entry.grade})` : ""}`) : null,
      ),
    ),
  );
}

function reasonsOf(reasons) {
  if (!reasons.length) return null;
  return el(
    "ul",
    {},
    reasons.map((reason) =>
      el(
        "li",
        {},
        reason.constraint ? ["needs ", el("code", {}, reason.constraint), "; here "] : null,
        reason.here,
        reason.note ? el("div", {}, reason.note) : null,
        reason.listed ? el("div", {}, `${reason.listed}; the compiler's answer decides.`) : null,
        reason.source ? el("details", { class: "quiet" }, el("summary", {}, `source${reason.grade ? ` (${reason.grade})` : ""}`), reason.source) : null,
        reason.change ? el("div", { class: "cure" }, `Change: ${reason.change}`) : null,
      ),
    ),
  );
}
