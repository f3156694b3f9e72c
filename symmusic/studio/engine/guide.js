'use strict';
// Guides draws towards wishes that bind distant steps: each class that the masks allow is weighted
// by how likely the rest can be met after it, as a small model says that is fitted to free draws.
// What may be drawn is the same. As `generate.guide`, where the method is described.

const FREE_PIECES = 4; // drawn freely to fit the small model
const EVEN = 1e-3; // the share of an even distribution in the small model: no class is impossible
const LEAST = 1e-300; // smallest chance, whose logarithm is finite

// Whether masks bind distant steps.
function isDistant({shape: [numJ, numC, numE]}) {
  return Math.max(numJ, numC, numE) > 1;
}

// Masks of the same steps that allow everything.
function openMasks({events, bar, numSteps}) {
  return makeMasks({}, events, numSteps, bar);
}

// The small model: the chance of each class [2][V] at each step in the bar, where nothing sounds
// and where a note does. `tokens` [B][N] of free draws, and what they were drawn from,
// `probabilities` [B][N][V].
function fitChances(masks, tokens, probabilities) {
  const {kinds, bar, numSteps, numKept} = masks,
    numClasses = kinds.length;
  const sums = Array.from({length: bar.steps}, () => [
    new Float64Array(numClasses),
    new Float64Array(numClasses),
  ]);
  tokens.forEach((piece, b) => {
    let {sounds} = masks;
    for (let step = 0; step < numSteps; step++) {
      if (step >= numKept) addTo(sums[step % bar.steps][sounds], probabilities[b][step]);
      if (kinds[piece[step]] !== NONE) sounds = Number(kinds[piece[step]] >= ONSET);
    }
  });
  const bySound = [0, 1].map((sounds) =>
    total(
      sums.map((place) => place[sounds]),
      numClasses,
    ),
  );
  const all = shares(total(bySound, numClasses));
  const usual = bySound.map((each) => shares(addTo(each, all)));
  return sums.map((place) =>
    place.map((each, sounds) =>
      shares(addTo(each, usual[sounds])).map((chance) => (1 - EVEN) * chance + EVEN / numClasses),
    ),
  );
}

function addTo(sums, values) {
  for (let v = 0; v < sums.length; v++) sums[v] += values[v];
  return sums;
}

function total(arrays, size) {
  return arrays.reduce(addTo, new Float64Array(size));
}

function shares(sums) {
  const whole = sums.reduce((sum, each) => sum + each, 0);
  return sums.map((each) => (whole > 0 ? each / Math.max(whole, LEAST) : 1 / sums.length));
}

// The masks with weights: `worth`, of each step an array [states, 4] of the logarithm of the
// chance, up to a factor, that the rest is met.
function guided(masks, chances) {
  const {shape, bar, numSteps, numKept, table} = masks,
    numStates = table[0].length / 4,
    worth = new Array(numSteps);
  let chance = new Float64Array(numStates).fill(1);
  for (let step = numSteps - 1; step >= 0; step--) {
    const atBarLine = step % bar.steps === bar.steps - 1,
      after = chance,
      now = (worth[step] = new Float64Array(4 * numStates));
    if (step < numKept) continue;
    const parts = kindShares(masks, step, chances[step % bar.steps]);
    chance = new Float64Array(numStates);
    eachState(shape, (state, index) => {
      for (let kind = 0; kind < 4; kind++) {
        const [used, begun, held, sound] = stateAfter(kind, state, masks, step);
        const next =
          after[stateIndex([used, atBarLine ? 0 : begun, held, sound], shape)]
          * table[step][4 * index + kind];
        now[4 * index + kind] = Math.log(Math.max(next, LEAST));
        chance[index] += next * parts[Math.min(state[3], 1)][kind];
      }
    });
    const most = Math.max(
      chance.reduce((best, each) => Math.max(best, each), 0),
      LEAST,
    );
    chance = chance.map((each) => each / most);
  }
  return {...masks, worth};
}

// The chance of each kind among the classes allowed at a step, where nothing sounds and where a
// note does.
function kindShares({kinds, tokens, shape}, step, chances) {
  return chances.map((each) => {
    const parts = [0, 0, 0, 0];
    kinds.forEach((kind, token) => {
      if (tokens[step][token]) parts[kind] += each[token];
    });
    if (shape[0] > 1) {
      // one pitch is next, and counts as any
      parts[ONSET] = parts[LAST] = kinds.reduce(
        (sum, kind, token) => sum + (kind >= ONSET ? each[token] : 0),
        0,
      );
    }
    return parts;
  });
}

// Weighs logits [V] that are divided by the temperature, in place.
function weigh(logits, masks, state, step) {
  const {worth, kinds, shape, numKept} = masks,
    at = 4 * stateIndex(state, shape);
  if (!worth) return;
  if (shape[0] > 1 && step >= numKept) {
    const any = logSumExp(
      logits,
      0,
      logits.length,
      1,
      kinds.map((kind) => kind >= ONSET),
    );
    kinds.forEach((kind, token) => {
      if (kind >= ONSET) logits[token] = any;
    });
  }
  kinds.forEach((kind, token) => {
    logits[token] += worth[step][at + kind];
  });
}
