// How the graph looks, from the colours of the style sheet, so that light and dark are kept in one place.
"use strict";

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function graphStyle() {
  const line = color("line");
  return [
    {
      selector: "node",
      style: {
        shape: "round-rectangle", width: "data(width)", height: "data(height)", label: "data(label)",
        "font-size": 11, "font-family": "ui-sans-serif, system-ui, sans-serif", color: color("on-status"),
        "text-valign": "center", "text-halign": "center", "background-color": color("none"),
        "border-width": 1, "border-color": color("border"), "min-zoomed-font-size": 5,
      },
    },
    ...STATUSES.map((status) => ({ selector: `node.${status}`, style: { "background-color": color(status) } })),
    { selector: "node.end", style: { shape: "round-tag", "background-color": color("panel"), color: color("text") } },
    { selector: "node.fold", style: { "border-width": 3, "border-style": "double", "border-color": color("text") } },
    { selector: "node.on-host", style: { shape: "cut-rectangle" } },
    { selector: "node.other", style: { opacity: 0.25 } },
    { selector: "node.hit", style: { "border-width": 4, "border-color": color("accent"), "border-style": "solid" } },
    { selector: "node.here", style: { "border-width": 5, "border-color": color("accent"), "border-style": "solid" } },
    {
      selector: "edge",
      style: {
        width: 1.2, "line-color": line, "target-arrow-color": line, "target-arrow-shape": "triangle", "arrow-scale": 0.7,
        "curve-style": "straight",
      },
    },
    { selector: "edge.bent", style: { "curve-style": "segments", "segment-distances": "data(distances)", "segment-weights": "data(weights)", "edge-distances": "node-position" } },
    { selector: "edge.back", style: { "curve-style": "bezier", "line-style": "dashed" } },
    { selector: "edge.crossing", style: { width: 3, "line-color": color("crossing"), "target-arrow-color": color("crossing") } },
    { selector: "edge.touched", style: { width: 3, "line-color": color("accent"), "target-arrow-color": color("accent"), label: "data(label)", "font-size": 10, color: color("text"), "text-background-color": color("page"), "text-background-opacity": 0.9, "text-background-padding": 2 } },
  ];
}
