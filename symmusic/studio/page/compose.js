// Requests to the engine (worker.js states them) and what its answers become, pure; and candidates
// in words.

const toEngine = ({onset, length, pitch}) => ({onset, length, pitch});
const engineKey = (key) => ({tonic: tonicText(key), mode: key.mode});

function tuneOf(doc, numBars = Math.max(1, numWritten(doc))) {
  return {
    meter: doc.meter,
    key: engineKey(doc.key),
    pickupSteps: doc.pickupSteps,
    notes: doc.notes.map(toEngine),
    numBars,
  };
}

// The request of a kind for a document. `bars`: those that are selected, {from, to}; `settings`:
// what the controls say.
function requestOf(kind, doc, bars, settings) {
  const drawn = {
    numCandidates: settings.numCandidates,
    temperature: settings.temperature,
    seed: settings.seed,
    wishes: wishesOf(doc, settings),
  };
  if (kind === 'continue')
    return {kind, tune: tuneOf(doc), numBars: settings.numBars, ends: settings.ends, ...drawn};
  if (kind === 'start') {
    return {
      kind,
      meter: doc.meter,
      key: engineKey(doc.key),
      pickupSteps: doc.pickupSteps,
      numBars: settings.numBars,
      ends: settings.ends,
      ...drawn,
    };
  }
  const tune = tuneOf(doc, Math.max(numWritten(doc), bars.to + 1));
  if (kind === 'vary')
    return {kind, tune, bars, keep: settings.keep, share: settings.share, ...drawn};
  return {kind, tune, bars, ...drawn};
}

function wishesOf(doc, settings) {
  const wishes = {},
    pins = pinnedNotes(doc).map(toEngine);
  if (settings.scale === 'tune') wishes.scale = doc.notes.length ? 'tune' : engineKey(doc.key);
  else if (settings.scale === 'key') wishes.scale = engineKey(doc.key);
  else if (settings.scale) wishes.scale = {tonic: tonicText(doc.key), mode: settings.scale};
  if (settings.lowest !== null) wishes.lowest = settings.lowest;
  if (settings.highest !== null) wishes.highest = settings.highest;
  Object.assign(wishes, densityOf(settings.density, barOf(doc.meter)));
  if (settings.shortest) wishes.shortest = settings.shortest;
  if (settings.longest) wishes.longest = settings.longest;
  if (!settings.rests) wishes.rests = false;
  if (settings.endOnTonic) wishes.endOnTonic = true;
  if (pins.length) wishes.pins = pins;
  return wishes;
}

// How many notes a bar has, in words, by how many eighths it lasts.
function densityOf(word, bar) {
  const eighths = Math.max(2, bar.steps / 2);
  const most = Math.ceil(eighths / 2),
    least = Math.ceil(eighths * 0.75);
  return (
    {
      few: {maxNotesPerBar: most},
      some: {minNotesPerBar: Math.ceil(eighths / 3), maxNotesPerBar: eighths},
      many: {minNotesPerBar: least},
    }[word] ?? {}
  );
}

function densityWords(word, bar) {
  const {minNotesPerBar: least, maxNotesPerBar: most} = densityOf(word, bar);
  return least && most
    ? `${least} to ${most} a bar`
    : most
      ? `at most ${most} a bar`
      : least
        ? `at least ${least} a bar`
        : '';
}

// The document with a candidate in it. Only its new bars change, and of these not the pinned ones;
// a note that was held into them ends where the candidate says. `answer`: as the engine sends it,
// {notes, newBars, numBars}.
function withCandidate(doc, answer) {
  const size = barSteps(doc),
    range = {from: answer.newBars.from * size, to: (answer.newBars.to + 1) * size};
  const isPinned = (step) => doc.pins.includes(Math.floor(step / size));
  const fresh = answer.notes
    .filter((each) => isWithin(each, range) && !isPinned(each.onset))
    .map((each) => {
      const same = doc.notes.find((one) => one.onset === each.onset && one.pitch === each.pitch);
      const isKept = same && each.isNew === false;
      return note(each.onset, each.length, each.pitch, {
        isNew: isKept ? same.isNew : true,
        isPinned: Boolean(same?.isPinned),
      });
    });
  const given = doc.notes
    .filter((each) => !isWithin(each, range) || isPinned(each.onset))
    .map((each) => {
      if (isWithin(each, range)) return each;
      const held = answer.notes.find((one) => one.onset === each.onset && one.pitch === each.pitch);
      return held
        && each.onset < range.from
        && (noteEnd(each) > range.from || noteEnd(held) > range.from)
        ? {...each, length: held.length}
        : each;
    });
  const numBars = Math.min(MOST_BARS, Math.max(doc.numBars, answer.newBars.to + 1));
  const merged = writeNotes({...doc, numBars, notes: given}, fresh);
  // what is pinned stays to the end, whatever was drawn beside it
  return writeNotes(
    merged,
    doc.notes.filter((each) => isWithin(each, range) && isPinned(each.onset)),
  );
}

