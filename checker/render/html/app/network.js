// The network as a graph: folding, painting by placement, search, keys.
"use strict";

const network = (() => {
  let graph = null;
  let shown = null; // what visible() returned
  let found = [];
  let unfolded = new Set();
  let here = null; // id of the chosen box
  let hits = [];
  let turn = 0;
  const kept = new Map(); // layouts by what is unfolded

  function open() {
    unfolded = new Set();
    here = null;
    hits = [];
    kept.clear();
    toolbar();
    draw(true);
  }

  function labelOf(box) {
    const { nodes, folds } = current().drawing;
    if (box.fold !== null) return `${folds[box.fold].kind} (${box.members.length})`;
    const node = nodes[box.node];
    return node.op === "input" || node.op === "output" ? node.name.slice(0, 28) : node.op.split(".").pop();
  }

  async function draw(fit) {
    const drawing = current().drawing;
    const asked = (turn += 1);
    shown = visible(drawing, unfolded);
    const sizes = shown.boxes.map((box) => ({ width: Math.max(70, 26 + 7 * labelOf(box).length), height: 30 }));
    const forward = shown.edges.map((_, index) => index).filter((index) => shown.edges[index].from < shown.edges[index].to);
    const key = [...unfolded].sort((a, b) => a - b).join();
    busy(shown.boxes.length > 800 && !kept.has(key));
    if (!kept.has(key)) {
      const placed = await arrange(sizes, forward.map((index) => [shown.edges[index].from, shown.edges[index].to]));
      if (asked !== turn) return;
      kept.set(key, placed);
    }
    const placed = kept.get(key);
    const way = new Map(forward.map((index, at) => [index, placed.ways[at]]));
    const elements = shown.boxes.map((box, index) => ({
      group: "nodes",
      data: { id: box.id, at: index, label: labelOf(box), ...sizes[index] },
      position: { x: placed.points[index][0], y: placed.points[index][1] },
    }));
    shown.edges.forEach((edge, index) => {
      const bend = bends(way.get(index));
      elements.push({
        group: "edges",
        data: { id: `e${index}`, source: shown.boxes[edge.from].id, target: shown.boxes[edge.to].id, label: edge.label, ...bend },
        classes: way.has(index) ? (bend.weights ? "bent" : "") : "back",
      });
    });
    const many = elements.length > 3000;
    if (!graph) {
      graph = cytoscape({ container: document.getElementById("canvas"), style: graphStyle(), minZoom: 0.005, maxZoom: 3, boxSelectionEnabled: false, autoungrabify: true, hideEdgesOnViewport: many, textureOnViewport: many });
      graph.on("tap", "node", (event) => choose(event.target.id()));
      graph.on("dbltap", "node", (event) => toggle(event.target.id()));
      graph.on("tap", (event) => event.target === graph && choose(null));
    }
    const before = graph.zoom();
    graph.batch(() => {
      graph.elements().remove();
      graph.add(elements);
    });
    busy(false);
    paint();
    if (fit) overview();
    else graph.zoom(before);
    if (here && graph.getElementById(here).nonempty()) {
      choose(here);
      if (!fit) graph.center(graph.getElementById(here));
    } else choose(null);
  }

  // Straight through from end to end is seldom wanted for a network that is a thousand layers long: its beginning is
  // shown at a size that can be read.
  function overview() {
    graph.fit(undefined, 20);
    if (graph.zoom() < 0.35) {
      graph.zoom(0.7);
      const top = graph.nodes().min((node) => node.position("y")).ele;
      if (top) {
        graph.center(top);
        graph.panBy({ x: 0, y: -graph.height() / 2 + 50 });
      }
    }
  }

  // Points of a way as cytoscape wants them: distance from the straight line, and where along it (0 to 1).
  function bends(points) {
    if (!points || points.length < 3) return {};
    const [x0, y0] = points[0];
    const [x1, y1] = points[points.length - 1];
    const length = Math.hypot(x1 - x0, y1 - y0);
    if (!length) return {};
    const inner = points.slice(1, -1);
    const off = inner.map(([x, y]) => ((y - y0) * (x1 - x0) - (x - x0) * (y1 - y0)) / length);
    if (off.every((distance) => Math.abs(distance) < 1)) return {};
    return { distances: off, weights: inner.map(([x, y]) => ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length ** 2) };
  }

  function arrange(nodes, edges) {
    if (nodes.length < 400) return Promise.resolve(layOut(nodes, edges));
    return new Promise((resolve) => {
      const here = () => resolve(layOut(nodes, edges));
      try {
        const code = document.getElementById("layout-code").textContent;
        const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
        worker.onmessage = (message) => {
          worker.terminate();
          if (message.data.placed) resolve(message.data.placed);
          else here();
        };
        worker.onerror = here;
        worker.postMessage({ nodes, edges });
      } catch {
        here();
      }
    });
  }

  function busy(yes) {
    document.getElementById("canvas").classList.toggle("busy", yes);
  }

  // Colours, host and accelerator, and what crosses, for the chosen target.
  function paint() {
    found = placements(current(), target());
    if (!graph || !shown) return;
    const cut = current().drawing.targets[chosen.target];
    const device = (box) => (cut ? new Set(box.members.map((index) => cut.device[index]).filter(Boolean)) : new Set());
    graph.batch(() => {
      shown.boxes.forEach((box) => {
        const drawn = graph.getElementById(box.id);
        const status = worst(box.members.map((index) => found[index] && found[index].status).filter(Boolean));
        const end = box.node !== null && ["input", "output"].includes(current().drawing.nodes[box.node].op);
        drawn.classes([status, box.fold !== null && "fold", end && "end", device(box).has("host") && "on-host"].filter(Boolean));
        drawn.data("label", status && status !== "native" ? `${SIGNS[status]} ${labelOf(box)}` : labelOf(box));
      });
      shown.edges.forEach((edge, index) => {
        const [from, to] = [device(shown.boxes[edge.from]), device(shown.boxes[edge.to])];
        const crosses = from.size && to.size && ((from.has("host") && to.has("accelerator")) || (from.has("accelerator") && to.has("host")));
        graph.getElementById(`e${index}`).toggleClass("crossing", Boolean(crosses));
      });
      graph.nodes().removeClass("hit");
      hits.forEach((id) => graph.getElementById(id).addClass("hit"));
    });
    legend(cut);
    mark();
  }

  function legend(cut) {
    const numbers = new Map();
    found.filter(Boolean).forEach((each) => numbers.set(each.status, (numbers.get(each.status) || 0) + 1));
    const segments = cut ? new Set(cut.segment.filter((each) => each !== null)).size : 0;
    fill(
      "legend",
      STATUSES.filter((status) => numbers.has(status)).map((status) => el("span", { class: `chip ${status}` }, `${SIGNS[status]} ${status} ${numbers.get(status)}`)),
      el("span", { class: "quiet" }, ` ${segments} segment${segments === 1 ? "" : "s"}; cut corners run on the host; a double border folds a layer; thick edges cross between host and accelerator`),
    );
  }

  function toolbar() {
    const { targets } = current().report;
    const button = (text, does, title) => el("button", { type: "button", onclick: does, title }, text);
    fill(
      "toolbar",
      targets.length ? el("label", {}, "Target ", el("select", { id: "target-choice", onchange: (event) => ((chosen.target = Number(event.target.value)), showTarget()) }, targets.map((each, index) => el("option", { value: index }, `${each.id}: ${WORDS[each.answer]}`)))) : null,
      el("label", {}, "Search ", el("input", { type: "search", id: "search", placeholder: "name, operator, scope or status", oninput: (event) => search(event.target.value), onkeydown: (event) => event.key === "Enter" && next() })),
      el("span", { id: "hits", role: "status" }),
      button("Unfold all", () => all(true), "Show every node"),
      button("Fold all", () => all(false), "Show every layer as one box"),
      button("Show all", () => graph && graph.fit(undefined, 20), "Fit the network into the window (0)"),
      button("Next problem", problem, "Go to the next node that is not on the accelerator"),
    );
  }

  function all(yes) {
    unfolded = yes ? new Set(current().drawing.folds.keys()) : new Set();
    draw(true);
  }

  function unfold(position) {
    unfolded.add(position);
    here = idOf(current().drawing.folds[position].nodes[0]);
    draw(false);
  }

  function fold(position) {
    const inside = (at) => at !== null && (at === position || inside(current().drawing.folds[at].parent));
    unfolded = new Set([...unfolded].filter((at) => !inside(at)));
    here = `f${position}`;
    draw(false);
  }

  // The id of the box that a node of the file is in, as things are folded now.
  function idOf(index) {
    const { closed } = owners(current().drawing, unfolded)[index];
    return closed === null ? `n${index}` : `f${closed}`;
  }

  function boxAt(id) {
    return shown.boxes.find((box) => box.id === id) || null;
  }

  function toggle(id) {
    const box = boxAt(id);
    if (!box) return;
    if (box.fold !== null) unfold(box.fold);
    else if (box.around.length) fold(box.around[box.around.length - 1]);
  }

  function choose(id, follow = false) {
    here = id;
    mark();
    showDetail(id ? boxAt(id) : null, found, { unfold, fold });
    if (id && follow) {
      const drawn = graph.getElementById(id);
      if (graph.zoom() < 0.4) graph.zoom(0.8);
      graph.center(drawn);
    }
  }

  function mark() {
    if (!graph) return;
    graph.elements(".here, .touched").removeClass("here touched");
    if (here) graph.getElementById(here).addClass("here").connectedEdges().addClass("touched");
  }

  function search(text) {
    const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const { nodes, folds } = current().drawing;
    const matches = (box) => {
      const inside = box.members.map((index) => `${nodes[index].name} ${nodes[index].op} ${nodes[index].scope} ${found[index] ? found[index].status : ""}`);
      const own = box.fold === null ? "" : `${folds[box.fold].kind} ${folds[box.fold].scope}`;
      return [own, ...inside].some((line) => words.every((word) => line.toLowerCase().includes(word)));
    };
    hits = words.length ? shown.boxes.filter(matches).map((box) => box.id) : [];
    document.getElementById("hits").textContent = words.length ? `${hits.length} found` : "";
    paint();
    if (hits.length) choose(hits[0], true);
  }

  function next() {
    if (hits.length) choose(hits[(hits.indexOf(here) + 1) % hits.length], true);
  }

  function problem() {
    const bad = shown.boxes.filter((box) => box.members.some((index) => found[index] && ["unsupported", "unknown", "fallback"].includes(found[index].status))).map((box) => box.id);
    document.getElementById("hits").textContent = bad.length ? `${bad.length} not on the accelerator` : "all on the accelerator";
    if (bad.length) choose(bad[(bad.indexOf(here) + 1) % bad.length], true);
  }

  // Arrow keys: along edges up and down, to the left and right among those at about the same height.
  function move(key) {
    if (!graph || !shown.boxes.length) return;
    if (!here) return choose(shown.boxes[0].id, true);
    const drawn = graph.getElementById(here);
    const beside = (x) => graph.nodes().filter((node) => node !== drawn && Math.abs(node.position("y") - drawn.position("y")) < 25 && Math.sign(node.position("x") - drawn.position("x")) === x);
    const sets = { ArrowDown: () => drawn.outgoers("node"), ArrowUp: () => drawn.incomers("node"), ArrowLeft: () => beside(-1), ArrowRight: () => beside(1) };
    const to = sets[key]().min((node) => Math.hypot(node.position("x") - drawn.position("x"), node.position("y") - drawn.position("y"))).ele;
    if (to) choose(to.id(), true);
  }

  document.getElementById("canvas").addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !graph) return;
    const middle = { x: graph.width() / 2, y: graph.height() / 2 };
    const does = {
      ArrowDown: () => move("ArrowDown"), ArrowUp: () => move("ArrowUp"), ArrowLeft: () => move("ArrowLeft"), ArrowRight: () => move("ArrowRight"),
      Enter: () => here && toggle(here), "+": () => graph.zoom({ level: graph.zoom() * 1.3, renderedPosition: middle }), "=": () => graph.zoom({ level: graph.zoom() * 1.3, renderedPosition: middle }),
      "-": () => graph.zoom({ level: graph.zoom() / 1.3, renderedPosition: middle }), 0: () => graph.fit(undefined, 20), n: next, p: problem, Escape: () => choose(null),
    }[event.key];
    if (does) {
      event.preventDefault();
      does();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement.tagName)) {
      event.preventDefault();
      document.getElementById("search").focus();
    }
  });

  function restyle() {
    if (graph) graph.style(graphStyle());
  }

  return { open, paint, restyle, state: () => ({ boxes: shown ? shown.boxes.length : 0, drawn: graph ? graph.nodes().length : 0, here, hits }) };
})();
