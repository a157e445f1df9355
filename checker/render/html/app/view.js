// Which boxes are shown: layers are folded into one box each until they are unfolded.
"use strict";

// unfolded: Set of positions in drawing.folds.
// Returns {boxes: [{id, members, fold, node, depth, parents}], edges: [{from, to, label}]}; boxes in topological order,
// from and to by position.
function visible(drawing, unfolded) {
  const outer = owners(drawing, unfolded);
  const boxes = [];
  const boxOf = new Map();
  drawing.nodes.forEach((node, index) => {
    const fold = outer[index].closed;
    const id = fold === null ? `n${index}` : `f${fold}`;
    if (!boxOf.has(id)) {
      boxOf.set(id, boxes.length);
      boxes.push({ id, fold, node: fold === null ? index : null, members: [], around: outer[index].open });
    }
    boxes[boxOf.get(id)].members.push(index);
  });
  const of = drawing.nodes.map((_, index) => boxOf.get(outer[index].closed === null ? `n${index}` : `f${outer[index].closed}`));
  const edges = new Map();
  for (const [from, to, label] of drawing.edges) {
    const ends = [of[from], of[to]];
    if (ends[0] !== ends[1]) {
      const key = ends.join();
      if (edges.has(key)) edges.get(key).labels.add(label);
      else edges.set(key, { from: ends[0], to: ends[1], labels: new Set([label]) });
    }
  }
  return inOrder(boxes, [...edges.values()]);
}

// For each node: the outermost folded layer that it lies in (or null), and the unfolded ones around it, outermost first.
function owners(drawing, unfolded) {
  const deepest = drawing.nodes.map(() => null);
  drawing.folds.forEach((fold, position) => {
    for (const index of fold.nodes) deepest[index] = position; // larger ones come first, so the innermost stays
  });
  return deepest.map((position) => {
    const chain = [];
    for (let at = position; at !== null; at = drawing.folds[at].parent) chain.unshift(at);
    const closed = chain.findIndex((at) => !unfolded.has(at));
    return { closed: closed < 0 ? null : chain[closed], open: closed < 0 ? chain : chain.slice(0, closed) };
  });
}

// Sort the boxes so that every edge goes forward, otherwise in the order of the file; an input comes just before what
// takes it first.  An edge that closes a circle (through a folded layer around other nodes) goes backward: it is drawn,
// but does not count for the layout.
function inOrder(boxes, edges) {
  const waiting = boxes.map(() => 0);
  const outgoing = boxes.map(() => []);
  edges.forEach((edge) => {
    waiting[edge.to] += 1;
    outgoing[edge.from].push(edge);
  });
  const rank = boxes.map((box) => box.members[0]);
  boxes.forEach((box, index) => {
    if (waiting[index] === 0 && outgoing[index].length) rank[index] = Math.min(...outgoing[index].map((edge) => boxes[edge.to].members[0])) - 0.5;
  });
  const ready = [];
  const add = (index) => {
    let low = 0;
    let high = ready.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rank[ready[middle]] > rank[index]) low = middle + 1;
      else high = middle;
    }
    ready.splice(low, 0, index); // the smallest last
  };
  boxes.forEach((_, index) => waiting[index] === 0 && add(index));
  const order = [];
  const done = new Set();
  const byRank = boxes.map((_, index) => index).sort((a, b) => rank[a] - rank[b]);
  let oldest = 0;
  while (order.length < boxes.length) {
    while (oldest < byRank.length && done.has(byRank[oldest])) oldest += 1;
    const next = ready.length ? ready.pop() : byRank[oldest];
    if (done.has(next)) continue;
    done.add(next);
    order.push(next);
    for (const edge of outgoing[next]) {
      waiting[edge.to] -= 1;
      if (waiting[edge.to] === 0 && !done.has(edge.to)) add(edge.to);
    }
  }
  const position = new Map(order.map((index, at) => [index, at]));
  const turned = edges.map((edge) => ({ from: position.get(edge.from), to: position.get(edge.to), label: [...edge.labels].join(", ") }));
  return { boxes: order.map((index) => boxes[index]), edges: turned };
}
