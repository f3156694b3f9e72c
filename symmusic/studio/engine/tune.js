'use strict';
// The tune of a request, and the place in it where bars are drawn: what is around them, and how the
// model reads it.

const MOST_BARS = 64; // that are read before the new ones
const MOST_TUNE_BARS = 400;
const FOLLOWING_BARS = 4; // that choose among candidates

// {bar, key, pickupSteps, notes, numBars} of the tune of a request, checked.
function readTune(tune, network) {
  const bar = barOf(tune.meter, network),
    {theory} = network;
  const notes = monophonic(tune.notes ?? []);
  const isOnGrid = ({onset, length, pitch}) =>
    [onset, length, pitch].every(Number.isInteger) && onset >= 0 && length > 0;
  if (!notes.every((note) => isOnGrid(note) && note.pitch >= 0 && note.pitch <= 127)) {
    throw new Fault(
      'A note of the tune is not on the grid of sixteenths, or its pitch is not 0 to 127.',
      'tune',
    );
  }
  const end = notes.length ? notes[notes.length - 1].onset + notes[notes.length - 1].length : 0;
  const numBars = Math.max(Math.ceil(end / bar.steps), tune.numBars ?? 0);
  integer(numBars, 'numBars', 0, MOST_TUNE_BARS);
  const key = tune.key
    ? readKey(tune.key, theory)
    : notes.length
      ? detectKey(notes, theory)
      : makeKey(0, 'major', theory);
  return {
    bar,
    key,
    pickupSteps: integer(tune.pickupSteps ?? 0, 'pickupSteps', 0, bar.steps - 1),
    notes,
    numBars,
  };
}

// Semitones from the tune's key to the model's: by the key detected, as the model was trained, and
// by octaves into its range.
function distanceOf(notes, key, {theory, vocabulary}) {
  const distance = transposition(notes.length ? detectKey(notes, theory) : key);
  return (
    distance
    + fitRange(
      notes.map(({pitch}) => pitch + distance),
      vocabulary,
    )[1]
  );
}

// The place of bars `from` to `to` - 1, from 0, of a tune; bars that follow are kept. `ends`: the
// tune ends with them.
function placeOf({bar, key, pickupSteps, notes, numBars}, from, to, ends, network) {
  const {theory, vocabulary, architecture} = network,
    steps = bar.steps,
    begin = from * steps,
    end = to * steps;
  const events = stateAt(toEvents(notes, Math.max(numBars, to) * steps), end);
  const distance = distanceOf(notes, key, network),
    firstRead = Math.max(from - MOST_BARS, 0) * steps;
  const before = events.slice(firstRead, begin),
    after = events.slice(end);
  const prompt = from
    ? encode(before, distance, vocabulary)
    : new Uint8Array(steps).fill(architecture.padding);
  const classes = classEvents(distance, vocabulary),
    pitches = classes.filter((event) => event >= 0);
  const notesBefore = fromEvents(events.slice(0, begin)),
    lastBefore = notesBefore[notesBefore.length - 1];
  return {
    network,
    bar,
    key,
    theory,
    pickupSteps,
    distance,
    classes,
    prompt,
    begin,
    end,
    numSteps: end - begin,
    events,
    given: [...notesBefore, ...fromEvents(after)],
    melodies: [notesBefore, fromEvents(after)].filter((melody) => melody.length),
    following: encode(
      after.slice(0, (architecture.infilling ? FUTURE_BARS : FOLLOWING_BARS) * steps),
      distance,
      vocabulary,
    ),
    ahead: null,
    left: ends
      ? padLeft(barsLeft(to * steps - firstRead, steps, true, architecture), from ? 0 : steps)
      : null,
    before: lastBefore ? lastBefore.pitch : null,
    held: from && soundsAtEnd(before) ? begin - lastBefore.onset : 0,
    numKept: from === 0 && pickupSteps ? steps - pickupSteps : 0,
    isStated: false,
    range: {lowest: Math.min(...pitches), highest: Math.max(...pitches)},
  };
}

// The bars left with steps of padding before them, at which nothing is known.
function padLeft(left, numSteps) {
  if (!left || !numSteps) return left;
  const padded = new Uint8Array(2 * numSteps + left.length).fill(NOT_KNOWN);
  padded.set(left, 2 * numSteps);
  return padded;
}

// The events with the note or silence at a step made explicit, so that it does not depend on what
// is drawn before.
function stateAt(events, step) {
  if (step >= events.length || events[step] !== NO_EVENT) return events;
  const said = events.slice(0, step).findLast((event) => event !== NO_EVENT) ?? NOTE_OFF;
  events[step] = said;
  return events;
}

// The place with what a network for infilling knows in advance of the bars that follow.
function toldAhead(place) {
  const {network, prompt, numSteps, following, bar} = place,
    blank = network.architecture.num_classes;
  if (!network.architecture.infilling || !following.length) return place;
  const future = Int16Array.from([
    ...Array(prompt.length - 1 + numSteps).fill(blank),
    ...following,
  ]);
  return {
    ...place,
    ahead: lookAhead(network, future, bar),
    numAhead: future.length,
    future: String(future),
  };
}
