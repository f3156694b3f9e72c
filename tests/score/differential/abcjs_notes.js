// Reads a JSON list of ABC tunes from standard input and writes a line for each, as soon as it is
// read, so that one that never ends is known: the notes that abcjs plays of its first voice,
// [onset, length, MIDI pitch], in quarters; null where it fails.
//
// Ornaments and tempo changes are taken out of the parsed tune, because abcjs plays them as
// further notes and other lengths. Grace notes stay in (their accidentals count); the note that
// they shorten gets its time back.
//
// Usage: node abcjs_notes.js FOLDER, where FOLDER holds abcjs (as node_modules does).
'use strict';

const path = require('path');
const abcjs = require(path.resolve(process.argv[2], 'abcjs'));

function elements(tune) {
  const found = [];
  for (const line of tune.lines)
    for (const staff of line.staff || [])
      for (const voice of staff.voices) found.push(voice);
  return found;
}

function notesOf(text) {
  const tune = abcjs.parseOnly(text)[0];
  const withGraces = new Set();
  for (const voice of elements(tune)) {
    for (let i = voice.length - 1; i >= 0; i--) {
      if (voice[i].el_type === 'tempo') voice.splice(i, 1);
      else {
        delete voice[i].decoration;
        if (voice[i].gracenotes) withGraces.add(voice[i].startChar);
      }
    }
  }
  const audio = tune.setUpAudio({ chordsOff: true });
  const events = (audio.tracks[0] || []).filter((e) => e.cmd === 'note' && e.style !== 'grace');
  return events.map((e) => {
    const length = withGraces.has(e.startChar) ? 2 * e.duration : e.duration;
    return [4 * (e.start + e.duration - length), 4 * length, e.pitch];
  });
}

// It reports what it does not know on the console, which here is the answer's way out.
console.log = console.warn = console.error = () => {};
const fs = require('fs');
for (const text of JSON.parse(fs.readFileSync(0, 'utf-8'))) {
  let notes = null;
  try {
    notes = notesOf(text);
  } catch (error) {
    // null says so
  }
  fs.writeSync(1, JSON.stringify(notes) + '\n');
}
