// The tune that is edited, as one immutable document, and the pure functions that make the next one
// from it. Times are steps from the bar line at which the first bar starts; with a pickup the first
// bar is silent up to its last `pickupSteps` steps. Tempo is quarters per minute.
//
//   {title, meter, key: {fifths, mode}, tempo, pickupSteps, numBars, notes, pins}
//   notes: [{onset, length, pitch, isNew, isPinned}] in order; one voice: a note that is written
//     takes the place of what it covers
//   pins: [bar, ...] from 0, in order: bars that no drawing changes
const MOST_BARS = 200;
const LOWEST_PITCH = 36,
  HIGHEST_PITCH = 96;

function emptyDocument(change = {}) {
  return {
    title: '',
    meter: '4/4',
    key: {fifths: 0, mode: 'major'},
    tempo: 120,
    pickupSteps: 0,
    numBars: 4,
    notes: [],
    pins: [],
    ...change,
  };
}

const barSteps = (doc) => barOf(doc.meter).steps;
const endStep = (doc) => doc.numBars * barSteps(doc);
const firstStep = (doc) => (doc.pickupSteps ? barSteps(doc) - doc.pickupSteps : 0);
const noteEnd = (note) => note.onset + note.length;
// The number of a bar for people: a pickup is bar 0, the first full bar 1.
const barNumber = (doc, bar) => bar + (doc.pickupSteps ? 0 : 1);
const isWithin = (note, range) => note.onset >= range.from && note.onset < range.to;
const notesIn = (doc, range) => doc.notes.filter((note) => isWithin(note, range));
const barsOf = (doc, range) => ({
  from: Math.floor(range.from / barSteps(doc)),
  to: Math.max(0, Math.ceil(range.to / barSteps(doc)) - 1),
});
const stepsOf = (doc, bars) => ({
  from: bars.from * barSteps(doc),
  to: (bars.to + 1) * barSteps(doc),
});
// The bar after the last one with a note; at least the first full one.
const numWritten = (doc) => Math.ceil(Math.max(0, ...doc.notes.map(noteEnd)) / barSteps(doc));

function note(onset, length, pitch, {isNew = false, isPinned = false} = {}) {
  return {onset, length, pitch, isNew, isPinned};
}

// Empty bars before the bar `at`, as many as the tune may still have.
function insertBars(doc, at, count) {
  const most = Math.min(count, MOST_BARS - doc.numBars),
    size = barSteps(doc),
    from = at * size;
  if (most <= 0) return doc;
  const notes = doc.notes.map((each) =>
    each.onset >= from ? {...each, onset: each.onset + most * size} : each,
  );
  return {
    ...doc,
    numBars: doc.numBars + most,
    notes,
    pins: doc.pins.map((bar) => (bar >= at ? bar + most : bar)),
  };
}

// Takes bars out, with their notes; at least one full bar stays.
function removeBars(doc, asked) {
  const bars = {from: asked.from, to: Math.min(asked.to, doc.numBars - 1)};
  const num = bars.to - bars.from + 1,
    size = barSteps(doc),
    range = stepsOf(doc, bars);
  if (
    num < 1
    || doc.numBars - num < 1 + (doc.pickupSteps > 0)
    || (doc.pickupSteps && bars.from === 0)
  )
    return doc;
  const notes = cut(doc.notes, range.from, range.to).map((each) =>
    each.onset >= range.to ? {...each, onset: each.onset - num * size} : each,
  );
  const pins = doc.pins
    .filter((bar) => bar < bars.from || bar > bars.to)
    .map((bar) => (bar > bars.to ? bar - num : bar));
  return {...doc, numBars: doc.numBars - num, notes, pins};
}

// Another metre: the notes keep their lengths and places after the pickup, and the bar lines move.
function setMeter(doc, meter) {
  const size = barOf(meter).steps,
    pickupSteps = Math.min(doc.pickupSteps, size - 1);
  if (meter === doc.meter) return doc;
  const before = firstStep(doc),
    after = pickupSteps ? size - pickupSteps : 0;
  const notes = doc.notes.map((each) => ({...each, onset: each.onset - before + after}));
  return fitted({
    ...doc,
    meter,
    pickupSteps,
    notes,
    pins: [],
    numBars: notes.length ? 1 : doc.numBars,
  });
}

