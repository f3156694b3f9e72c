'use strict';
// The rows of the first layer's input matrix that a step reads, and what is remembered for them:
// the last tokens, for how long the melody has agreed with what it was some bars before, and its
// last notes. As `model.inputs`, `model.agreement` and `model.notes`.

// In place of numbers of steps: the lag reaches no token; two tokens could not be compared yet.
const NOT_AVAILABLE = -1,
  NOT_COMPARED = -2;

function initHistory(network, batch) {
  const {architecture} = network;
  const {longest_lag: longest, lookback, num_notes: numNotes, padding} = architecture;
  return {
    // a ring: token t is at t mod the longest lag
    tokens: new Int16Array(batch * Math.max(longest, 1)).fill(padding),
    begun: new Int32Array(batch).fill(-1), // the step of the first event
    agreed: new Int32Array(batch * lookback.length), // for how many steps each lag has agreed
    // the same of each look ahead, and the tokens last seen there
    agreedAhead: new Int32Array(batch * lookback.length),
    ahead: new Int16Array(batch * lookback.length).fill(architecture.num_classes),
    // steps since each of the last notes started, the latest first
    ages: new Int32Array(batch * numNotes),
    notes: new Int16Array(batch * numNotes).fill(-1), // their classes; -1 = there is none
    sounds: new Uint8Array(batch), // whether the latest sounds
    ...initRecall(network, batch),
  };
}

// Writes the rows [B, K] and remembers the tokens; -1 = no row. Call it once per step, before
// `carry.numRead` is raised.
function findRows(rows, network, carry, tokens, bar, step, left, ahead) {
  const {architecture, blocks} = network;
  const lags = lagsOf(bar, architecture),
    numRows = blocks.length;
  for (let b = 0; b < carry.batch; b++) {
    let place = b * numRows,
      index = 0;
    const add = (value) => {
      const {begin, size} = blocks[index++];
      rows[place++] = value >= 0 && value < size ? begin + value : -1;
    };
    const token = tokens[b];
    add(token);
    if (architecture.num_positions) add(step);
    if (architecture.num_meters) add(bar.index);
    for (let count = 0; count < architecture.left_sizes.length; count++)
      add(left ? left[count] : NOT_KNOWN);
    if (architecture.agreement) agree(carry, b, token, lags, architecture);
    if (architecture.agreement_ahead) agreeAhead(carry, b, token, ahead, architecture);
    if (carry.tokens.length) writeToken(carry, b, token, architecture);
    for (const lag of lags) add(tokenBack(carry, b, carry.numRead + 1 - lag, architecture));
    if (architecture.infilling)
      for (let index = 0; index < lags.length; index++)
        add(ahead ? ahead.tokens[index] : architecture.num_classes);
    if (architecture.agreement) addAgreements(add, carry, b, lags, architecture);
    if (architecture.agreement_ahead)
      for (let index = 0; index < lags.length; index++)
        addAgreementAhead(add, carry, b * lags.length + index, architecture);
    if (architecture.last_notes.length) noteToken(carry, b, token, architecture);
    if (architecture.recall_steps) addRecalled(add, carry, b, token, architecture);
    if (architecture.last_notes.length) addNotes(add, carry, b, architecture);
  }
}

function writeToken(carry, b, token, {longest_lag: longest}) {
  const size = Math.max(longest, 1);
  carry.tokens[b * size + (carry.numRead % size)] = token;
}

// The token at an earlier step, or at this one; padding before the first.
function tokenBack(carry, b, step, {longest_lag: longest, padding}) {
  const size = Math.max(longest, 1);
  return step < 0 ? padding : carry.tokens[b * size + (step % size)];
}

// Whether the melody is known at a step: not before the first event.
function isKnown(carry, b, step) {
  return carry.begun[b] >= 0 && step >= carry.begun[b];
}

// For how many steps tokens have agreed after one more was compared.
function afterOneMore(agreed, agrees) {
  return agrees ? Math.max(agreed, 0) + 1 : 0;
}

