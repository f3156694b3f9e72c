'use strict';
// What may be drawn at each step, so that all wishes can still be met at the end: `generate.masks`,
// `generate.reachable` and `generate.control`. A state says how many given pitches are used, how
// many notes have started in the bar, for how long the note has been held that may end the piece,
// and what sounds (`lengths.js`): axes J, C, E, S, of length 1 where no wish needs them. A table
// lists for each step and state which kinds of classes may follow. It is filled from the end: a
// kind may follow if it leads to a state from which the end can be reached.

// no event, a note ends, a note starts, one starts that may end the piece
const NONE = 0,
  OFF = 1,
  ONSET = 2,
  LAST = 3;
const FREE = -3; // in `fixed` and `rhythm`: any event

// The masks of `numSteps` steps, whose first `numKept` are silent and not drawn; null where the
// wishes cannot be met. wishes, all of which may be absent: {scale: Set, lowest, highest, shortest,
// longest, minNotesPerBar, maxNotesPerBar, rests, last, rest, rhythm, pitches, fixed}, as
// `masks.Wishes` in Python, and `ended`, a Set of steps at which something must start or end.
// `events`: of each class. `held`: for how many steps a note has sounded before, 0 = none.
// `isStated`: the first step that is drawn must be an event.
function makeMasks(wishes, events, numSteps, bar, {held = 0, numKept = 0, isStated = false} = {}) {
  const lengths = lengthsOf(wishes),
    shape = shapeOf(wishes, bar, lengths);
  const masks = {
    wishes,
    events,
    bar,
    numSteps,
    numKept,
    lengths,
    shape,
    kinds: events.map((event) => kindOf(event, wishes)),
    pitches: [...(wishes.pitches ?? []).map((pitch) => events.indexOf(pitch)), -1],
    sounds: Number(held > 0),
    first: [0, 0, 0, Math.min(firstSound(held, lengths), shape[3] - 1)],
  };
  const isWished = events.map((event) => isWishedEvent(event, wishes));
  if ((wishes.pitches ?? []).some((pitch) => !events.includes(pitch))) return null;
  if (!events.some((event, token) => event >= 0 && isWished[token])) return null;
  masks.tokens = Array.from({length: numSteps}, (_, step) =>
    tokensAt(step, masks, isWished, isStated && step === numKept),
  );
  const good = fillTable(masks);
  return good[stateIndex(masks.first, shape)] ? masks : null;
}

function kindOf(event, {last = null}) {
  if (event === NO_EVENT) return NONE;
  if (event === NOTE_OFF) return OFF;
  return last !== null && event % 12 === last ? LAST : ONSET;
}

function isWishedEvent(event, {scale = null, lowest = 0, highest = 127}) {
  return event < 0 || ((!scale || scale.has(event % 12)) && lowest <= event && event <= highest);
}

// [V] the classes that may be drawn at a step, whatever was drawn before.
function tokensAt(step, {wishes: {rhythm, fixed, ended}, events, numKept}, isWished, isFirst) {
  if (step < numKept) return Uint8Array.from(events, (event) => Number(event === NO_EVENT));
  const isStated = isFirst || ended?.has(step);
  const beat = rhythm ? rhythm[step % rhythm.length] : FREE,
    given = fixed ? fixed[step % fixed.length] : FREE;
  return Uint8Array.from(events, (event, token) =>
    Number(
      isWished[token]
        && (beat === FREE || Math.sign(event + 1) === Math.sign(beat + 1))
        && (given === FREE || event === given)
        && !(isStated && event === NO_EVENT),
    ),
  );
}

function shapeOf(wishes, bar, {most, areLimited}) {
  const {
    minNotesPerBar: least = 0,
    maxNotesPerBar: most_ = Infinity,
    rests = true,
    last = null,
    pitches = [],
  } = wishes;
  const distant = [
    pitches.length + 1,
    least > 0 || most_ < bar.steps ? bar.steps + 1 : 1,
    last === null ? 1 : bar.cadence_steps + 1,
  ];
  const needsSound = areLimited || !rests || Math.max(...distant) > 1;
  return [...distant, needsSound ? most + 1 : 1];
}

function stateIndex([used, begun, held, sound], [, numC, numE, numS]) {
  return ((used * numC + begun) * numE + held) * numS + sound;
}

// Calls `visit(state, index)` for every state.
function eachState([numJ, numC, numE, numS], visit) {
  let index = 0;
  for (let used = 0; used < numJ; used++) {
    for (let begun = 0; begun < numC; begun++) {
      for (let held = 0; held < numE; held++) {
        for (let sound = 0; sound < numS; sound++) visit([used, begun, held, sound], index++);
      }
    }
  }
}

