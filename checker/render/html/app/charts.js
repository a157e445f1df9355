// The charts of the cost, in the colours of the page.
"use strict";

const charts = [];

function drawCharts(cost) {
  charts.splice(0).forEach((chart) => chart.destroy());
  if (typeof Chart === "undefined") return;
  Chart.defaults.animation = false;
  Chart.defaults.color = color("text");
  Chart.defaults.borderColor = color("border");
  drawKinds(cost);
  drawGrowth(cost);
}

function drawKinds({ kinds }) {
  const place = document.getElementById("kinds");
  if (!place) return;
  const series = (label, share, shade) => ({ label, data: kinds.map((each) => (each[share] || 0) * 100), backgroundColor: color(shade) });
  charts.push(
    new Chart(place, {
      type: "bar",
      data: { labels: kinds.map((each) => each.kind), datasets: [series("MACs", "macs_share", "accent"), series("bytes moved", "bytes_share", "line")] },
      options: { indexAxis: "y", maintainAspectRatio: false, scales: { x: { min: 0, max: 100, ticks: { callback: (value) => `${value} %` } } } },
    }),
  );
}

function drawGrowth({ growth }) {
  const place = document.getElementById("growth");
  if (!place) return;
  const series = (label, key, shade, axis) => ({ label, data: growth.points.map((point) => point[key]), borderColor: color(shade), backgroundColor: color(shade), yAxisID: axis });
  charts.push(
    new Chart(place, {
      type: "line",
      data: { labels: growth.points.map((point) => point.size.join("x")), datasets: [series("MACs", "macs", "accent", "y"), series("peak activation memory", "peak_activation_bytes", "warn", "y2")] },
      options: {
        maintainAspectRatio: false,
        scales: {
          y: { beginAtZero: true, title: { display: true, text: "MACs" }, ticks: { callback: (value) => count(value) } },
          y2: { beginAtZero: true, position: "right", grid: { drawOnChartArea: false }, title: { display: true, text: "peak activation memory" }, ticks: { callback: (value) => bytes(value) } },
        },
      },
    }),
  );
}