// Counts for how long each lag has agreed, before the token is remembered: it would overwrite the
// one that is the longest lag before.
function agree(carry, b, token, lags, architecture) {
  if (carry.begun[b] < 0 && token !== architecture.padding) carry.begun[b] = carry.numRead;
  lags.forEach((lag, index) => {
    const at = b * lags.length + index;
    const isCompared = isKnown(carry, b, carry.numRead - lag),
      other = tokenBack(carry, b, carry.numRead - lag, architecture);
    carry.agreed[at] = isCompared ? afterOneMore(carry.agreed[at], token === other) : NOT_COMPARED;
  });
}

// Counts for how long each look ahead has agreed: what the last step saw ahead of this one.
function agreeAhead(carry, b, token, ahead, {num_classes: blank, lookback}) {
  for (let index = 0; index < lookback.length; index++) {
    const at = b * lookback.length + index,
      other = carry.ahead[at];
    const isCompared = carry.begun[b] >= 0 && other !== blank;
    carry.agreedAhead[at] = isCompared
      ? afterOneMore(carry.agreedAhead[at], token === other)
      : NOT_COMPARED;
    carry.ahead[at] = ahead ? ahead.tokens[index] : blank;
  }
}

function addAgreements(add, carry, b, lags, architecture) {
  lags.forEach((lag, index) => {
    const agreed = carry.agreed[b * lags.length + index];
    add(binOf(isKnown(carry, b, carry.numRead + 1 - lag) ? agreed : NOT_AVAILABLE, architecture));
  });
}

function addAgreementAhead(add, carry, at, architecture) {
  const isKnown = carry.ahead[at] < architecture.num_classes;
  add(binOf(isKnown ? carry.agreedAhead[at] : NOT_AVAILABLE, architecture));
}

// The bin of a number of steps; one below 0 has a bin of its own at the end.
function binOf(agreed, {agreement_size: size}) {
  return agreed < 0 ? size + agreed : Math.min(32 - Math.clz32(agreed), size - 3);
}

// Counts a token's note among the last ones.
function noteToken({ages, notes, sounds}, b, token, architecture) {
  const {num_notes: num, last_notes, padding} = architecture;
  const at = b * num,
    isOnset = token >= last_notes[0];
  for (let k = 0; k < num; k++) ages[at + k]++;
  if (isOnset) {
    for (let k = num - 1; k > 0; k--) {
      ages[at + k] = ages[at + k - 1];
      notes[at + k] = notes[at + k - 1];
    }
    ages[at] = 0;
    notes[at] = token;
  }
  if (token !== padding) sounds[b] = Number(isOnset);
}

function addNotes(add, {ages, notes, sounds}, b, architecture) {
  const {
    num_notes: num,
    last_notes: [first, lowest],
    note_steps: noteSteps,
    widest,
    num_classes: numClasses,
  } = architecture;
  const at = b * num,
    numBins = noteSteps.length;
  const isKnown = notes[at] >= 0,
    pitch = notes[at] - first;
  add(isKnown ? stepBin(ages[at], noteSteps) + (sounds[b] ? 0 : numBins) : 2 * numBins);
  add(isKnown ? pitch : numClasses - first);
  add(isKnown ? (pitch + lowest) % 12 : 12);
  for (let k = 1; k < num; k++) {
    const interval = Math.max(-widest, Math.min(notes[at + k] - notes[at], widest));
    add(notes[at + k] >= 0 ? interval + widest : 2 * widest + 1);
  }
  for (let k = 1; k < num; k++)
    add(notes[at + k] >= 0 ? stepBin(ages[at + k] - ages[at + k - 1], noteSteps) : numBins);
}

// The last of the bins that start at `noteSteps` whose start is not above a number of steps.
function stepBin(steps, noteSteps) {
  let bin = noteSteps.length - 1;
  while (bin > 0 && noteSteps[bin] > steps) bin--;
  return bin;
}
