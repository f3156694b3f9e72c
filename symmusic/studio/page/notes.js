// The notes of a document: pure functions that write, erase, move and copy them.

// Puts notes into a document: they take the place of what they cover. A note that sounds when one
// of them starts ends there; notes that start within one of them are left out. What starts before
// the first step or ends after the last bar that a tune may have is cut.
function writeNotes(doc, notes) {
  let kept = doc.notes;
  const written = [];
  for (const each of [...notes].sort((a, b) => a.onset - b.onset || b.pitch - a.pitch)) {
    const last = written.at(-1),
      onset = Math.max(each.onset, firstStep(doc)),
      end = Math.min(noteEnd(each), MOST_BARS * barSteps(doc));
    if (end <= onset || (last && last.onset === onset)) continue;
    if (last && noteEnd(last) > onset)
      written[written.length - 1] = {...last, length: onset - last.onset};
    const pitch = Math.min(127, Math.max(0, each.pitch));
    written.push({...note(onset, end - onset, pitch, each)});
  }
  for (const each of written) kept = cut(kept, each.onset, noteEnd(each));
  return fitted({...doc, notes: [...kept, ...written].sort((a, b) => a.onset - b.onset)});
}

// Notes without what sounds in the steps from `from` to `to`.
function cut(notes, from, to) {
  return notes.flatMap((each) => {
    if (each.onset >= from && each.onset < to) return [];
    return each.onset < from && noteEnd(each) > from
      ? [{...each, length: from - each.onset}]
      : [each];
  });
}

// With as many bars as the notes need, and pins of bars that exist.
function fitted(doc) {
  const numBars = Math.min(
    MOST_BARS,
    Math.max(doc.numBars, numWritten(doc), 1 + (doc.pickupSteps > 0)),
  );
  return {...doc, numBars, pins: doc.pins.filter((bar) => bar < numBars)};
}

// The notes of a range changed by `change(note)`; they take the place of what they then cover.
function changeNotes(doc, range, change) {
  const others = doc.notes.filter((each) => !isWithin(each, range));
  return writeNotes({...doc, notes: others}, notesIn(doc, range).map(change));
}

function eraseNotes(doc, range) {
  return {...doc, notes: doc.notes.filter((each) => !isWithin(each, range))};
}

// By semitones; where a note would leave the range of pitches, none moves.
function transposeNotes(doc, range, semitones) {
  const found = notesIn(doc, range).map((each) => each.pitch + semitones);
  if (!found.length || Math.min(...found) < LOWEST_PITCH || Math.max(...found) > HIGHEST_PITCH)
    return doc;
  return {
    ...doc,
    notes: doc.notes.map((each) =>
      isWithin(each, range) ? {...each, pitch: each.pitch + semitones} : each,
    ),
  };
}

// Up or down by notes of the key.
function transposeInKey(doc, range, degrees) {
  const found = notesIn(doc, range).map((each) => scaleStep(each.pitch, degrees, doc.key));
  if (!found.length || Math.min(...found) < LOWEST_PITCH || Math.max(...found) > HIGHEST_PITCH)
    return doc;
  return {
    ...doc,
    notes: doc.notes.map((each) =>
      isWithin(each, range) ? {...each, pitch: scaleStep(each.pitch, degrees, doc.key)} : each,
    ),
  };
}

function moveNotes(doc, range, steps, semitones = 0) {
  const found = notesIn(doc, range);
  if (!found.length) return doc;
  const by = Math.max(steps, firstStep(doc) - found[0].onset);
  return changeNotes(doc, range, (each) => ({
    ...each,
    onset: each.onset + by,
    pitch: each.pitch + semitones,
  }));
}

// Each note of the range longer by so many steps, at least one long; notes that follow within the
// range are not covered.
function lengthenNotes(doc, range, steps) {
  const found = notesIn(doc, range);
  return changeNotes(doc, range, (each) => {
    const next = found[found.findIndex((other) => other.onset === each.onset) + 1];
    const most = next ? next.onset - each.onset : Infinity;
    return {...each, length: Math.max(1, Math.min(each.length + steps, most))};
  });
}

// What is copied: the notes, from the start of the range, and how long it is.
function copyNotes(doc, range) {
  return {
    length: range.to - range.from,
    notes: notesIn(doc, range).map((each) => ({
      ...each,
      onset: each.onset - range.from,
      isPinned: false,
    })),
  };
}

// Pastes at a step: all of the copied length is replaced, its silence too.
function pasteNotes(doc, at, copied) {
  const room = {...doc, notes: cut(doc.notes, at, at + copied.length)};
  return writeNotes(
    room,
    copied.notes.map((each) => ({...each, onset: each.onset + at})),
  );
}
