// A tune in notation, as in score/notation.py: bars of signs {pitch (null: a rest), step, value,
// tiedFrom, tiedOn}, in steps.
const VALUES = [24, 16, 12, 8, 6, 4, 3, 2, 1];

// The signs of all bars of a document; with a pickup the first bar has only the signs from its
// first note on.
function toBars(doc) {
  const bar = barOf(doc.meter),
    bars = Array.from({length: doc.numBars}, () => []);
  let step = firstStep(doc);
  for (const each of doc.notes) {
    writeSigns(bars, bar, null, step, each.onset);
    writeSigns(bars, bar, each.pitch, each.onset, noteEnd(each));
    step = noteEnd(each);
  }
  writeSigns(bars, bar, null, step, doc.numBars * bar.steps);
  return bars;
}

function writeSigns(bars, bar, pitch, begin, end) {
  const sounds = pitch !== null;
  for (let step = begin; step < end;) {
    const number = Math.floor(step / bar.steps),
      at = step % bar.steps;
    const value = VALUES.find(
      (each) => each <= Math.min(end - step, bar.steps - at) && isPlain(bar, at, each),
    );
    bars[number].push({
      pitch,
      step: at,
      value,
      tiedFrom: sounds && step > begin,
      tiedOn: sounds && step + value < end,
    });
    step += value;
  }
}

// Whether a value may start at a step: the beats of the bar stay visible, as in notation._is_plain.
function isPlain(bar, at, value) {
  const [begin, end] = groupAt(bar, at),
    eighth = 2;
  const hasQuarters = end - begin === QUARTER;
  const hasHalves = bar.beats.length % 2 === 0 && beatsAreEqual(bar);
  const crosses =
    bar.groups.length > 2 && hasHalves && at < bar.steps / 2 && bar.steps / 2 < at + value;
  if (at > begin) {
    const isSyncopated = value === 2 * eighth && at - begin === eighth && hasQuarters;
    const within = hasQuarters || (at - begin) % eighth === 0 ? end - at : Math.min(end - at, 3);
    return value <= within || (isSyncopated && !crosses);
  }
  if (value <= end - begin || bar.groups.includes(at + value) || at + value === bar.steps)
    return true;
  return hasQuarters && value % eighth === 0 && !crosses;
}

function beatsAreEqual(bar) {
  const lengths = bar.beats.map((start, index) => (bar.beats[index + 1] ?? bar.steps) - start);
  return lengths.every((length) => length === lengths[0]);
}

// The beams of each sign, the outer one first: 'begin', 'continue', 'end' or a hook, as in
// musicxml._beams.
function beamsOf(signs, bar) {
  const beams = signs.map(() => []);
  for (const [level, longest] of [
    [1, 3],
    [2, 1],
  ]) {
    const joins = signs.map((sign) => sign.pitch !== null && sign.value <= longest);
    const withNext = signs.map(
      (_, index) =>
        index + 1 < signs.length
        && joins[index]
        && joins[index + 1]
        && !bar.groups.includes(signs[index + 1].step),
    );
    signs.forEach((sign, index) => {
      const before = index > 0 && withNext[index - 1],
        after = withNext[index];
      if (before || after)
        beams[index].push(before && after ? 'continue' : before ? 'end' : 'begin');
      else if (level > 1 && joins[index] && beams[index].length) {
        const isBehind = (sign.step - groupAt(bar, sign.step)[0]) % 2 > 0;
        beams[index].push(beams[index][0] === 'end' || isBehind ? 'backward hook' : 'forward hook');
      }
    });
  }
  return beams;
}
