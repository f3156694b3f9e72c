'use strict';
// The contour of some notes: whether each is higher than the note before it, lower or the same.
// With a rhythm that is kept, a pitch may be drawn if the notes after it can still follow their
// directions.

// {steps: [numSteps] the place of the note that starts at a step, -1 = none; directions; possible:
// of each note the classes [V]}, of the notes of `original` events; null if no melody within the
// masks has this contour. `before`: the pitch of the last note before, or null.
function makeContour(masks, original, before) {
  const steps = new Int32Array(masks.numSteps).fill(-1),
    onsets = [];
  original.forEach((event, step) => {
    if (event >= 0) steps[step] = onsets.push(step) - 1;
  });
  const pitches = onsets.map((step) => original[step]);
  const directions = pitches.map((pitch, note) => {
    const earlier = note ? pitches[note - 1] : before;
    return earlier === null ? null : Math.sign(pitch - earlier);
  });
  const {
      events,
      kinds,
      tokens,
      wishes: {last = null},
    } = masks,
    possible = new Array(onsets.length);
  for (let note = onsets.length - 1; note >= 0; note--) {
    const isLast = note === onsets.length - 1;
    possible[note] = Uint8Array.from(events, (event, token) => {
      if (event < 0 || !tokens[onsets[note]][token]) return 0;
      if (isLast) return Number(last === null || kinds[token] === LAST);
      return Number(
        events.some(
          (next, later) =>
            possible[note + 1][later] && Math.sign(next - event) === directions[note + 1],
        ),
      );
    });
  }
  const contour = {steps, directions, possible, events};
  const starts =
    onsets.length
    && events.some((event, token) => possible[0][token] && goesOn(contour, 0, event, before));
  return !onsets.length || starts ? contour : null;
}

function goesOn({directions}, note, pitch, before) {
  return (
    directions[note] === null || before === null || Math.sign(pitch - before) === directions[note]
  );
}

// Narrows `may` [V] at a step after a note of pitch `before`.
function follow(may, contour, step, before) {
  const note = contour.steps[step];
  if (note < 0) return;
  contour.events.forEach((event, token) => {
    may[token] &= Number(
      event < 0 || (contour.possible[note][token] === 1 && goesOn(contour, note, event, before)),
    );
  });
}
