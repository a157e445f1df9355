// Puts the parts together: choices at the top, and what follows from them.
"use strict";

function showAll() {
  const { report } = current();
  document.getElementById("title").textContent = report.model.path;
  showVerdicts((index) => {
    chosen.target = index;
    showTarget();
  });
  showGate();
  showFindings();
  showCost();
  showFacts();
  network.open();
  showTarget();
}

function showTarget() {
  document.querySelectorAll("#verdict-table tr").forEach((row) => {
    const radio = row.querySelector("input");
    if (radio) row.classList.toggle("chosen", Number(radio.value) === chosen.target);
  });
  document.querySelectorAll("[name=target]").forEach((radio) => {
    radio.checked = Number(radio.value) === chosen.target;
  });
  const select = document.getElementById("target-choice");
  if (select) select.value = String(chosen.target);
  showReasons();
  network.paint();
}

function choices() {
  const models =
    DATA.length > 1
      ? el("label", {}, "Model ", el("select", { id: "model-choice", onchange: (event) => ((chosen.model = Number(event.target.value)), (chosen.target = Math.min(chosen.target, current().report.targets.length - 1)), showAll()) }, DATA.map((each, index) => el("option", { value: index }, each.report.model.path))))
      : null;
  const theme = el("button", { type: "button", id: "theme", onclick: turn }, "Light or dark");
  fill("choices", models, theme);
}

function turn() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  network.restyle();
  showCost();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  network.restyle();
  showCost();
});
choices();
showAll();