// Fills `masks.table`, of each step an array [states, 4], and returns which first states are good.
function fillTable(masks) {
  const {wishes, bar, numSteps, numKept, shape} = masks,
    numStates = shape.reduce((product, length) => product * length, 1);
  const silence = lastSilence(masks);
  let good = new Uint8Array(numStates);
  eachState(shape, (state, index) => {
    good[index] = Number(isFinal(state, masks));
  });
  masks.table = new Array(numSteps);
  for (let step = numSteps - 1; step >= 0; step--) {
    if (step % bar.steps === bar.steps - 1) good = beforeBarLine(good, masks, step);
    const now = (masks.table[step] = new Uint8Array(4 * numStates));
    if (step < numKept) {
      now.fill(1);
      continue;
    }
    if (silence && silence.begin === step + 1 && !silence.num)
      good = good.map((is, index) => Number(is && index % shape[3] > 0));
    const after = good,
      may = mayKinds(masks, step);
    good = new Uint8Array(numStates);
    eachState(shape, (state, index) => {
      for (let kind = 0; kind < 4; kind++) {
        const isSilentYet =
          silence && silence.num && silence.begin === step && state[3] === 0 && kind < ONSET;
        const allowed = may[kind] && !isSilentYet && mayFollow(kind, state, masks, step, after);
        now[4 * index + kind] = Number(allowed);
        if (allowed) good[index] = 1;
      }
    });
  }
  return good;
}

// Whether the piece may end in a state: all pitches are used, the last note has been held, and what
// sounds is long enough.
function isFinal([used, , held, sound], {wishes: {last = null}, shape, lengths}) {
  const isLongEnough =
    shape[3] === 1 || sound === 0 || sound >= Math.min(lengths.shortest, shape[3] - 1);
  return used === shape[0] - 1 && (last === null || held === shape[2] - 1) && isLongEnough;
}

// The good states before a bar line, where the count starts again: enough notes have started,
// except in a bar that is kept in part.
function beforeBarLine(good, {wishes: {minNotesPerBar = 0}, bar, shape, numKept}, step) {
  const least = step + 1 - bar.steps < numKept ? 0 : minNotesPerBar;
  const found = new Uint8Array(good.length);
  eachState(shape, ([used, begun, held, sound], index) => {
    const isEnough = shape[1] === 1 ? least <= 0 : begun >= least;
    found[index] = Number(isEnough && good[stateIndex([used, 0, held, sound], shape)]);
  });
  return found;
}

// {begin, num}: the step from which on silence may follow the last note, and of how many steps.
function lastSilence({wishes: {last = null, rest = null}, numSteps, numKept}) {
  return last !== null && rest !== null && rest < numSteps - numKept
    ? {begin: numSteps - rest, num: rest}
    : null;
}

function mayKinds({tokens, kinds}, step) {
  const may = [false, false, false, false];
  tokens[step].forEach((is, token) => {
    if (is) may[kinds[token]] = true;
  });
  return may;
}

function mayFollow(kind, state, masks, step, after) {
  const {
      wishes: {rests = true, maxNotesPerBar = Infinity},
      shape,
      lengths,
      pitches,
      kinds,
      tokens,
    } = masks,
    [used, begun, , sound] = state;
  if (shape[3] > 1 && !lengthAllows(kind, sound, lengths)) return false;
  if (!rests && (kind === OFF || (kind === NONE && !sound))) return false;
  if (kind >= ONSET) {
    if (shape[1] > 1 && (begun >= maxNotesPerBar || begun === shape[1] - 1)) return false;
    if (shape[0] > 1) {
      const token = pitches[used];
      if (token < 0 || kinds[token] !== kind || !tokens[step][token]) return false;
    }
  }
  return after[stateIndex(stateAfter(kind, state, masks, step), shape)] === 1;
}

// The state after a step of a kind, within a bar.
function stateAfter(kind, [used, begun, held, sound], {shape, bar}, step) {
  const enough = shape[2] - 1,
    next = shape[3] > 1 ? soundAfter(kind, sound, shape[3] - 1) : 0;
  if (kind === NONE) return [used, begun, held > 0 && held < enough ? held + 1 : held, next];
  if (kind === OFF) return [used, begun, held < enough ? 0 : held, next];
  const begins = Math.min(Number(kind === LAST && bar.strong.includes(step % bar.steps)), enough);
  return [Math.min(used + 1, shape[0] - 1), Math.min(begun + 1, shape[1] - 1), begins, next];
}

// Narrows `may` [V] to the classes that may be drawn at a step in a state.
function allow(may, masks, state, step) {
  const {tokens, table, kinds, pitches, shape, numKept} = masks,
    at = 4 * stateIndex(state, shape);
  for (let token = 0; token < may.length; token++) {
    const isNext =
      shape[0] === 1 || kinds[token] < ONSET || token === pitches[state[0]] || step < numKept;
    may[token] &= tokens[step][token] & table[step][at + kinds[token]] & Number(isNext);
  }
}

// The state after a token.
function advance(masks, state, token, step) {
  const {kinds, bar, numKept} = masks;
  const after = step < numKept ? state : stateAfter(kinds[token], state, masks, step);
  return step % bar.steps === bar.steps - 1 ? [after[0], 0, after[2], after[3]] : after;
}
