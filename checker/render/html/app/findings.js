// What the rules say, the layers that were recognised, BatchNormalization, and the facts of the file.
"use strict";

function showFindings() {
  const { findings } = current().report;
  fill(
    "finding-list",
    findings.length
      ? findings.map((finding) =>
          el(
            "article",
            { class: `finding ${finding.severity}` },
            el("h3", {}, el("span", { class: "chip" }, finding.severity), ` ${finding.rule}`, finding.target ? ` (${finding.target})` : ""),
            el("p", {}, finding.message),
            finding.fix ? el("p", { class: "cure" }, `Fix: ${finding.fix}`) : null,
            finding.nodes.length ? names(finding.nodes) : null,
            el("p", { class: "quiet" }, `confidence: ${finding.confidence}; \`edgelint explain ${finding.rule}\` tells more`),
          ),
        )
      : el("p", {}, "No findings."),
  );
}

function showFacts() {
  const { model, composites, batchnorm, tool } = current().report;
  const kinds = new Map();
  for (const each of composites) {
    const key = `${each.kind}|${each.form}|${each.variant}`;
    if (!kinds.has(key)) kinds.set(key, { ...each, times: 0 });
    kinds.get(key).times += 1;
  }
  const tensors = (list) => list.map((each) => `${each.name}: ${each.dtype || "?"} ${each.shape ? `[${each.shape.map((dim) => dim ?? "?").join(", ")}]` : "?"}`).join("; ");
  fill(
    "facts-body",
    table(
      ["fact", "value"],
      [
        ["path", model.path],
        ["SHA-256", el("span", {}, el("code", {}, model.sha256), ` of the ${model.sha256_of}`)],
        ["producer", model.producer || "not stated"],
        ["opsets", Object.entries(model.opsets).map(([domain, version]) => `${domain} ${version}`).join(", ")],
        ["IR version", String(model.ir_version)],
        ["inputs", tensors(model.inputs)],
        ["outputs", tensors(model.outputs)],
        ["nodes", `${model.nodes} in the file, ${model.compute_nodes} compute nodes`],
        ["checked with", `${tool.name} ${tool.version}, tables ${tool.tables.slice(0, 12)}`],
      ],
    ),
    composites.length
      ? [el("h3", {}, "Layers that were recognised"), table(["layer", "form", "spelling", { number: "times" }], [...kinds.values()].map((each) => [each.kind, each.form, each.variant, { number: String(each.times) }]))]
      : null,
    batchnorm.length
      ? [
          el("h3", {}, "BatchNormalization"),
          el("p", {}, ["folded", "foldable", "not-foldable"].map((status) => [status, batchnorm.filter((each) => each.status === status).length]).filter(([, number]) => number).map(([status, number]) => `${number} ${status}`).join(", ")),
          table(["node", "status", "into", "reason"], batchnorm.filter((each) => each.status !== "folded").map((each) => [each.node, each.status, each.into || "", each.reason])),
        ]
      : null,
  );
}
