// The roll of a document, and the small one of a candidate, as roll.js takes them: pure.
const ROW_FOLDED = 15,
  ROW_ALL = 11,
  LEAST_STEP = 8.5,
  MOST_STEP = 26;
const SMALL = {width: 240, height: 64};
const NONE = new Set();

// The layout in a width, of lines of four, two or one bars.
function layOutRoll(doc, width, {isFolded = true, isNarrow = false} = {}) {
  const bar = barOf(doc.meter),
    lead = doc.pickupSteps ? 1 : 0,
    room = width - GUTTER - 2;
  const perLine =
    [4, 2, 1].find((each) => room / (each * bar.steps + doc.pickupSteps) >= LEAST_STEP) ?? 1;
  const step = Math.min(MOST_STEP, room / (perLine * bar.steps + doc.pickupSteps)),
    lines = [];
  for (let first = lead; first < doc.numBars || !lines.length; first += perLine) {
    lines.push({
      from: first === lead ? firstStep(doc) : first * bar.steps,
      to: Math.min(doc.numBars, first + perLine) * bar.steps,
    });
  }
  const row = isFolded ? ROW_FOLDED + (isNarrow ? 1 : 0) : ROW_ALL;
  return layOut({lines, step, rows: rowsOf(doc, isFolded), row, bar});
}

// The rows, from the top: folded, of the pitches of the key and those that the tune has.
function rowsOf(doc, isFolded) {
  const pitches = doc.notes.map((each) => each.pitch),
    tonic = 60 + tonicClass(doc.key) - (tonicClass(doc.key) > 7 ? 12 : 0);
  const lowest = pitches.length ? Math.min(...pitches) : tonic,
    highest = pitches.length ? Math.max(...pitches) : tonic + 14;
  const low = Math.max(LOWEST_PITCH, Math.min(lowest - 3, Math.max(tonic - 3, highest - 17))),
    high = Math.min(HIGHEST_PITCH, Math.max(highest + 4, low + 19));
  const key = {tonic: tonicClass(doc.key), classes: scaleClasses(doc.key)},
    own = new Set(pitches);
  const name = (pitch) => (isFolded || pitch % 12 === key.tonic ? pitchName(pitch, doc.key) : '');
  return rowsBetween(low, high, key, name).filter(
    ({pitch, kind}) => !isFolded || kind !== 'outside' || own.has(pitch),
  );
}

// What the roll shows. `shared`: the onsets to underline.
function musicOf(doc, {selection = null, caret = null, shared = NONE} = {}) {
  const size = barSteps(doc),
    isPinnedBar = (bar) => doc.pins.includes(bar);
  const kindOf = (each) =>
    [
      each.isNew ? 'new' : 'given',
      selection && isWithin(each, selection) ? 'selected' : '',
      each.isPinned || isPinnedBar(Math.floor(each.onset / size)) ? 'pinned' : '',
    ]
      .filter(Boolean)
      .join(' ');
  return {
    notes: doc.notes.map((each) => ({
      ...each,
      kind: kindOf(each),
      name: pitchName(each.pitch, doc.key, {octave: false}),
      isShared: shared.has(each.onset),
    })),
    heading: (bar) => ({
      text: `${barNumber(doc, bar)}${isPinnedBar(bar) ? ' pinned' : ''}`,
      kind: isPinnedBar(bar) ? 'pinned' : '',
    }),
    ranges: selection ? [{...selection, kind: 'selection'}] : [],
    marks: caret === null ? [] : [{step: caret, kind: 'caret'}],
  };
}

// {layout, music} of the small roll of some steps: the notes drawn in the steps of `fresh` are in
// colour, those whose onsets are in `shared` underlined.
function smallRoll(doc, range, fresh, shared = NONE) {
  const notes = doc.notes.filter((each) => each.onset < range.to && noteEnd(each) > range.from);
  const pitches = notes.map((each) => each.pitch),
    low = Math.min(...pitches, 127) - 1,
    high = Math.max(...pitches, low + 12) + 1;
  const rows = Array.from({length: high - low + 1}, (_, index) => ({pitch: high - index}));
  return {
    layout: layOut({
      lines: [range],
      rows,
      step: SMALL.width / (range.to - range.from),
      row: SMALL.height / rows.length,
      bar: barOf(doc.meter),
      left: 0,
      top: 0,
      isBare: true,
    }),
    music: {
      notes: notes.map((each) => ({
        ...each,
        kind: each.isNew && isWithin(each, fresh) ? 'new' : 'given',
        isShared: shared.has(each.onset),
      })),
      ranges: [{...fresh, kind: 'fresh'}],
    },
  };
}
