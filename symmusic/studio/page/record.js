// Notes from keys that are played in time, with a count-in of one bar, or from a MIDI keyboard at
// the cursor; quantised to the grid.
const WHITE_KEYS = 'asdfghjkl;',
  BLACK_KEYS = {w: 0, e: 1, t: 3, y: 4, u: 5, o: 7, p: 8};
const heldKeys = new Map(); // key or MIDI note -> {pitch, onset}

// The pitch of a computer key: the row of A plays the notes of the key from its tonic on, the row
// above the semitones after them.
function keyPitch(name, key) {
  const tonic = 60 + tonicClass(key) - (tonicClass(key) > 7 ? 12 : 0),
    white = WHITE_KEYS.indexOf(name);
  if (white >= 0) return tonic + 12 * Math.floor(white / 7) + MODE_STEPS[key.mode][white % 7];
  return name in BLACK_KEYS
    ? tonic + 12 * Math.floor(BLACK_KEYS[name] / 7) + MODE_STEPS[key.mode][BLACK_KEYS[name] % 7] + 1
    : null;
}

// Played notes on the grid: onsets and ends to the nearest `grid` steps, at least one long. `raw`:
// [{onset, end, pitch}] in fractions of steps.
function quantizePlayed(raw, grid) {
  return raw.map(({onset, end, pitch}) => {
    const start = Math.round(onset / grid) * grid;
    return note(start, Math.max(grid, Math.round(end / grid) * grid - start), pitch);
  });
}

function startRecording() {
  if (!hasAudio()) return say(`${NO_AUDIO} ${STILL_WORKS}`);
  player.stop();
  const doc = tune(),
    size = barSteps(doc),
    begin = state.selection?.from ?? state.caret,
    room = MOST_BARS * size;
  const from = begin - size; // a bar of clicks before
  const recording = {
    begin,
    raw: [],
    step: from,
    at: performance.now(),
    perStep: 60000 / doc.tempo / 4,
  };
  // the bar before is heard under the clicks
  const given = played(doc.notes).filter(([onset]) => onset >= from && onset < begin);
  player.play(
    {
      what: 'recording',
      notes: given,
      clicks: clicksOf(doc, from, Math.min(room, begin + 64 * size)),
      first: from,
      end: room,
      qpm: doc.tempo,
      timbre: state.sound,
    },
    {
      follow: (step) => {
        Object.assign(recording, {step, at: performance.now()});
        showCursor(step >= 0 ? Math.min(step, endStep(tune()) - 0.01) : null);
      },
      stopped: endRecording,
    },
  );
  state.recording = recording;
  say(
    'Recording after one bar of clicks: play the keys A S D F G H J K, or a MIDI '
      + 'keyboard. Press Record again to end.',
  );
  get('roll').focus({preventScroll: true});
  show();
}

const recordedStep = () => {
  const {step, at, perStep} = state.recording;
  return step + (performance.now() - at) / perStep;
};

// What was played is written, once the player has stopped.
function endRecording() {
  const {raw, begin} = state.recording,
    grid = Math.min(2, snapSize(noteLength()));
  for (const name of heldKeys.keys()) releaseKey(name);
  state.recording = null;
  showCursor(null);
  const notes = quantizePlayed(
    raw.filter((each) => each.onset > begin - grid),
    grid,
  );
  if (notes.length) {
    const end = Math.max(...notes.map(noteEnd));
    commit(writeNotes({...tune(), notes: cut(tune().notes, begin, end)}, notes));
    select({from: notes[0].onset, to: end}, end);
  }
  say(
    notes.length
      ? `${plural(notes.length, 'note')} recorded, moved to the nearest ${nameLength(grid)}.`
      : 'Nothing was recorded.',
  );
  show();
}

function pressKey(name, pitch) {
  if (heldKeys.has(name)) return;
  blip(pitch);
  heldKeys.set(name, {pitch, onset: recordedStep()});
}

function releaseKey(name) {
  const held = heldKeys.get(name);
  heldKeys.delete(name);
  if (held && state.recording) state.recording.raw.push({...held, end: recordedStep()});
}

function recordKey(event) {
  if (
    !state.recording
    || event.ctrlKey
    || event.metaKey
    || event.target.closest('input, textarea, select')
  )
    return;
  const pitch = keyPitch(event.key.toLowerCase(), tune().key);
  if (pitch === null) return;
  event.preventDefault();
  if (event.type === 'keydown') pressKey(event.key.toLowerCase(), pitch);
  else releaseKey(event.key.toLowerCase());
}

async function useMidi() {
  if (!navigator.requestMIDIAccess) return say('This browser has no access to MIDI keyboards.');
  try {
    const access = await navigator.requestMIDIAccess();
    const listenTo = () => access.inputs.forEach((input) => (input.onmidimessage = midiMessage));
    access.onstatechange = listenTo;
    listenTo();
    say(
      access.inputs.size
        ? 'MIDI keyboard: what you play is written at the cursor, or recorded in time.'
        : 'No MIDI keyboard is connected; it is used as soon as one is.',
    );
  } catch {
    say('The browser does not allow MIDI keyboards on this page.');
  }
}

function midiMessage({data: [status, pitch, velocity]}) {
  const isOn = (status & 0xf0) === 0x90 && velocity > 0,
    isOff = (status & 0xf0) === 0x80 || ((status & 0xf0) === 0x90 && !velocity);
  if (state.recording && isOn) pressKey(`midi${pitch}`, pitch);
  else if (state.recording && isOff) releaseKey(`midi${pitch}`);
  else if (isOn) typePitch(pitch);
}
