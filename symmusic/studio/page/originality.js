// How many notes in a row a tune shares with a training tune, by the sketch of these tunes that
// originality/sketch.py makes: at most so many, and never more. Pure.
//
// sketch: {numNotes, least, numHashes, numBits, bits: Uint8Array, levels: [[notes, level], ...]}

// The sketch of the page's data; null where the page has none.
function readSketch(data) {
  if (!data) return null;
  const text = atob(data.bits),
    bits = Uint8Array.from({length: text.length}, (_, index) => text.charCodeAt(index));
  return {
    numNotes: data.num_notes,
    least: data.least,
    numHashes: data.num_hashes,
    numBits: data.num_bits,
    bits,
    levels: data.levels,
  };
}

// As `mix` of originality/limit.py.
function mixBits(number) {
  number = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  number = Math.imul(number ^ (number >>> 13), 0xc2b2ae35);
  return (number ^ (number >>> 16)) >>> 0;
}

// For each run of the sketch's length, by its first note, whether a tune may have it.
function findRuns({numNotes, numHashes, numBits, bits}, notes) {
  const mixed = notes.slice(1).map((each, index) => {
    const steps = Math.min(each.onset - notes[index].onset, 0xfffff);
    return mixBits((each.pitch - notes[index].pitch + 128) * 0x100000 + steps);
  });
  return Array.from({length: Math.max(0, notes.length - numNotes + 1)}, (_, begin) => {
    let hash = 0;
    for (let index = begin; index < begin + numNotes - 1; index++)
      hash = (Math.imul(hash, 2246822519) + mixed[index]) >>> 0;
    let place = mixBits(hash);
    const step = mixBits(place ^ 0x9e3779b9) | 1;
    for (let count = 0; count < numHashes; count++) {
      const bit = (place >>> 0) % numBits;
      if (!(bits[bit >> 3] & (1 << (bit & 7)))) return false;
      place += step;
    }
    return true;
  });
}

// The stretches of at least `least` notes in which every run is found, in order: [{from, to}] in
// notes, `to` not in them.
function findShared(sketch, notes) {
  const found = [];
  findRuns(sketch, notes).forEach((isFound, index) => {
    if (!isFound) return;
    if (found.at(-1)?.to === index + sketch.numNotes - 1) found.at(-1).to += 1;
    else found.push({from: index, to: index + sketch.numNotes});
  });
  return found.filter(({from, to}) => to - from >= sketch.least);
}

// What a passage shares: {num, first and last (notes of the longest stretch), onsets (Set of all
// that are shared), level, isBeyond}; num is 0 where nothing is found. Null without a sketch.
function sharedBy(sketch, notes) {
  if (!sketch) return null;
  const found = findShared(sketch, notes),
    longest = found.reduce(
      (one, other) => (other.to - other.from > one.to - one.from ? other : one),
      {from: 0, to: 0},
    );
  const num = longest.to - longest.from,
    sized = sketch.levels.filter(([size]) => size <= notes.length),
    level = (sized.at(-1) ?? sketch.levels[0])?.[1] ?? null;
  return {
    num,
    first: notes[longest.from],
    last: notes[longest.to - 1],
    onsets: new Set(found.flatMap(({from, to}) => notes.slice(from, to).map((each) => each.onset))),
    level,
    isBeyond: level !== null && num > level,
  };
}

// The same for a candidate, in a few words; '' where it shares no run.
function sharedWords(shared) {
  if (!shared?.num) return '';
  return (
    `up to ${shared.num} notes in a row as in a training tune`
    + (shared.isBeyond ? ', more than usual' : '')
  );
}

// And for the tune, in a sentence.
function tellShared(sketch, shared, doc) {
  if (!shared || !doc.notes.length) return '';
  if (!shared.num) return `As in a training tune: fewer than ${sketch.least} notes in a row.`;
  const bars = barsOf(doc, {from: shared.first.onset, to: shared.last.onset + 1});
  const usual = shared.isBeyond
    ? `; 95 % of other tunes have at most ${Math.floor(shared.level)}`
    : shared.level === null
      ? ''
      : ', as is usual';
  return (
    `As in a training tune, underlined: up to ${shared.num} notes in a row `
    + `(${barWords(doc, bars)})${usual}.`
  );
}
