// What one inference costs, what takes part in it, and a floor under what it takes on each target.
"use strict";

function showCost() {
  const { cost, targets } = current().report;
  const least = cost.complete ? "" : "at least ";
  const { memory, growth } = cost;
  const rows = [
    ["MACs (multiply-accumulates)", least + count(cost.macs)],
    ["element-wise operations", least + count(cost.elementwise_ops)],
    ["parameters", count(cost.parameters)],
    ["weights in fp32, fp16, int8", [cost.weight_bytes.fp32, cost.weight_bytes.fp16, cost.weight_bytes.int8].map(bytes).join(", ")],
    ["weights as stored", bytes(cost.weight_bytes.stored)],
    cost.bytes_moved ? ["bytes moved: activations read, written; weights", [cost.bytes_moved.read, cost.bytes_moved.written, cost.bytes_moved.weights].map(bytes).join(", ")] : null,
    cost.arithmetic_intensity ? ["MACs per byte moved", cost.arithmetic_intensity.toPrecision(3)] : null,
    ["peak activation memory, in file order", bytes(cost.peak_activation_bytes)],
    memory && memory.in_place !== null ? ["... with element-wise work in place", bytes(memory.in_place)] : null,
    memory && memory.best_order_in_place !== null ? ["... and in the best order that was found", bytes(memory.best_order_in_place)] : null,
    memory && memory.at ? ["the peak is at", memory.at] : null,
    growth.macs !== null ? [`MACs grow with ${growth.per || "pixels"} to the power of`, growth.macs.toFixed(2)] : null,
    growth.peak_activation_bytes !== null ? ["peak activation memory grows to the power of", growth.peak_activation_bytes.toFixed(2)] : null,
  ].filter(Boolean);
  fill(
    "cost-body",
    table(["", { number: "" }], rows.map(([name, value]) => [name, { number: value }])),
    el("p", { class: "quiet" }, cost.missing && cost.missing.length ? "Lower bounds: some shapes are not known." : null),
    kindFigure(cost),
    growthFigure(cost),
    sizes(cost),
    floors(targets),
  );
  drawCharts(cost);
}

function kindFigure({ kinds }) {
  if (!kinds || !kinds.length) return null;
  const words = kinds.map((each) => `${each.kind} ${percent(each.macs_share)} of the MACs, ${percent(each.bytes_share)} of the bytes`).join("; ");
  return el(
    "figure",
    {},
    el("figcaption", {}, "Share of the MACs, and of the bytes moved, by kind of work"),
    el("div", { class: "chart", style: `height:${80 + 34 * kinds.length}px` }, el("canvas", { id: "kinds", role: "img", "aria-label": words })),
  );
}

function growthFigure({ growth }) {
  if (growth.points.length < 2) return null;
  const parts = Object.entries(growth.macs_by_kind).map(([kind, power]) => `${kind} ${power.toFixed(1)}`).join(", ");
  const what = growth.of === "export" ? "The file itself does not take other sizes: these are the figures of the same network exported at them." : "";
  const words = growth.points.map((point) => `${point.size.join("x")}: ${count(point.macs)} MACs, ${bytes(point.peak_activation_bytes)}`).join("; ");
  return el(
    "figure",
    {},
    el("figcaption", {}, `Growth with ${growth.per || "pixels"}`),
    el("div", { class: "chart", style: "height:300px" }, el("canvas", { id: "growth", role: "img", "aria-label": words })),
    el("p", { class: "quiet" }, parts ? `MACs grow with the power of: ${parts}. ` : "", what),
  );
}

// Which sizes the file takes, and what pins it.
function sizes({ resolution, pinned_resolution }) {
  if (!resolution) return pinned_resolution ? el("p", {}, pinned_resolution) : null;
  const list = (all) => all.map((size) => size.join("x")).join(", ");
  return el(
    "div",
    {},
    el("h3", {}, "Other sizes of the input"),
    resolution.pin
      ? el("p", {}, el("strong", {}, resolution.pin.op), resolution.pin.node ? ` (${resolution.pin.node})` : "", ` ties the file to ${resolution.size.join("x")}: ${resolution.pin.message}`)
      : el("p", {}, resolution.step === 1 ? "Any size is taken." : resolution.step ? `Multiples of ${resolution.step} are taken.` : ""),
    el("p", { class: "quiet" }, resolution.takes.length ? `taken: ${list(resolution.takes)}. ` : "", resolution.refuses.length ? `not taken: ${list(resolution.refuses)}.` : ""),
  );
}

function floors(targets) {
  const known = targets.filter((each) => (each.floor && each.floor.latency_ms !== null) || (each.fit && (each.fit.on_chip !== null || each.fit.ram !== null)));
  if (!known.length) return null;
  const fits = (yes) => (yes === null || yes === undefined ? "not known" : yes ? "fits" : "does not fit");
  return el(
    "div",
    {},
    el("h3", {}, "A floor, not a promise"),
    el("p", { class: "quiet" }, "No inference can take less time than its MACs at the vendor's stated peak, or its bytes at the stated bandwidth."),
    table(
      ["target", { number: "at least" }, "on-chip memory", "RAM"],
      known.map((each) => [each.id, { number: each.floor && each.floor.latency_ms !== null ? `${each.floor.latency_ms} ms` : "not known" }, each.fit ? fits(each.fit.on_chip) : "not known", each.fit ? fits(each.fit.ram) : "not known"]),
    ),
  );
}
