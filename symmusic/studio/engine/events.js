'use strict';
// Notes to events to tokens, and back. An event is a pitch that starts, a note that ends, or no
// change; a token is its class: 0 for no event (also the padding), 1 for a note that ends, 2 and
// more for pitches.

const NO_EVENT = -2,
  NOTE_OFF = -1;

// A mistake of the user: a sentence, and the field that it is about.
class Fault extends Error {
  constructor(message, field = null) {
    super(message);
    this.field = field;
  }
}

// The value, where it is a whole number within limits.
function integer(value, name, least, most) {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Fault(`${name} is ${value}; it must be ${least} to ${most}.`, name);
  return value;
}

// Notes in order, one at a time: of those that start together the highest; a note ends the one
// before.
function monophonic(notes) {
  const ordered = [...notes].sort(
    (one, other) => one.onset - other.onset || other.pitch - one.pitch,
  );
  const kept = [];
  for (const {onset, length, pitch} of ordered) {
    const last = kept[kept.length - 1];
    if (last && last.onset === onset) continue;
    if (last) last.length = Math.min(last.length, onset - last.onset);
    kept.push({onset, length, pitch});
  }
  return kept;
}

// The events of monophonic notes over `numSteps` steps.
function toEvents(notes, numSteps) {
  const events = new Int16Array(numSteps).fill(NO_EVENT);
  for (const {onset, length, pitch} of notes) {
    if (onset + length < numSteps) events[onset + length] = NOTE_OFF;
    if (onset < numSteps) events[onset] = pitch;
  }
  return events;
}

// The notes of events: the inverse of `toEvents`.
function fromEvents(events) {
  const notes = [];
  let open = null;
  events.forEach((event, step) => {
    if (event === NO_EVENT) return;
    if (open) open.length = step - open.onset;
    open = event >= 0 ? {onset: step, length: events.length - step, pitch: event} : null;
    if (open) notes.push(open);
  });
  return notes;
}

// Tokens of events that are `distance` semitones below the model's key; a pitch that the model does
// not have is moved by octaves.
function encode(events, distance, vocabulary) {
  const {min_pitch: least, max_pitch: most, first_pitch: first} = vocabulary;
  return Uint8Array.from(events, (event) => {
    if (event < 0) return event - NO_EVENT;
    let pitch = event + distance;
    while (pitch < least) pitch += 12;
    while (pitch > most) pitch -= 12;
    return pitch - least + first;
  });
}

// The event of each class, `distance` semitones below the model's key; pitches outside of 0 to 127
// are moved back by octaves.
function classEvents(distance, vocabulary) {
  const {min_pitch: least, max_pitch: most, first_pitch: first} = vocabulary;
  return Array.from({length: most - least + 1 + first}, (_, token) => {
    if (token < first) return token + NO_EVENT;
    const pitch = token - first + least - distance;
    if (pitch < 0) return ((pitch % 12) + 12) % 12;
    return pitch > 127 ? 116 + ((pitch - 116) % 12) : pitch;
  });
}

// Whether a note lasts to the end of events.
function soundsAtEnd(events) {
  return (events.findLast((event) => event !== NO_EVENT) ?? NOTE_OFF) >= 0;
}
