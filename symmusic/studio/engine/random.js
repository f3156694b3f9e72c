'use strict';
// Random numbers from a seed: sfc32 of PractRand (Doty-Humphrey), a stream of its own for each
// number folded in.

// A function that gives numbers in [0, 1).
function makeRandom(seed, stream = 0) {
  let a = seed >>> 0,
    b = stream >>> 0,
    c = 0x9e3779b9,
    counter = 1;
  const next = () => {
    const sum = (a + b + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = ((c << 21) | (c >>> 11)) >>> 0;
    c = (c + sum) >>> 0;
    return sum / 4294967296;
  };
  for (let round = 0; round < 16; round++) next();
  return next;
}

// A draw from the Gumbel distribution; the largest of log weights plus such draws is a draw by the
// weights.
function gumbel(random) {
  return -Math.log(-Math.log(random() || 1e-12));
}