// A new tune from a candidate of 'start'.
function startedWith(doc, answer) {
  return withCandidate({...doc, notes: [], pins: [], numBars: answer.newBars.to + 1}, answer);
}

// What a candidate is, for a musician: how expected it is beside `usualNats` (null: not
// known), what it repeats, where it ends.
function describeCandidate(answer, doc, usualNats) {
  const size = barSteps(doc),
    drawn = answer.notes.filter(
      (each) =>
        Math.floor(each.onset / size) >= answer.newBars.from
        && Math.floor(each.onset / size) <= answer.newBars.to,
    );
  const words = [plural(drawn.length, 'note')];
  const ratioOfUsual = answer.natsPerStep / usualNats;
  if (usualNats && Number.isFinite(ratioOfUsual))
    words.push(
      ratioOfUsual < 0.7
        ? 'very expected'
        : ratioOfUsual < 1.3
          ? 'expected'
          : ratioOfUsual < 1.9
            ? 'surprising'
            : 'very surprising',
    );
  if (answer.repeatedBars > 0) words.push(`repeats ${answer.repeatedBars} of your bars`);
  else if (answer.repeatedShare >= 0.15)
    words.push(`${Math.round(answer.repeatedShare * 100)} % as elsewhere in your tune`);
  else if (doc.notes.length) words.push('new material');
  if (drawn.length)
    words.push(`ends on ${pitchName(drawn.at(-1).pitch, doc.key, {octave: false})}`);
  return words;
}

// Wishes as the page's controls name them.
const WISH_NAMES = {
  scale: 'Notes of',
  lowest: 'From',
  highest: 'to',
  minNotesPerBar: 'How many notes',
  maxNotesPerBar: 'How many notes',
  shortest: 'Shortest note',
  longest: 'Longest note',
  rests: 'rests allowed',
  endOnTonic: 'ends on the tonic, held',
  pins: 'Pin',
};

// What the engine could not do, as a sentence in the words of the page.
function explainFault({message, wishes}, key) {
  if (!wishes) return message;
  const {names, lowest, highest, numBars} = wishes,
    found = [...new Set(names.map((name) => `“${WISH_NAMES[name] ?? 'Keep'}”`))],
    what = found.length ? found.join(' and ') : 'These constraints',
    isMany = found.length !== 1;
  return (
    `${what} cannot be met${isMany ? ' together' : ''} in ${plural(numBars, 'bar')}; the network `
    + `knows the notes ${pitchName(lowest, key)} to ${pitchName(highest, key)} in this key.`
  );
}

// 'bar 3' or 'bars 3 to 5', as people count them.
function barWords(doc, bars) {
  const [first, last] = [barNumber(doc, bars.from), barNumber(doc, bars.to)];
  return first === last ? `bar ${first}` : `bars ${first} to ${last}`;
}

// How many candidates were drawn and kept, of a log of draws.
function countUse(log) {
  const draws = log.filter((each) => each.candidates.length);
  const kinds = {};
  for (const each of draws) {
    const found = (kinds[each.kind] ??= {draws: 0, candidates: 0, kept: 0});
    found.draws += 1;
    found.candidates += each.candidates.length;
    found.kept += each.kept.length;
  }
  return {
    draws: draws.length,
    candidates: draws.reduce((sum, each) => sum + each.candidates.length, 0),
    kept: draws.reduce((sum, each) => sum + each.kept.length, 0),
    kinds,
  };
}
