// Keys: writing notes by letters, walking, and the shortcuts of the roll and the page.
const VALUE_KEYS = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16};

// Writes a note of a letter at the cursor, in the octave nearest to the note before, and goes on
// behind it.
function typeLetter(letter) {
  const doc = tune(),
    before = doc.notes.findLast((each) => each.onset < state.caret)?.pitch ?? 67;
  const natural = NATURALS[letter] + signatureAlter(letter, doc.key.fifths);
  typePitch(natural + 12 * Math.round((before - natural) / 12));
}

function typePitch(pitch) {
  const at =
    state.selection && notesIn(tune(), state.selection).length === 0
      ? state.selection.from
      : state.caret;
  const room = MOST_BARS * barSteps(tune()),
    length = Math.min(noteLength(), room - at);
  if (length < 1) return say(`A tune here has at most ${MOST_BARS} bars.`);
  blip(pitch);
  commit(
    writeNotes(tune(), [note(at, length, Math.min(HIGHEST_PITCH, Math.max(LOWEST_PITCH, pitch)))]),
  );
  select(null, at + length);
  growAtEnd(at + length);
  tellSelection();
}

function typeRest() {
  const at = state.caret,
    to = Math.min(at + noteLength(), MOST_BARS * barSteps(tune()));
  commit({...tune(), notes: cut(tune().notes, at, to)});
  select(null, to);
  growAtEnd(to);
  tellSelection();
}

// Where the cursor is behind the last bar there is another one to write into.
function growAtEnd(step) {
  if (step >= endStep(tune()) && tune().numBars < MOST_BARS)
    commit(insertBars(tune(), tune().numBars, 1), 'grow');
}

// Walks the notes, or with `isMore` selects up to the next; where no note follows, the cursor moves
// by the note length.
function walk(way, isMore) {
  const doc = tune(),
    from = state.selection?.from ?? state.caret,
    to = state.selection?.to ?? state.caret;
  if (isMore) {
    const next =
      way > 0
        ? doc.notes.find((each) => noteEnd(each) > to)
        : doc.notes.findLast((each) => each.onset < from);
    if (next)
      select(
        way > 0 ? {from, to: noteEnd(next)} : {from: next.onset, to: Math.max(to, noteEnd(next))},
      );
  } else {
    const isOnNote = state.selection && notesIn(doc, state.selection).length;
    const next =
      way > 0
        ? doc.notes.find((each) => each.onset >= (isOnNote ? from + 1 : state.caret))
        : doc.notes.findLast((each) => each.onset < from);
    if (next)
      select(
        {from: next.onset, to: noteEnd(next)},
        way > 0 && next === doc.notes.at(-1) && isOnNote ? noteEnd(next) : next.onset,
      );
    else if (way > 0 && isOnNote) select(null, to);
    else select(null, state.caret + way * snapSize(noteLength()));
  }
  tellSelection();
  const note =
    state.selection && notesIn(tune(), state.selection).length === 1
      ? notesIn(tune(), state.selection)[0]
      : null;
  if (note && !isMore) blip(note.pitch);
}

function walkBar(way) {
  const doc = tune(),
    size = barSteps(doc),
    bar = Math.floor((state.selection?.from ?? state.caret) / size) + (state.selection ? way : 0);
  const at = Math.min(doc.numBars - 1, Math.max(0, bar));
  select(stepsOf(doc, {from: at, to: at}));
  tellSelection();
}

function rollKey(event) {
  const {key, altKey: alt, shiftKey: shift} = event,
    isCommand = event.ctrlKey || event.metaKey;
  const name = key.toLowerCase();
  if (state.recording) return;
  const ways = {
    ArrowLeft: () => (alt ? COMMANDS.earlier() : isCommand ? walkBar(-1) : walk(-1, shift)),
    ArrowRight: () => (alt ? COMMANDS.later() : isCommand ? walkBar(1) : walk(1, shift)),
    ArrowUp: () => (alt ? COMMANDS.sharp() : shift ? COMMANDS['octave-up']() : COMMANDS.up()),
    ArrowDown: () => (alt ? COMMANDS.flat() : shift ? COMMANDS['octave-down']() : COMMANDS.down()),
    Home: () => select(null, firstStep(tune())),
    End: () => select(null, Math.max(0, ...tune().notes.map(noteEnd))),
    Delete: COMMANDS.erase,
    Backspace: () => eraseBefore(),
    '[': COMMANDS.shorter,
    ']': COMMANDS.longer,
    '.': COMMANDS.dot,
    Escape: () => (state.preview ? leaveCandidates() : select(null)),
  };
  let does = ways[key];
  if (!does && !isCommand && !alt) {
    if (/^[a-g]$/.test(name)) does = () => typeLetter(name.toUpperCase());
    else if (name === 'r' || key === '0') does = typeRest;
    else if (name === 'p') does = COMMANDS.pin;
    else if (VALUE_KEYS[key])
      does = () => {
        state.value = VALUE_KEYS[key];
        say(nameLength(noteLength()));
        show();
      };
  }
  if (does) {
    event.preventDefault();
    does();
  }
}

// Backspace takes the note before the cursor back.
function eraseBefore() {
  if (state.selection) return COMMANDS.erase();
  const before = tune().notes.findLast((each) => each.onset < state.caret);
  if (!before) return;
  commit(eraseNotes(tune(), {from: before.onset, to: before.onset + 1}));
  select(null, before.onset);
}

// Keys of the whole page; those of fields that one types into stay theirs.
function pageKey(event) {
  const isTyping = event.target.closest(
      'input:not([type=checkbox]):not([type=range]), textarea, select',
    ),
    name = event.key.toLowerCase();
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    if (!get('draw').disabled) draw();
  } else if (event.ctrlKey || event.metaKey) {
    const does = {
      z: event.shiftKey ? COMMANDS.redo : COMMANDS.undo,
      y: COMMANDS.redo,
      c: COMMANDS.copy,
      x: COMMANDS.cut,
      v: COMMANDS.paste,
      a: COMMANDS.all,
    }[name];
    const isOurs =
      !isTyping && ('zy'.includes(name) || get('roll').contains(document.activeElement));
    if (does && isOurs && !String(getSelection())) {
      event.preventDefault();
      does();
    }
  } else if (
    event.key === ' '
    && !isTyping
    && !event.target.closest('button, summary, input, label, a')
  ) {
    event.preventDefault();
    togglePlay();
  } else if (event.key === 'Escape') player.stop();
}

function togglePlay() {
  if (player.passage) player.stop();
  else playTune();
}
