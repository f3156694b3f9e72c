'use strict';
// Keys, scales and the transposition in which the model reads a tune: C major or A minor, in its
// range. `theory` is what the exporter writes: modes, scales and profiles of `score.key`,
// `generate.scales` and `score.detection`.

const LETTERS = 'FCGDAEB'; // in fifths

// The pitch class of a tonic such as 'C', 'F#', 'Bb' or 'B♭'.
function tonicClass(tonic) {
  const place = LETTERS.indexOf(String(tonic)[0].toUpperCase());
  const sharps = [...String(tonic).slice(1)].reduce(
    (sum, sign) => sum + ('#♯'.includes(sign) ? 1 : 'b♭'.includes(sign) ? -1 : 0),
    0,
  );
  if (place < 0) throw new Fault(`'${tonic}' is no tonic such as C, F# or Bb.`, 'key');
  return ((((place - 1 + 7 * sharps) * 7) % 12) + 12) % 12;
}

// {tonic: pitch class, mode, isMajor} of a key as the page states it.
function readKey(key, theory) {
  if (!(key.mode in theory.modes))
    throw new Fault(
      `'${key.mode}' is no mode; modes are ${Object.keys(theory.modes).join(', ')}.`,
      'key',
    );
  return makeKey(tonicClass(key.tonic), key.mode, theory);
}

function makeKey(tonic, mode, theory) {
  return {tonic, mode, isMajor: theory.modes[mode] > -2};
}

// The key whose profile correlates best with the notes' pitch classes, weighted by length;
// `score.detection.detect_key`.
function detectKey(notes, theory) {
  const histogram = new Float64Array(12);
  for (const {length, pitch} of notes) histogram[pitch % 12] += Math.max(length, 1);
  const total = histogram.reduce((sum, each) => sum + each, 0);
  const centred = histogram.map((each) => each / total - 1 / 12);
  const norm = Math.max(Math.hypot(...centred), 1e-6);
  let best = 0,
    most = -Infinity;
  theory.profiles.forEach((profile, place) => {
    const product = profile.reduce((sum, each, pitchClass) => sum + each * centred[pitchClass], 0);
    const correlation = Math.round((product / norm) * 1e9);
    if (correlation > most) [best, most] = [place, correlation];
  });
  return makeKey(best % 12, best < 12 ? 'major' : 'minor', theory);
}

// Semitones, -5 to 6, that bring a key to C major or A minor.
function transposition(key) {
  const distance = -((key.tonic - (key.isMajor ? 0 : 9) + 12) % 12);
  return distance < -5 ? distance + 12 : distance;
}

// The pitches as the model reads them, and by how many semitones the whole has moved by octaves:
// `fit_range` of a vocabulary.
function fitRange(pitches, {min_pitch: least, max_pitch: most}) {
  if (!pitches.length) return [pitches, 0];
  const low = Math.min(...pitches),
    high = Math.max(...pitches);
  for (let octaves = 0; octaves < 12; octaves++) {
    for (const moved of [-12 * octaves, 12 * octaves]) {
      if (least <= low + moved && high + moved <= most)
        return [pitches.map((pitch) => pitch + moved), moved];
    }
  }
  const fitted = pitches.map((pitch) => {
    const up = Math.max(Math.ceil((least - pitch) / 12) * 12, 0),
      down = Math.max(Math.ceil((pitch - most) / 12) * 12, 0);
    return pitch + up - down;
  });
  if (fitted.some((pitch) => pitch < least || pitch > most))
    throw new Fault('A note has no octave among the pitches of the model.', 'tune');
  return [fitted, 0];
}

// The pitch classes of a scale on a tonic.
function scaleOn(tonic, name, theory) {
  if (!(name in theory.scales))
    throw new Fault(
      `'${name}' is no scale; scales are ${Object.keys(theory.scales).join(', ')}.`,
      'scale',
    );
  return new Set(theory.scales[name].map((step) => (tonic + step) % 12));
}
