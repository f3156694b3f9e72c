// Keys, and how a pitch is spelled in one, as in score/key.py and score/notation.py. A key is
// {fifths, mode}: the sharps of its signature (flats are negative) and a name of MODES.
const LETTERS = 'FCGDAEB'; // in fifths
const MODES = {
  lydian: 1,
  major: 0,
  mixolydian: -1,
  dorian: -2,
  minor: -3,
  phrygian: -4,
  locrian: -5,
};
const MODE_STEPS = {
  lydian: [0, 2, 4, 6, 7, 9, 11],
  major: [0, 2, 4, 5, 7, 9, 11],
  mixolydian: [0, 2, 4, 5, 7, 9, 10],
  dorian: [0, 2, 3, 5, 7, 9, 10],
  minor: [0, 2, 3, 5, 7, 8, 10],
  phrygian: [0, 1, 3, 5, 7, 8, 10],
  locrian: [0, 1, 3, 5, 6, 8, 10],
};
const SIGNS = {'-2': '𝄫', '-1': '♭', 0: '', 1: '♯', 2: '𝄪'};

const modulo = (number, by) => ((number % by) + by) % by;
const keyPlace = (key) => key.fifths - MODES[key.mode]; // the tonic on the line of fifths: 0 is C
const tonicClass = (key) => modulo(7 * keyPlace(key), 12);
const lineLetter = (place) => LETTERS[modulo(place + 1, 7)];
const lineAlter = (place) => Math.floor((place + 1) / 7);
const scaleClasses = (key) => MODE_STEPS[key.mode].map((step) => (tonicClass(key) + step) % 12);

// 'B♭ minor'
function keyName(key) {
  return `${lineLetter(keyPlace(key))}${SIGNS[lineAlter(keyPlace(key))]} ${key.mode}`;
}

// As ABC writes it: 'G', 'Bbm', 'Ador'; `tonic` alone for the engine: 'Bb'.
function keyAbc(key) {
  return tonicText(key) + ({major: '', minor: 'm'}[key.mode] ?? key.mode.slice(0, 3));
}

function tonicText(key) {
  const alter = lineAlter(keyPlace(key));
  return (
    lineLetter(keyPlace(key)) + '#'.repeat(Math.max(alter, 0)) + 'b'.repeat(Math.max(-alter, 0))
  );
}

// The key whose tonic has a place on the line of fifths; beyond seven signs the one that sounds the
// same.
function keyAt(place, mode) {
  const fifths = place + MODES[mode];
  return {
    fifths: Math.abs(fifths) <= 7 ? fifths : modulo(7 * 7 * place + MODES[mode] + 6, 12) - 6,
    mode,
  };
}

// Reads 'G', 'Bbm', 'A dorian', 'F# mix', 'E♭ major'; null if it names no key.
function parseKey(text) {
  const found = /^\s*([A-Ga-g])\s?([#♯b♭]?)\s*([A-Za-z]*)/.exec(text);
  if (!found) return null;
  const [, letter, sign, word] = found,
    name = word.toLowerCase();
  const known = {...MODES, ionian: 0, aeolian: -3};
  let mode =
    word === '' || word === 'M' || ['none', 'exp', 'clef', 'treble'].includes(name)
      ? 'major'
      : word === 'm'
        ? 'minor'
        : null;
  mode ??=
    name.length > 1 ? Object.keys(known).find((each) => each.startsWith(name.slice(0, 3))) : null;
  if (!mode) return null;
  mode = {ionian: 'major', aeolian: 'minor'}[mode] ?? mode;
  const alter = '#♯'.includes(sign) && sign ? 1 : sign ? -1 : 0;
  return keyAt(LETTERS.indexOf(letter.toUpperCase()) - 1 + 7 * alter, mode);
}

// The sharps that a signature gives a letter: 1, 0 or -1.
function signatureAlter(letter, fifths) {
  const place = LETTERS.indexOf(letter);
  return Number(place < fifths) - Number(6 - place < -fifths);
}

// {letter, alter, octave} of a pitch, nearest to the key on the line of fifths; middle C is C4.
function spell(pitch, key) {
  const lowest = Math.min(keyPlace(key) - 5, key.fifths - 1);
  const place = lowest + modulo(pitch * 7 - lowest, 12);
  const letter = lineLetter(place),
    alter = lineAlter(place);
  const natural = {C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11}[letter];
  return {letter, alter, octave: Math.floor((pitch - alter - natural) / 12) - 1};
}

// The alteration that each sign of a bar is written with (0 is a natural), null where it is the
// last one of its letter and octave in the bar, or of the signature.
function accidentalsOf(signs, key) {
  const latest = {};
  return signs.map((sign) => {
    if (sign.pitch === null || sign.tiedFrom) return null;
    const {letter, alter, octave} = spell(sign.pitch, key),
      name = letter + octave;
    const isNew = alter !== (latest[name] ?? signatureAlter(letter, key.fifths));
    latest[name] = alter;
    return isNew ? alter : null;
  });
}

// 'E♭4', or without the octave 'E♭'.
function pitchName(pitch, key, {octave = true} = {}) {
  const found = spell(pitch, key);
  return found.letter + SIGNS[found.alter] + (octave ? found.octave : '');
}

// The pitch `degrees` notes of the key above (negative: below) a pitch; from a note outside the key
// the first is the next one in it.
function scaleStep(pitch, degrees, key) {
  const classes = new Set(scaleClasses(key)),
    way = Math.sign(degrees);
  let left = Math.abs(degrees),
    at = pitch;
  while (left > 0) {
    at += way;
    if (classes.has(modulo(at, 12))) left -= 1;
  }
  return at;
}

// The key that notes sound in, where they do not fit the one that is stated; null where they do.
function betterKey(notes, key) {
  const numOutside = (each) =>
    notes.filter(({pitch}) => !scaleClasses(each).includes(pitch % 12)).length;
  const heard = detectKey(notes);
  return notes.length >= 6 && numOutside(heard) < numOutside(key) - notes.length / 20
    ? heard
    : null;
}

// of Essen folk songs (Aarden, 2003), as in score/detection.py: how long each note above the tonic
// sounds
const PROFILES = {
  major: [
    17.7661, 0.145624, 14.9265, 0.160186, 19.8049, 11.3587, 0.291248, 22.062, 0.145624, 8.15494,
    0.232998, 4.95122,
  ],
  minor: [
    18.2648, 0.737619, 14.0499, 16.8599, 0.702494, 14.4362, 0.702494, 18.6161, 4.56621, 1.93186,
    7.37619, 1.75623,
  ],
};

// The major or minor key whose profile is nearest to how long each pitch class sounds; C major of
// no notes.
function detectKey(notes) {
  const lengths = Array(12).fill(0);
  for (const {pitch, length} of notes) lengths[pitch % 12] += length;
  const best = {fit: -Infinity, key: {fifths: 0, mode: 'major'}};
  if (!notes.length) return best.key;
  const centred = (values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / 12,
      moved = values.map((value) => value - mean);
    const norm = Math.hypot(...moved) || 1;
    return moved.map((value) => value / norm);
  };
  const heard = centred(lengths);
  for (const mode of ['major', 'minor']) {
    const profile = centred(PROFILES[mode]);
    for (let tonic = 0; tonic < 12; tonic++) {
      const fit = profile.reduce((sum, value, step) => sum + value * heard[(tonic + step) % 12], 0);
      if (fit > best.fit + 1e-9)
        Object.assign(best, {
          fit,
          key: {fifths: modulo(7 * tonic + MODES[mode] + 6, 12) - 6, mode},
        });
    }
  }
  return best.key;
}
