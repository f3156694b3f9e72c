'use strict';
// What followed the last three notes when they last sounded, as `model.recall`. The memory is a
// ring: step t is at t mod its length.

const NUM_RECALLED = 3;

function initRecall({architecture: {recall_steps: size}}, batch) {
  return {
    // of the last steps; -1 = there are fewer than three notes
    situations: new Float64Array(batch * size).fill(-1),
    recallable: new Int16Array(batch * size), // their tokens
    // how far back the place of the last step was; 0 = there was none
    recalledLag: new Int32Array(batch),
    recalledRun: new Int32Array(batch), // for how many steps it has gone on
  };
}

// Remembers a token, whose note is among the last ones already, and adds the token recalled and for
// how long its place has gone on.
function addRecalled(add, carry, b, token, architecture) {
  const {recall_steps: size, num_classes: blank} = architecture;
  const {situations, recallable, recalledLag, recalledRun, numRead} = carry,
    at = b * size;
  const now = situationOf(carry, b, architecture);
  situations[at + (numRead % size)] = now;
  recallable[at + (numRead % size)] = token;
  let lag = 0;
  for (let back = 1; now >= 0 && lag === 0 && back < size && back <= numRead; back++) {
    if (situations[at + ((numRead - back) % size)] === now) lag = back;
  }
  recalledRun[b] = lag > 0 && lag === recalledLag[b] ? recalledRun[b] + 1 : 0;
  recalledLag[b] = lag;
  add(lag ? recallable[at + ((numRead - lag + 1) % size)] : blank);
  add(binOf(lag ? recalledRun[b] + 1 : NOT_AVAILABLE, architecture));
}

// One number of the last three pitches, the steps between them and since, and whether the last
// one sounds.
function situationOf(
  {ages, notes, sounds},
  b,
  {num_notes: num, num_classes: numClasses, note_steps: noteSteps},
) {
  const at = b * num,
    longest = noteSteps[noteSteps.length - 1];
  if (notes[at + NUM_RECALLED - 1] < 0) return -1;
  let situation = sounds[b];
  for (let k = 0; k < NUM_RECALLED; k++) {
    const since = ages[at + k] - (k ? ages[at + k - 1] : 0);
    situation = (situation * numClasses + notes[at + k]) * (longest + 1) + Math.min(since, longest);
  }
  return situation;
}
