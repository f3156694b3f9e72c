// Editing in the roll by pointer: write, move, lengthen, erase, select. A drag works on a draft,
// which is kept when the pointer is lifted.
let layout = null,
  drag = null;
const rollLayout = () => layout;

function showRoll() {
  const roll = get('roll'),
    doc = shownDoc(),
    isNarrow = roll.clientWidth < 600;
  if (!roll.clientWidth) return; // while the page is printed; it is drawn when it has a width again
  if (!drag) layout = layOutRoll(doc, roll.clientWidth, {isFolded: state.isFolded, isNarrow});
  const music = musicOf(doc, {
    selection: state.selection,
    caret: state.caret,
    shared: sharedIn(doc.notes)?.onsets,
  });
  while (roll.children.length > layout.lines.length) roll.lastChild.remove();
  while (roll.children.length < layout.lines.length)
    roll.append(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
  layout.lines.forEach((_, index) => {
    const line = roll.children[index];
    line.style.width = `${layout.width}px`;
    showRollLine(line, layout, index, music);
  });
}

// Steps that new notes start at: the largest plain value within their length.
const snapSize = (length) => (length % 4 === 0 ? 4 : length % 2 === 0 ? 2 : 1);
const snapDown = (step, size) => Math.floor(step / size) * size;

function pointed(event) {
  const lines = [...get('roll').children];
  let line = lines.indexOf(event.target.closest?.('svg'));
  if (drag || line < 0) {
    // a drag may leave its line: the nearest one counts
    line = lines.reduce(
      (best, each, index) => {
        const {top, bottom} = each.getBoundingClientRect(),
          distance = Math.max(top - event.clientY, event.clientY - bottom, 0);
        return distance < best.distance ? {distance, index} : best;
      },
      {distance: Infinity, index: 0},
    ).index;
    if (drag && !drag.crosses) line = drag.line;
  }
  const box = lines[line].getBoundingClientRect(),
    scale = layout.width / box.width;
  return {
    line,
    ...placeAt(layout, line, (event.clientX - box.left) * scale, (event.clientY - box.top) * scale),
  };
}

// The note at a place: in its row, or for a finger in the next one, where no other is.
function noteAt(doc, place, isFinger) {
  const rows = isFinger ? [0, -1, 1] : [0];
  for (const by of rows) {
    const found = doc.notes.find(
      (each) =>
        each.pitch === layout.rows[place.row + by]?.pitch
        && each.onset <= place.step
        && place.step < noteEnd(each),
    );
    if (found) return found;
  }
  return null;
}

function pointerDown(event) {
  if (event.button > 0 || !layout) return;
  if (state.preview) leaveCandidates();
  const place = pointed(event),
    doc = tune(),
    isFinger = event.pointerType === 'touch',
    found = place.isHeading ? null : noteAt(doc, place, isFinger);
  const base = {doc, line: place.line, start: place, moved: false, pitch: null};
  if (place.isHeading) {
    const bar = Math.floor(place.step / barSteps(doc));
    const from =
      event.shiftKey && state.selection ? Math.min(barsOf(doc, state.selection).from, bar) : bar;
    drag = {...base, kind: 'bars', from, crosses: true};
    select(stepsOf(doc, {from: Math.min(from, bar), to: Math.max(from, bar)}));
  } else if (state.tool === 'erase' || event.ctrlKey || event.metaKey) {
    drag = {...base, kind: 'erase'};
    if (found) state.draft = eraseNotes(doc, {from: found.onset, to: found.onset + 1});
  } else if (state.tool === 'select' || (event.shiftKey && !found)) {
    const at = snapDown(place.step, snapSize(noteLength()));
    drag = {...base, kind: 'range', from: at, crosses: true};
    if (found) select({from: found.onset, to: noteEnd(found)});
    else select(null, at);
  } else if (found) {
    const isMany =
      state.selection
      && isWithin(found, state.selection)
      && notesIn(doc, state.selection).length > 1;
    const range = isMany ? state.selection : {from: found.onset, to: found.onset + 1};
    const width = found.length * layout.step,
      isEnd =
        !isMany
        && (noteEnd(found) - place.step) * layout.step < Math.min(isFinger ? 16 : 9, width * 0.4);
    drag = {
      ...base,
      kind: isEnd ? 'length' : 'move',
      range,
      found,
      isMany,
      wasSelected: state.selection?.from === found.onset,
    };
    if (!isMany) select({from: found.onset, to: noteEnd(found)}, noteEnd(found));
    blip(found.pitch);
  } else {
    drag = {
      ...base,
      kind: 'write',
      onset: Math.max(firstStep(doc), snapDown(place.step, snapSize(noteLength()))),
      row: place.row,
    };
    if (!isFinger) draftWritten(place); // a finger may be about to scroll
  }
  get('roll').setPointerCapture?.(event.pointerId);
  show();
}

function draftWritten(place) {
  const {pitch} = layout.rows[place.row],
    dragged =
      Math.ceil((place.step - drag.onset) / snapSize(noteLength())) * snapSize(noteLength());
  const length = drag.moved ? Math.max(1, dragged) : noteLength();
  state.draft = writeNotes(drag.doc, [note(drag.onset, length, pitch)]);
  select({from: drag.onset, to: drag.onset + length}, drag.onset + length);
  sounded(pitch);
}

function sounded(pitch) {
  if (drag.pitch !== pitch) blip(pitch);
  drag.pitch = pitch;
}

function pointerMove(event) {
  if (!drag) return;
  const place = pointed(event),
    {doc} = drag,
    snap = Math.min(snapSize(noteLength()), drag.found ? snapSize(drag.found.onset || 4) : 4);
  if (Math.abs(place.step - drag.start.step) * layout.step > 5 || place.row !== drag.start.row)
    drag.moved = true;
  if (drag.kind === 'bars') {
    const bar = Math.floor(place.step / barSteps(doc));
    select(stepsOf(doc, {from: Math.min(drag.from, bar), to: Math.max(drag.from, bar)}));
  } else if (drag.kind === 'range' && drag.moved) {
    const size = snapSize(noteLength()),
      at = snapDown(place.step, size) + (place.step >= drag.from ? size : 0);
    select({from: Math.min(drag.from, at), to: Math.max(drag.from, at)});
  } else if (drag.kind === 'erase') {
    const found = noteAt(state.draft ?? doc, place, event.pointerType === 'touch');
    if (found)
      state.draft = eraseNotes(state.draft ?? doc, {from: found.onset, to: found.onset + 1});
  } else if (drag.kind === 'write' && (drag.moved || state.draft)) draftWritten(place);
  else if (drag.kind === 'length' && drag.moved) {
    const length = Math.max(1, Math.round((place.step - drag.found.onset) / snap) * snap);
    state.draft = writeNotes(doc, [{...drag.found, length}]);
    select({from: drag.found.onset, to: drag.found.onset + length}, drag.found.onset + length);
  } else if (drag.kind === 'move' && drag.moved) moveDragged(place, snap);
  show();
}

function moveDragged(place, snap) {
  const {doc, range, found, start} = drag;
  const steps = Math.round((place.step - start.step) / snap) * snap,
    rows = place.row - start.row;
  const at = layout.places.get(found.pitch),
    {pitch} = layout.rows[Math.min(layout.rows.length - 1, Math.max(0, at + rows))];
  state.draft = moveNotes(doc, range, steps, pitch - found.pitch);
  const by = Math.max(steps, firstStep(doc) - notesIn(doc, range)[0].onset);
  if (drag.isMany) select({from: range.from + by, to: range.to + by});
  else select({from: found.onset + by, to: noteEnd(found) + by}, noteEnd(found) + by);
  sounded(pitch);
}

function pointerUp(event) {
  if (!drag) return;
  const ended = drag;
  if (ended.kind === 'write' && event.type !== 'pointercancel') {
    if (!state.draft) draftWritten(ended.start);
    lastWritten = performance.now();
  }
  drag = null;
  if (event.type === 'pointercancel') {
    state.draft = null;
    show();
    return;
  }
  get('roll').focus({preventScroll: true});
  if (state.draft) commit(state.draft);
  if (ended.kind === 'bars') offerBars();
  tellSelection();
  show();
}

// Two taps on a note erase it.
function doubleClick(event) {
  const place = pointed(event),
    found = place.isHeading ? null : noteAt(tune(), place, false);
  if (!found || state.tool !== 'write') return;
  if (performance.now() - lastWritten < 600) return;
  commit(eraseNotes(tune(), {from: found.onset, to: found.onset + 1}));
  select(null, found.onset);
}
let lastWritten = 0;

// What is selected, in words, under the roll and for screen readers.
function tellSelection() {
  const doc = tune(),
    found = state.selection ? notesIn(doc, state.selection) : [];
  const at = found[0] ?? null,
    text = get('selected');
  if (!state.selection) text.textContent = `Cursor: ${placeWords(doc, state.caret)}.`;
  else if (found.length === 1)
    text.textContent =
      `${pitchName(at.pitch, doc.key)}, ${nameLength(at.length)}, `
      + `${placeWords(doc, at.onset)}${at.isPinned ? ', pinned' : ''}.`;
  else text.textContent = `${plural(found.length, 'note')} in ${selectionWords(doc)}.`;
}

// How much of the tune that is shown is as in a training tune.
function showShared() {
  const doc = shownDoc(),
    shared = sharedIn(doc.notes);
  get('shared').textContent = tellShared(state.sketch, shared, doc);
  get('shared').classList.toggle('beyond', Boolean(shared?.isBeyond));
}

const known = new WeakMap();
function sharedIn(notes) {
  if (!known.has(notes)) known.set(notes, sharedBy(state.sketch, notes));
  return known.get(notes);
}

const selectionWords = (doc) => barWords(doc, barsOf(doc, state.selection));

function placeWords(doc, step) {
  const bar = barOf(doc.meter),
    number = Math.min(doc.numBars - 1, Math.floor(step / bar.steps)),
    within = step - number * bar.steps;
  return `bar ${barNumber(doc, number)}, beat ${Number(beatAt(bar, within).toFixed(2))}`;
}
