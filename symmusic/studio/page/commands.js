// Commands of keys and buttons. Each works on `target()`: the selected notes, or the one at the
// cursor.

// A command on the target; where there is none it says so. `make(doc, range)` gives the next
// document.
function onTarget(make) {
  const range = target();
  if (!range || !notesIn(tune(), range).length)
    return say('Select some notes first: click one, or a bar number.');
  const before = tune(),
    after = make(before, range);
  if (after === before)
    return say(
      `No note may be below ${pitchName(LOWEST_PITCH, before.key)} or above `
        + `${pitchName(HIGHEST_PITCH, before.key)}.`,
    );
  commit(after);
  tellSelection();
  const first = notesIn(tune(), range)[0];
  if (first) blip(first.pitch);
}

const COMMANDS = {
  up: () => onTarget((doc, range) => transposeInKey(doc, range, 1)),
  down: () => onTarget((doc, range) => transposeInKey(doc, range, -1)),
  sharp: () => onTarget((doc, range) => transposeNotes(doc, range, 1)),
  flat: () => onTarget((doc, range) => transposeNotes(doc, range, -1)),
  'octave-up': () => onTarget((doc, range) => transposeNotes(doc, range, 12)),
  'octave-down': () => onTarget((doc, range) => transposeNotes(doc, range, -12)),
  earlier: () => moveTarget(-1),
  later: () => moveTarget(1),
  shorter: () => lengthenTarget(-1),
  longer: () => lengthenTarget(1),
  erase: () => onTarget((doc, range) => eraseNotes(doc, range)),
  copy: () => copyTarget(),
  cut: () =>
    copyTarget() && commit({...tune(), notes: cut(tune().notes, target().from, target().to)}),
  paste: () => pasteCopied(),
  pin: () => pinTarget(),
  all: () =>
    select({from: firstStep(tune()), to: Math.max(1, numWritten(tune())) * barSteps(tune())}),
  insert: () => commit(insertBars(tune(), Math.floor(state.caret / barSteps(tune())), 1)),
  remove: () => removeTarget(),
  add: () => commit(insertBars(tune(), tune().numBars, 4)),
  undo: () => travel(undo),
  redo: () => travel(redo),
  rows: () => {
    state.isFolded = !state.isFolded;
    show();
  },
  dot: () => {
    state.isDotted = !state.isDotted;
    show();
  },
};

function moveTarget(way) {
  const range = target(),
    by = way * snapSize(noteLength());
  if (!range || !notesIn(tune(), range).length) return say('Select some notes first.');
  const moved = Math.max(by, firstStep(tune()) - notesIn(tune(), range)[0].onset);
  commit(moveNotes(tune(), range, by));
  select({from: range.from + moved, to: range.to + moved});
  tellSelection();
}

function lengthenTarget(way) {
  const range = target();
  onTarget((doc, found) => lengthenNotes(doc, found, way));
  const found = range ? notesIn(tune(), range) : [];
  if (found.length === 1) select({from: found[0].onset, to: noteEnd(found[0])});
}

function copyTarget() {
  const range = target();
  if (!range) {
    say('Select what to copy first.');
    return false;
  }
  state.clipboard = copyNotes(tune(), range);
  say(`${plural(state.clipboard.notes.length, 'note')} copied.`);
  return true;
}

function pasteCopied() {
  if (!state.clipboard) return say('Nothing is copied yet.');
  const at = state.selection?.from ?? state.caret;
  commit(pasteNotes(tune(), at, state.clipboard));
  select({from: at, to: at + state.clipboard.length}, at + state.clipboard.length);
  tellSelection();
}

// Whole bars are pinned as bars, with their rests; else the notes.
function pinTarget() {
  const range = target(),
    size = barSteps(tune());
  if (!range) return say('Select notes or bars to pin first.');
  const isBars = range.from % size === 0 && range.to % size === 0;
  commit(
    isBars ? togglePinnedBars(tune(), barsOf(tune(), range)) : togglePinnedNotes(tune(), range),
  );
  const isOn = isBars
    ? tune().pins.includes(barsOf(tune(), range).from)
    : notesIn(tune(), range).every((each) => each.isPinned);
  say(isOn ? 'Pinned: suggestions do not change it.' : 'No longer pinned.');
}

function removeTarget() {
  const bars = barsOf(tune(), state.selection ?? {from: state.caret, to: state.caret + 1}),
    after = removeBars(tune(), bars);
  if (after === tune())
    return say('A tune has at least one bar; to remove a pickup, choose “none” as its length.');
  commit(after);
  select(null, bars.from * barSteps(tune()));
}