// Another length of the pickup, in steps: a bar for it is put before the first one, or taken away.
// Null where it would lose notes.
function setPickup(doc, pickupSteps) {
  const size = barSteps(doc),
    steps = Math.max(0, Math.min(pickupSteps, size - 1));
  const first = doc.pickupSteps ? size : 0; // of the first full bar
  if (doc.notes.some((each) => each.onset < (steps ? first - steps : first))) return null;
  const by = (steps ? size : 0) - first;
  const pins = doc.pins.map((bar) => bar + by / size).filter((bar) => bar >= 0);
  return fitted({
    ...doc,
    pickupSteps: steps,
    numBars: doc.numBars + by / size,
    pins,
    notes: doc.notes.map((each) => ({...each, onset: each.onset + by})),
  });
}

const setTempo = (doc, tempo) => ({...doc, tempo: limitTempo(tempo, 120)});
const setKey = (doc, key) => ({...doc, key});
const setTitle = (doc, title) => ({...doc, title: String(title).slice(0, 200)});

// All of the tune in another key: the notes move to the nearest place of the new tonic.
function transposeTune(doc, key) {
  const by = modulo(tonicClass(key) - tonicClass(doc.key) + 6, 12) - 6;
  return {...doc, key, notes: doc.notes.map((each) => ({...each, pitch: each.pitch + by}))};
}

// Pins all bars of a range, or, if they all are pinned, none of them.
function togglePinnedBars(doc, asked) {
  const bars = {from: asked.from, to: Math.min(asked.to, doc.numBars - 1)};
  const all = Array.from({length: bars.to - bars.from + 1}, (_, index) => bars.from + index);
  const without = doc.pins.filter((bar) => bar < bars.from || bar > bars.to);
  return {
    ...doc,
    pins: all.every((bar) => doc.pins.includes(bar))
      ? without
      : [...without, ...all].sort((a, b) => a - b),
  };
}

function togglePinnedNotes(doc, range) {
  const isPinned = !notesIn(doc, range).every((each) => each.isPinned);
  return {
    ...doc,
    notes: doc.notes.map((each) => (isWithin(each, range) ? {...each, isPinned} : each)),
  };
}

// The notes that a drawing must keep: those that are pinned, and those that start in pinned bars.
function pinnedNotes(doc) {
  return doc.notes.filter(
    (each) => each.isPinned || doc.pins.includes(Math.floor(each.onset / barSteps(doc))),
  );
}

// A document from data that may come from anywhere, such as a project file; null if it is none.
function checkDocument(data) {
  const whole = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;
  if (
    !data
    || typeof data !== 'object'
    || !barOf(String(data.meter))
    || !(data.key?.mode in MODES)
    || !whole(data.key.fifths, -7, 7)
  )
    return null;
  const size = barOf(data.meter).steps;
  if (
    !whole(data.pickupSteps, 0, size - 1)
    || !whole(data.numBars, 1, MOST_BARS)
    || !Array.isArray(data.notes)
    || !Array.isArray(data.pins)
  )
    return null;
  const isNote = (each) =>
    whole(each?.onset, 0, MOST_BARS * size)
    && whole(each.length, 1, MOST_BARS * size)
    && whole(each.pitch, 0, 127);
  if (
    !data.notes.every(isNote)
    || !data.pins.every((bar) => whole(bar, 0, MOST_BARS))
    || !Number.isFinite(data.tempo)
  )
    return null;
  const {
    title = '',
    meter,
    key: {fifths, mode},
    pickupSteps,
    numBars,
  } = data;
  const empty = emptyDocument({
    title: String(title).slice(0, 200),
    meter,
    key: {fifths, mode},
    pickupSteps,
    numBars,
    pins: [...data.pins],
  });
  return writeNotes(
    setTempo(empty, data.tempo),
    data.notes.map((each) =>
      note(each.onset, each.length, each.pitch, {
        isNew: each.isNew === true,
        isPinned: each.isPinned === true,
      }),
    ),
  );
}
