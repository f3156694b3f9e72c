'use strict';
// The known end of a melody, encoded for a network that fills the gap before it: `model.ahead`.
// Backward layers read the melody from its end, with blanks where it is not known; each step takes
// their states by a bridge, and the tokens as far ahead as the lookbacks are behind.

const FUTURE_BARS = 16; // that are read after a gap

// What each step knows in advance: {bridges: of each layer that has one [T, 4 H], tokens [T, L]}.
// `future` [T]: the token that follows each step where it is known, elsewhere the blank; step 0 is
// at a bar line.
function lookAhead(network, future, bar) {
  const {architecture, layers} = network,
    {num_classes: blank, num_cells: size} = architecture,
    num = future.length,
    bridges = [];
  let below = null;
  for (const {backward, bridge} of layers.filter(({bridge}) => bridge)) {
    below = readBackward(network, backward, below, future, bar);
    const bridged = new Float32Array(num * 4 * size);
    addProduct(bridged, bridge, below, num, 4 * size, below.length / num);
    bridges.push(bridged);
  }
  const lags = lagsOf(bar, architecture),
    tokens = new Int16Array(num * lags.length);
  for (let step = 0; step < num; step++) {
    lags.forEach((lag, index) => {
      tokens[step * lags.length + index] = step + lag < num ? future[step + lag] : blank;
    });
  }
  return {bridges, tokens};
}

// A backward layer's states [T, H], 0 where nothing is known from that step on.
function readBackward({architecture, ownBlocks}, layer, below, future, bar) {
  const blank = architecture.num_classes,
    size = layer.bias.length / 4,
    gates = new Float32Array(4 * size);
  const states = new Float32Array(future.length * size),
    hidden = new Float32Array(size),
    cell = new Float32Array(size);
  let isKnown = false;
  for (let step = future.length - 1; step >= 0; step--) {
    gates.set(layer.bias);
    if (below)
      addProduct(
        gates,
        layer.input,
        below.subarray(step * size, (step + 1) * size),
        1,
        4 * size,
        size,
      );
    else
      addRows(
        gates,
        0,
        layer.input,
        ownRows(ownBlocks, future[step], bar, (step + 1) % bar.steps),
        gates.length,
      );
    advanceLayer(layer, gates, hidden, cell, 1);
    isKnown ||= future[step] < blank;
    if (isKnown) states.set(hidden, step * size);
  }
  return states;
}

// The rows of the step itself, without the bars left.
function ownRows(blocks, token, bar, step) {
  const values = {token: token, 'step in bar': step, metre: bar.index};
  return blocks
    .filter(({name, size}) => values[name] < size)
    .map(({name, begin}) => begin + values[name]);
}

// What a step of the reader takes of it.
function aheadAt(ahead, step, num) {
  const of = (array, size) => array.subarray(step * size, (step + 1) * size);
  return {
    bridges: ahead.bridges.map((each) => of(each, each.length / num)),
    tokens: of(ahead.tokens, ahead.tokens.length / num),
  };
}
