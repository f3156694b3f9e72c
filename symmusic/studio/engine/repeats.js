'use strict';
// How much of the new bars repeats the given ones: `report.facts` and `originality.repeats`.

const RUN_NOTES = 5; // a run of so many notes is called a repeat

// How many of the given bars come again among the new ones, with the same notes; given bars that
// are the same count once, bars without notes not at all.
function numRepeatedBars(notes, barSteps) {
  const bars = new Map();
  for (const {onset, length, pitch, isNew} of notes) {
    const number = Math.floor(onset / barSteps),
      bar = bars.get(number) ?? {text: '', isNew: false};
    bars.set(number, {
      text: `${bar.text} ${onset % barSteps},${length},${pitch}`,
      isNew: bar.isNew || isNew,
    });
  }
  const given = new Set(),
    drawn = new Set();
  for (const {text, isNew} of bars.values()) (isNew ? drawn : given).add(text);
  return [...given].filter((text) => drawn.has(text)).length;
}

// The share of the notes in runs of `RUN_NOTES` notes or more that one of the melodies has too, in
// any key; 0 without notes.
function repeatedShare(notes, melodies) {
  const known = new Set(melodies.flatMap(runsOf)),
    isRepeated = new Uint8Array(notes.length);
  runsOf(notes).forEach((run, start) => {
    if (known.has(run)) isRepeated.fill(1, start, start + RUN_NOTES);
  });
  return notes.length ? isRepeated.reduce((sum, each) => sum + each, 0) / notes.length : 0;
}

function runsOf(notes) {
  const symbols = notes
    .slice(1)
    .map(({onset, pitch}, place) => `${pitch - notes[place].pitch}:${onset - notes[place].onset}`);
  const size = RUN_NOTES - 1;
  return Array.from({length: Math.max(symbols.length - size + 1, 0)}, (_, start) =>
    symbols.slice(start, start + size).join(' '),
  );
}
