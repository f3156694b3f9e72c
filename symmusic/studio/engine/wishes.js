'use strict';
// What a page wishes, as `makeMasks` takes it; mistakes are named.

const WISHES = [
  'scale',
  'lowest',
  'highest',
  'shortest',
  'longest',
  'minNotesPerBar',
  'maxNotesPerBar',
  'rests',
  'endOnTonic',
  'pins',
];
const LIMITS = {
  // of the wishes that are numbers
  lowest: [0, 127],
  highest: [0, 127],
  shortest: [1, 256],
  longest: [1, 256],
  minNotesPerBar: [0, 64],
  maxNotesPerBar: [0, 64],
};
const KEPT = {rhythm: 'the rhythm', pitches: 'the pitches', notes: 'notes', contour: 'the contour'};
const MOST_PITCHES = 256;

// The stated wishes of a request by name, without those that ask for nothing.
function statedWishes(wishes = {}) {
  const unknown = Object.keys(wishes).find((name) => !WISHES.includes(name));
  if (unknown)
    throw new Fault(`'${unknown}' is no wish; wishes are ${WISHES.join(', ')}.`, unknown);
  const stated = Object.entries(wishes).filter(([name, value]) => {
    const isEmpty = value === null || value === undefined || (name === 'pins' && !value.length);
    return !isEmpty && (name === 'rests' ? value === false : value !== false);
  });
  for (const [name, value] of stated) if (name in LIMITS) integer(value, name, ...LIMITS[name]);
  return Object.fromEntries(stated);
}

// The wishes of the automaton for the new steps of a place, of those that are stated. `kept` are
// those of 'vary'.
function readWishes(stated, kept, place) {
  const {scale, pins = [], endOnTonic, ...plain} = stated;
  const {tonic, scale: classes} = readScale(scale, place);
  const fixedNotes = [...pins, ...(kept.notes ?? [])];
  return {
    ...plain,
    scale: scale === undefined ? null : classes,
    last: endOnTonic ? tonic : null,
    rest: kept.rhythm ? null : mostRest(place),
    rhythm: kept.rhythm ?? null,
    pitches: kept.pitches ?? [],
    ...(fixedNotes.length ? layFixed(fixedNotes, place) : {}),
  };
}

// {tonic, scale} of a wish for a scale: pitch classes, a tonic and a mode, or 'tune', the key's own
// scale and all notes of the tune.
function readScale(scale, {key, theory, given}) {
  const {tonic} = key;
  if (scale === undefined) return {tonic, scale: null};
  if (scale === 'tune')
    return {
      tonic,
      scale: new Set([...scaleOn(tonic, key.mode, theory), ...given.map(({pitch}) => pitch % 12)]),
    };
  if (Array.isArray(scale)) {
    if (!scale.length) throw new Fault('The scale has no notes.', 'scale');
    return {tonic, scale: new Set(scale)};
  }
  const own = tonicClass(scale.tonic);
  return {tonic: own, scale: scaleOn(own, scale.mode, theory)};
}

// The most steps of silence after the last note: the place of the pickup, but no more than from the
// last strong beat on.
function mostRest({pickupSteps, bar}) {
  return Math.min(pickupSteps, bar.steps - bar.strong[bar.strong.length - 1]);
}

// {fixed, ended} of notes in steps of the tune: [N] the events that they give, `FREE` elsewhere,
// and the steps right after them, at which an event must end them.
function layFixed(notes, {begin, numSteps}) {
  const fixed = new Int16Array(numSteps).fill(FREE),
    ended = new Set();
  for (const {onset, length, pitch} of monophonic(notes)) {
    const first = onset - begin;
    if (first < 0 || first >= numSteps) continue;
    fixed.fill(NO_EVENT, first, Math.min(first + length, numSteps));
    fixed[first] = pitch;
    ended.add(first + length);
  }
  return {fixed, ended};
}

// The masks of a place; where the wishes cannot be met, a `Fault` that names those that contradict
// one another.
function masksOf(stated, kept, place) {
  if ((kept.pitches ?? []).length > MOST_PITCHES)
    throw new Fault(`At most ${MOST_PITCHES} pitches can be kept.`, 'keep');
  const make = (some, held) => {
    const masks = makeMasks(
      readWishes(some, held, place),
      place.classes,
      place.numSteps,
      place.bar,
      place,
    );
    const contour = masks && held.contour ? makeContour(masks, held.contour, place.before) : null;
    return masks && (!held.contour || contour) ? {masks, contour} : null;
  };
  const found = make(stated, kept);
  if (found) return found;
  const {some, held} = conflictOf(stated, kept, make);
  const names = [...Object.keys(some), ...keptNames(held)];
  const bars = place.numSteps / place.bar.steps;
  const {lowest, highest} = place.range;
  const what = names.length ? names.map((name) => `'${name}'`).join(' and ') : 'The wishes';
  const fault = new Fault(
    `${what} cannot be met${names.length > 1 ? ' together' : ''} in `
      + `${bars === 1 ? 'this bar' : `these ${bars} bars`};`
      + ` the model has the pitches ${lowest} to ${highest} here.`,
    names[0] ?? null,
  );
  throw Object.assign(fault, {wishes: {names, lowest, highest, numBars: bars}});
}

// A wish is named only if its removal makes the rest possible.
function conflictOf(stated, kept, make) {
  let some = stated,
    held = kept;
  for (const name of Object.keys(stated)) {
    const {[name]: _, ...fewer} = some;
    if (!make(fewer, held)) some = fewer;
  }
  if (Object.keys(kept).length && !make(some, {})) held = {};
  return {some, held};
}

function keptNames(kept) {
  const name = ['contour', 'rhythm', 'pitches', 'notes'].find((each) => kept[each]);
  return name ? [`keep ${KEPT[name]}`] : [];
}
