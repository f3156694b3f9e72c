'use strict';
// Scores that are added to the head's logits, as `model.output`: of the tokens that lookbacks and
// recall name, and of intervals and degrees.

// `rows` [B, K] are those of the step (`findRows`), `summary` [B, H] is what the head reads.
function addScores(logits, network, rows, summary, batch) {
  const {
    copies,
    relative,
    blocks,
    architecture: {num_classes: numClasses, widest_scored: widest},
  } = network;
  const scored = (weights, num) => {
    const found = new Float32Array(batch * num);
    addProduct(found, weights, summary, batch, num, summary.length / batch);
    return found;
  };
  const copied = copies && scored(copies.kernel, copies.num);
  const intervals = relative && scored(relative.interval, 2 * widest + 1),
    degrees = relative && scored(relative.degree, 12);
  for (let b = 0; b < batch; b++) {
    const own = rows.subarray(b * blocks.length, (b + 1) * blocks.length),
      out = logits.subarray(b * numClasses, (b + 1) * numClasses);
    if (copies) addCopies(out, network, own, copied.subarray(b * copies.num, (b + 1) * copies.num));
    if (relative)
      addRelative(
        out,
        network,
        own,
        intervals.subarray(b * (2 * widest + 1)),
        degrees.subarray(12 * b),
      );
  }
}

function addCopies(logits, {blocks, copies, architecture}, rows, scores) {
  const {copied, agreement_size: numBins} = architecture;
  copied.forEach(([tokenBlock, agreementBlock], index) => {
    const token = rows[tokenBlock] - blocks[tokenBlock].begin,
      bin = rows[agreementBlock] - blocks[agreementBlock].begin;
    if (token < 0 || token >= logits.length || bin < 0 || bin === numBins - 1) return;
    logits[token] += scores[index] + copies.bias[index * numBins + bin];
  });
}

function addRelative(logits, {blocks, architecture}, rows, intervals, degrees) {
  const {
    widest_scored: widest,
    last_notes: [first, lowest],
  } = architecture;
  const index = blocks.findIndex(({name}) => name === 'last pitch'),
    last = rows[index] - blocks[index].begin;
  const isKnown = last < blocks[index].size - 1;
  for (let pitch = 0; first + pitch < logits.length; pitch++) {
    logits[first + pitch] += degrees[(pitch + lowest) % 12];
    if (isKnown && Math.abs(pitch - last) <= widest)
      logits[first + pitch] += intervals[pitch - last + widest];
  }
}
