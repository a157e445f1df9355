// Whether the model passes, and what changed since the baseline.
"use strict";

function showGate() {
  const { gate, baseline, resolutions } = current().report;
  fill("gate-body", gateOf(gate), baselineOf(baseline), askedSizes(resolutions));
}

function gateOf(gate) {
  if (!gate) return null;
  const failures = gate.failures.map((each) =>
    el("li", {}, el("code", {}, each.rule), each.target ? ` ${each.target}: ` : " ", each.op ? el("strong", {}, `${each.op}${each.count > 1 ? ` × ${each.count}` : ""} `) : null, each.message),
  );
  return el(
    "div",
    { class: `gate ${gate.passed ? "passed" : "failed"}` },
    el("p", {}, el("strong", {}, gate.passed ? "Passes" : "Does not pass"), gate.policy ? ` (policy ${gate.policy})` : ` (--fail-on ${gate.fail_on})`),
    failures.length ? el("ul", {}, failures.slice(0, 6)) : null,
    failures.length > 6 ? el("details", {}, el("summary", {}, `${failures.length - 6} more`), el("ul", {}, failures.slice(6))) : null,
    gate.waivers.length ? [el("p", {}, "Waivers"), el("ul", {}, gate.waivers.map((each) => el("li", {}, Object.entries(each).filter(([, value]) => value !== null && value !== "" && typeof value !== "object").map(([key, value]) => `${key}: ${value}`).join("; "))))] : null,
  );
}

function baselineOf(baseline) {
  if (!baseline) return null;
  const changed = baseline.differences.filter((each) => each.state !== "unchanged");
  return el(
    "div",
    {},
    el("h3", {}, "Since the baseline"),
    table(
      ["target", "before", "now"],
      baseline.verdicts.map((each) => [each.target, each.before ? badge(each.before) : "not in it", badge(each.after)]),
    ),
    changed.length
      ? table(["", "target", "rule", "what"], changed.map((each) => [each.state, each.target || "all", each.rule, `${each.op}${each.count > 1 ? ` × ${each.count}` : ""}: ${each.message}`]))
      : el("p", {}, "Nothing is new and nothing is fixed."),
  );
}

function askedSizes(resolutions) {
  if (!resolutions || !resolutions.length) return null;
  return el(
    "div",
    {},
    el("h3", {}, "At the sizes that were asked about"),
    table(
      ["size", { number: "MACs" }, { number: "peak activation memory" }, "verdicts"],
      resolutions.map((each) => [
        (each.size || []).join("x"),
        { number: count(each.macs) },
        { number: bytes(each.peak_activation_bytes) },
        el("div", {}, (each.targets || []).map((one) => el("div", {}, `${one.id}: `, badge(one.answer)))),
      ]),
    ),
  );
}
