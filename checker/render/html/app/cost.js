// What one inference costs, with charts.
"use strict";

const charts = [];

function showCost() {
  charts.splice(0).forEach((chart) => chart.destroy());
  const { cost } = current().report;
  const least = cost.complete ? "" : "at least ";
  const kinds = Object.entries(cost.macs_by_kind);
  fill(
    "cost-body",
    table(
      ["", { number: "value" }],
      [
        ["MACs", { number: least + count(cost.macs) }],
        ["parameters", { number: count(cost.parameters) }],
        ["weights in fp32, fp16, int8", { number: [cost.weight_bytes.fp32, cost.weight_bytes.fp16, cost.weight_bytes.int8].map(bytes).join(", ") }],
        ["weights as stored", { number: bytes(cost.weight_bytes.stored) }],
        ["peak activation memory", { number: bytes(cost.peak_activation_bytes) }],
        cost.growth.macs !== null ? ["MACs grow with pixels to the power of", { number: cost.growth.macs.toFixed(2) }] : null,
        cost.growth.peak_activation_bytes !== null ? ["peak activation grows to the power of", { number: cost.growth.peak_activation_bytes.toFixed(2) }] : null,
        cost.pinned_resolution ? ["resolution", { number: cost.pinned_resolution }] : null,
      ].filter(Boolean),
    ),
    kinds.length ? el("figure", {}, el("figcaption", {}, "Share of the MACs by kind of work"), el("div", { class: "chart", style: `height:${60 + 26 * kinds.length}px` }, el("canvas", { id: "kinds", role: "img", "aria-label": kinds.map(([kind, share]) => `${kind} ${percent(share)}`).join(", ") }))) : null,
    growthFigure(cost),
  );
  if (typeof Chart === "undefined") return;
  Chart.defaults.animation = false;
  Chart.defaults.color = color("text");
  Chart.defaults.borderColor = color("border");
  if (kinds.length) {
    charts.push(
      new Chart(document.getElementById("kinds"), {
        type: "bar",
        data: { labels: kinds.map(([kind]) => kind), datasets: [{ data: kinds.map(([, share]) => share * 100), backgroundColor: color("accent") }] },
        options: { indexAxis: "y", maintainAspectRatio: false, plugins: { legend: { display: false } }, scales: { x: { min: 0, max: 100, ticks: { callback: (value) => `${value} %` } } } },
      }),
    );
  }
  drawGrowth(cost);
}

function growthFigure(cost) {
  return null;
}

function drawGrowth(cost) {}
