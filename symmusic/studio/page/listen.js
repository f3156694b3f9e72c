// Listening: all of the tune, a candidate in its place, single notes; the metronome; WAV. By
// player.js.
const STILL_WORKS = 'You can still write, draw and save.';
const blip = (pitch) => player.blip(pitch, state.sound);

const played = (notes) => notes.map((each) => [each.onset, noteEnd(each), each.pitch]);

// Every beat from one step up to another, as the player takes clicks.
function clicksOf(doc, from, to) {
  const bar = barOf(doc.meter),
    clicks = [];
  for (let first = Math.floor(from / bar.steps); first * bar.steps < to; first++) {
    for (const beat of bar.beats)
      if (first * bar.steps + beat >= from && first * bar.steps + beat < to)
        clicks.push([first * bar.steps + beat, beat === 0]);
  }
  return clicks;
}

// Plays the steps from `first` to `end` of a document. `what`: 'tune' or the index of a candidate.
function listen(doc, first, end, what, follow = () => {}) {
  if (!hasAudio()) return say(`${NO_AUDIO} ${STILL_WORKS}`);
  player.play(
    {what, notes: played(doc.notes), clicks: clicksOf(doc, first, end), first, end, ...listening()},
    {
      follow: (step) => {
        showCursor(step);
        follow(step);
      },
      stopped: () => {
        showCursor(null);
        show();
      },
    },
  );
  show();
}

// What the controls say of how it sounds.
const listening = () => ({
  qpm: tune().tempo,
  timbre: state.sound,
  isLoop: get('loop').checked,
  hasClicks: get('click').checked,
});

// Goes on with what the controls now say; a recording stays as it was begun.
const listenOn = () => state.recording || player.change(listening());

// From the selection or the cursor to the end of the selection or the tune; from the start where
// the cursor is behind the last note.
function playTune() {
  const doc = shownDoc(),
    last = Math.max(...doc.notes.map(noteEnd), 0);
  if (!doc.notes.length)
    return say('There is nothing to play yet: write some notes, or start from nothing.');
  const size = barSteps(doc),
    end = Math.ceil(last / size) * size,
    isRange = state.selection && notesIn(doc, state.selection).length > 1;
  const first = isRange
    ? state.selection.from
    : state.caret < last && !state.selection
      ? state.caret
      : firstStep(doc);
  listen(
    doc,
    isRange ? first : doc.notes.some((each) => each.onset >= first) ? first : firstStep(doc),
    isRange ? state.selection.to : end,
    'tune',
  );
}

// The cursor in the roll; what plays is brought into view, line by line.
let lineInView = null;
function showCursor(step) {
  const line = moveCursor([...get('roll').children], rollLayout(), step);
  if (line && line !== lineInView && player.passage?.what === 'tune') bringIntoView(line);
  lineInView = line;
}

// Scrolls the page so that a line of the roll is in view, if it is not.
function bringIntoView(line) {
  const box = line.getBoundingClientRect();
  if (box.bottom <= innerHeight && box.top >= 60) return;
  line.scrollIntoView({
    block: 'center',
    behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth',
  });
}

const showStep = (step) =>
  bringIntoView(
    get('roll').children[lineAt(rollLayout(), Math.min(step, endStep(shownDoc()) - 1))],
  );

// The samples of the tune in the page's own sound; null where the browser cannot.
const renderTune = (doc) =>
  renderPassage({
    notes: played(doc.notes),
    first: doc.notes[0].onset,
    end: noteEnd(doc.notes.at(-1)),
    qpm: doc.tempo,
    timbre: state.sound,
  });
