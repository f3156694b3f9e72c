'use strict';
// Drawing tokens step by step, B melodies side by side, each with its own random numbers.

// The log of the sum of exponentials of the logits [at, at + size) over a divisor.
function logSumExp(logits, at, size, divisor = 1, may = null) {
  let most = -Infinity,
    sum = 0;
  for (let v = 0; v < size; v++)
    if (!may || may[v]) most = Math.max(most, logits[at + v] / divisor);
  for (let v = 0; v < size; v++)
    if (!may || may[v]) sum += Math.exp(logits[at + v] / divisor - most);
  return most + Math.log(sum);
}

// A class by the softmax of logits [V], among those that may be drawn.
function drawClass(logits, may, random) {
  const whole = logSumExp(logits, 0, may.length, 1, may);
  let left = random(),
    last = -1;
  for (let v = 0; v < may.length; v++) {
    if (!may[v]) continue;
    left -= Math.exp(logits[v] - whole);
    if (left < 0) return v;
    last = v;
  }
  return last; // the sum has rounded to less than 1
}

// The likeliest class of those that may be drawn.
function likeliest(logits, may) {
  let best = -1;
  for (let v = 0; v < may.length; v++)
    if (may[v] && (best < 0 || logits[v] > logits[best])) best = v;
  return best;
}

// Draws the tokens of a place after what `carry` has read, whose logits are in the reader. `masks`,
// `contour` (or null) and `place.before`, the last pitch, limit them. `randoms`: one of each
// melody. `breathe` is awaited once a bar; `see(b, step, weighed logits)`, if there is one, is
// called before each draw. Returns {tokens: [B][N], logProbabilities: [B][N]}, at temperature 1.
// The last token is not read.
async function drawTokens(reader, carry, place, how) {
  const {bar, prompt, numSteps, before} = place,
    {masks, contour, temperature, randoms, breathe, see} = how;
  const {batch, logits} = reader,
    numClasses = reader.network.architecture.num_classes;
  const weighed = new Float64Array(numClasses),
    divisor = temperature || 1;
  const may = new Uint8Array(numClasses),
    last = new Int32Array(batch).fill(before ?? -1),
    drawn = new Int32Array(batch);
  const states = Array.from({length: batch}, () => masks.first);
  const found = {
    tokens: Array.from({length: batch}, () => new Uint8Array(numSteps)),
    logProbabilities: Array.from({length: batch}, () => new Float64Array(numSteps)),
  };
  for (let step = 0; step < numSteps; step++) {
    for (let b = 0; b < batch; b++) {
      const at = b * numClasses;
      may.fill(1);
      allow(may, masks, states[b], step);
      if (contour) follow(may, contour, step, last[b] < 0 ? null : last[b]);
      for (let v = 0; v < numClasses; v++) weighed[v] = logits[at + v] / divisor;
      weigh(weighed, masks, states[b], step);
      if (see) see(b, step, weighed);
      const token = temperature ? drawClass(weighed, may, randoms[b]) : likeliest(weighed, may);
      states[b] = advance(masks, states[b], token, step);
      if (masks.events[token] >= 0) last[b] = masks.events[token];
      found.tokens[b][step] = drawn[b] = token;
      found.logProbabilities[b][step] = logits[at + token] - logSumExp(logits, at, numClasses);
    }
    if (step % bar.steps === bar.steps - 1) await breathe();
    if (step < numSteps - 1) readStep(reader, carry, drawn, place, prompt.length + step);
  }
  return found;
}

// Reads the token of a step of a place, from 0 at the prompt's first.
function readStep(reader, carry, tokens, {bar, left, ahead, numAhead}, step, wantsLogits = true) {
  const next =
    left && 2 * (step + 1) < left.length ? left.subarray(2 * (step + 1), 2 * (step + 2)) : null;
  const known = ahead && step < numAhead ? aheadAt(ahead, step, numAhead) : null;
  reader.read(carry, tokens, bar, step % bar.steps, next, wantsLogits, known);
}

// The carry after the prompt of a place, of which it has read a part, with the logits of what
// follows in the reader (of one melody). `keep(carry)` is awaited at each bar line.
async function readPrompt(reader, carry, place, keep) {
  const {bar, prompt} = place,
    token = new Uint8Array(1);
  for (let step = carry.numRead; step < prompt.length; step++) {
    if (step % bar.steps === 0) await keep(carry);
    token[0] = prompt[step];
    readStep(reader, carry, token, place, step, step === prompt.length - 1);
  }
  return carry;
}

// The log probability of the tokens that follow a place after each of B melodies whose last tokens
// are drawn and not yet read.
async function readFollowing(reader, carry, lastTokens, place, breathe) {
  const {bar, prompt, numSteps, following} = place,
    first = prompt.length + numSteps - 1;
  const {batch, logits} = reader,
    numClasses = reader.network.architecture.num_classes,
    sums = new Float64Array(batch);
  const tokens = Uint8Array.from(lastTokens);
  for (let step = 0; step < following.length; step++) {
    readStep(reader, carry, tokens, place, first + step);
    for (let b = 0; b < batch; b++)
      sums[b] +=
        logits[b * numClasses + following[step]] - logSumExp(logits, b * numClasses, numClasses);
    tokens.fill(following[step]);
    if (step % bar.steps === bar.steps - 1) await breathe();
  }
  return sums;
}
