// Listening: all of the tune, a candidate in its place, single notes; the metronome; WAV. Uses
// playback.js.
let audio = null; // for single notes; made with the first click, as browsers ask for

const hasAudio = () => typeof AudioContext !== 'undefined';
const NO_AUDIO = 'This browser cannot play sound: you can still write, draw and save.';

function blip(pitch) {
  if (!hasAudio()) return;
  audio ??= new AudioContext();
  audio.resume();
  sound(audio, pitch, audio.currentTime + 0.01, audio.currentTime + 0.25, SOUNDS[state.sound]);
}

const played = (notes) => notes.map((each) => [each.onset, noteEnd(each), each.pitch]);

// Every beat from one step up to another, as `playNotes` takes clicks.
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

// Plays the steps from `first` to `end` of a document; a loop is many times the same. `what`:
// 'tune' or the index of a candidate.
function listen(doc, first, end, what, {isLoop = get('loop').checked, follow = () => {}} = {}) {
  stopListening();
  if (!hasAudio()) return say(NO_AUDIO);
  const length = end - first,
    sounding = played(doc.notes)
      .filter(([onset]) => onset >= first && onset < end)
      .map(([onset, off, pitch]) => [onset, Math.min(off, end), pitch]);
  const times = isLoop ? Math.max(1, Math.min(200, Math.floor(3000 / (sounding.length + 1)))) : 1;
  const clicks = get('click').checked ? clicksOf(doc, first, end) : [];
  const again = (list, move) =>
    Array.from({length: times}, (_, index) =>
      list.map((each) => move(each, index * length)),
    ).flat();
  const wrapped = (step) => first + ((step - first) % length);
  const ended = () => {
    stopListening();
    if (isLoop) listen(doc, first, end, what, {isLoop, follow});
  };
  const silence = playNotes(
    again(sounding, ([onset, off, pitch], by) => [onset + by, off + by, pitch]),
    {
      first,
      end: first + times * length,
      qpm: doc.tempo,
      stepsPerQuarter: 4,
      timbre: state.sound,
      clicks: again(clicks, ([step, isStrong], by) => [step + by, isStrong]),
    },
    (step) => {
      state.playing.step = wrapped(step);
      showCursor(wrapped(step));
      follow(wrapped(step));
    },
    ended,
  );
  state.playing = {what, silence, step: first, doc, first, end, isLoop, follow};
  show();
}

function stopListening() {
  if (!state.playing) return;
  state.playing.silence();
  state.playing = null;
  showCursor(null);
  show();
}

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

// Starts again from the same place, after a change of tempo or sound.
function listenOn() {
  if (!state.playing) return;
  const {what, doc, end, step, isLoop, first, follow} = state.playing;
  listen({...doc, tempo: tune().tempo}, isLoop ? first : Math.floor(step), end, what, {
    isLoop,
    follow,
  });
}

// The cursor in the roll, and in the candidate that plays.
function showCursor(step) {
  const layout = rollLayout();
  all('#roll svg').forEach((line, index) => {
    const cursor = line.querySelector('.cursor'),
      isIn = step !== null && layout && index === lineAt(layout, step);
    cursor.style.visibility = isIn ? 'visible' : 'hidden';
    if (isIn) cursor.setAttribute('transform', `translate(${xAt(layout, index, step)} 0)`);
    if (isIn && state.playing?.what === 'tune' && !line.dataset.seen) {
      all('#roll svg').forEach((each) => delete each.dataset.seen);
      line.dataset.seen = 'yes';
      bringIntoView(line);
    }
  });
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
async function renderSamples(doc, rate = 44100) {
  if (typeof OfflineAudioContext === 'undefined') return null;
  const perStep = 60 / doc.tempo / 4,
    from = doc.notes[0].onset,
    last = noteEnd(doc.notes.at(-1));
  const context = new OfflineAudioContext(1, Math.ceil(((last - from) * perStep + 1) * rate), rate);
  for (const each of doc.notes)
    sound(
      context,
      each.pitch,
      0.05 + (each.onset - from) * perStep,
      0.05 + (noteEnd(each) - from) * perStep,
      SOUNDS[state.sound],
    );
  const samples = (await context.startRendering()).getChannelData(0);
  const peak = samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0.8);
  return samples.map((each) => (each * 0.8) / peak);
}
