// Lays out a directed acyclic graph, from top to bottom.  Runs in a worker, and in the page where there is none.
//
// A network is mostly a chain of blocks, so it is cut where a single node carries everything that goes on; each piece
// is laid out by d3-dag (layers, few crossings), and the pieces are hung below each other at the nodes they share.
"use strict";

// nodes: [{id, width, height}]; edges: [[from, to]] by position, from before to.
// Returns {points: [[x, y]] for each node (its centre), ways: [[[x, y], ...]] for each edge}.
function layOut(nodes, edges) {
  const points = new Array(nodes.length);
  const ways = new Array(edges.length);
  const pieces = cutUp(nodes.length, edges);
  let origin = [0, 0];
  for (const piece of pieces) {
    const placed = layOutPiece(nodes, edges, piece);
    const first = piece.shared === null ? null : placed.points.get(piece.shared);
    const shift = first ? [origin[0] - first[0], origin[1] - first[1]] : [-placed.width / 2, origin[1]];
    for (const [index, [x, y]] of placed.points) points[index] = [x + shift[0], y + shift[1]];
    for (const [index, way] of placed.ways) ways[index] = way.map(([x, y]) => [x + shift[0], y + shift[1]]);
    const last = piece.next === null ? null : points[piece.next];
    origin = last || [0, placed.height + shift[1] + 60];
  }
  return { points, ways };
}

// Pieces of the graph in order; `shared` is the node that a piece shares with the one before it, `next` with the one after.
function cutUp(count, edges) {
  const reach = new Array(count).fill(-1);
  const entered = new Array(count).fill(false);
  const outgoing = Array.from({ length: count }, () => []);
  edges.forEach(([from, to], index) => {
    reach[from] = Math.max(reach[from], to);
    entered[to] = true;
    outgoing[from].push(index);
  });
  const pieces = [];
  let members = [];
  let far = -1;
  let shared = null;
  for (let node = 0; node < count; node += 1) {
    const closes = far <= node && (entered[node] || node === 0);
    members.push(node);
    if (closes && members.length > 1 && reach[node] > node) {
      pieces.push({ members, shared, next: node });
      shared = node;
      members = [node];
    }
    far = Math.max(far, reach[node]);
  }
  if (members.length > 1 || pieces.length === 0) pieces.push({ members, shared, next: null });
  for (const piece of pieces) {
    const inside = new Set(piece.members);
    piece.edges = piece.members.flatMap((node) => outgoing[node].filter((index) => inside.has(edges[index][1])));
  }
  return pieces;
}

function layOutPiece(nodes, edges, piece) {
  const graph = d3.graph();
  const made = new Map(piece.members.map((index) => [index, graph.node(index)]));
  const links = new Map(piece.edges.map((index) => [index, graph.link(made.get(edges[index][0]), made.get(edges[index][1]), index)]));
  const large = piece.members.length > 150;
  const size = (node) => [nodes[node.data].width, nodes[node.data].height];
  const layout = d3
    .sugiyama()
    .layering(d3.layeringLongestPath())
    .decross(large ? d3.decrossDfs() : d3.decrossTwoLayer())
    .coord(piece.members.length > 40 ? d3.coordGreedy() : d3.coordQuad())
    .nodeSize(size)
    .gap([24, 34]);
  const { width, height } = layout(graph);
  const points = new Map([...made].map(([index, node]) => [index, [node.x, node.y]]));
  const ways = new Map([...links].map(([index, link]) => [index, link.points.map(([x, y]) => [x, y])]));
  return { points, ways, width, height };
}

if (typeof document === "undefined") {
  onmessage = (message) => {
    try {
      postMessage({ placed: layOut(message.data.nodes, message.data.edges) });
    } catch (error) {
      postMessage({ failed: String(error) });
    }
  };
}
