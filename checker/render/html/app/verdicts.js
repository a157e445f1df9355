// The verdict of each target, and why.
"use strict";

function showVerdicts(choose) {
  const { targets } = current().report;
  const rows = targets.map((each, index) =>
    el(
      "tr",
      { class: index === chosen.target ? "chosen" : null },
      el("td", {}, el("label", {}, el("input", { type: "radio", name: "target", value: index, checked: index === chosen.target, onchange: () => choose(index) }), ` ${each.id}`)),
      el("td", {}, badge(each.answer)),
      el("td", {}, each.precision),
      el("td", { class: "number" }, percent(each.macs_on_accelerator)),
      el("td", { class: "number" }, String(each.segments)),
      el("td", { class: "number" }, bytes(each.transfer_bytes)),
      el("td", {}, bar(each.counts)),
      el("td", {}, each.grade || "none"),
    ),
  );
  fill(
    "verdict-table",
    targets.length
      ? table(["target", "verdict", "precision", { number: "MACs on accelerator" }, { number: "segments" }, { number: "bytes that cross" }, "compute nodes", "evidence"], rows, { class: "verdicts" })
      : el("p", {}, "No target was asked for."),
    el("p", { class: "quiet" }, "Choose a target to see its reasons and its placement in the network below."),
  );
}

function bar(counts) {
  const shown = STATUSES.filter((status) => status !== "folded" && counts[status]).reverse();
  const words = shown.map((status) => `${counts[status]} ${status}`).join(", ") || "none";
  return el(
    "div",
    { class: "bar", role: "img", "aria-label": words, title: words },
    shown.map((status) => el("span", { class: `part ${status}`, style: `flex-grow:${counts[status]}` })),
  );
}

function showReasons() {
  const where = target();
  if (!where) return void fill("reason-list", el("p", {}, "No target was asked for."));
  const cures = where.changes.map((change) =>
    el(
      "li",
      {},
      change.what,
      change.answer ? [" → ", badge(change.answer)] : " (a setting of the toolchain; not tried here)",
      change.macs_on_accelerator !== null && change.answer ? ` ${percent(change.macs_on_accelerator)} of the MACs on the accelerator, ${change.segments} segments` : null,
      change.cost ? el("span", { class: "quiet" }, ` costs: ${change.cost}`) : null,
    ),
  );
  fill(
    "reason-list",
    el("p", {}, el("strong", {}, where.id), ` with ${where.toolchain}, ${where.precision}: `, badge(where.answer)),
    where.reasons.length
      ? table(
          ["layer", "becomes", "needs", "here", "evidence"],
          where.reasons.map((reason) => [
            el("div", {}, el("strong", {}, reason.op || "the file"), reason.nodes.length ? ` × ${reason.nodes.length}` : "", el("div", { class: "quiet" }, names(reason.nodes))),
            reason.status,
            reason.constraint ? el("code", {}, reason.constraint) : "",
            el("div", {}, reason.here, reason.change ? el("div", { class: "cure" }, `Change: ${reason.change}`) : null),
            reason.source ? el("details", {}, el("summary", {}, reason.grade || "source"), reason.source) : "",
          ]),
          { class: "reasons" },
        )
      : el("p", {}, "Every compute node runs on the accelerator."),
    cures.length ? [el("h3", {}, "What would better the verdict"), el("ul", {}, cures)] : null,
  );
}
