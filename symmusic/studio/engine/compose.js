'use strict';
// Draws the candidates of a request.

const MOST_ROUNDS = 5; // of drawing again what is empty, drawn before or in another key
const BATCH = 4; // melodies read side by side

// Draws the candidates of a request and calls `post(candidate)` for each. `breathe` is awaited now
// and then; it may throw to stop.
async function compose(request, network, post, breathe) {
  const read = readRequest(request, network),
    {numCandidates} = read,
    told = {...read, place: toldAhead(read.place)};
  const prompt = await readCached(told.place, breathe);
  const task = isDistant(told.masks) ? await guide(told, prompt, breathe) : told;
  const chosen = new Chosen(task);
  const wanted = !task.temperature
    ? 1
    : task.isBetween
      ? Math.max(4, Math.min(2 * numCandidates, 24))
      : numCandidates;
  for (let number = 0, round = 0; chosen.kept.length < wanted && round < MOST_ROUNDS; round++) {
    const missing = wanted - chosen.kept.length;
    for (let begin = 0; begin < missing && chosen.kept.length < wanted; begin += BATCH) {
      const num = Math.min(BATCH, missing - begin);
      const streams = Array.from({length: num}, () => number++);
      const fresh = chosen.sift(
        await drawBatch(task, prompt, streams, breathe),
        round === MOST_ROUNDS - 1,
      );
      if (!task.isBetween)
        fresh.forEach((piece) => post(candidateOf(piece, chosen.numPosted++, task)));
    }
  }
  if (task.isBetween)
    fitting(chosen.kept, task).forEach((piece, index) => post(candidateOf(piece, index, task)));
  if (!chosen.kept.length)
    throw new Fault(
      'Nothing new was found: with these wishes everything drawn was empty or as it is.',
      null,
    );
}

// The carry and logits after the prompt of a place. What was read last is kept, with its state at
// every bar line: most prompts start as the last one did.
let lastRead = null;
async function readCached(place, breathe) {
  const {network, prompt, bar, left, future} = place,
    same = numSame(lastRead, place);
  if (same === prompt.length && lastRead.logits && lastRead.prompt.length === same) return lastRead;
  const states = (lastRead?.states ?? []).filter(
    ({numRead}) => numRead <= same && numRead < prompt.length,
  );
  const reader = readerOf(network, 1);
  lastRead = {network, bar, prompt, left, future, states, logits: null};
  const begun = states.length ? selectRows(states[states.length - 1], [0]) : initCarry(network, 1);
  lastRead.carry = await readPrompt(reader, begun, place, async (carry) => {
    if (carry.numRead > (states[states.length - 1]?.numRead ?? 0))
      states.push(selectRows(carry, [0]));
    await breathe();
  });
  lastRead.logits = reader.logits.slice();
  return lastRead;
}

// Of how many steps a prompt is read as another one was.
function numSame(one, other) {
  if (
    !one
    || one.network !== other.network
    || one.bar.index !== other.bar.index
    || one.future !== other.future
  )
    return 0;
  const isSame = (step) =>
    one.prompt[step] === other.prompt[step]
    && [2, 3].every(
      (place) =>
        (one.left?.[2 * step + place] ?? NOT_KNOWN)
        === (other.left?.[2 * step + place] ?? NOT_KNOWN),
    );
  let num = 0;
  while (num < Math.min(one.prompt.length, other.prompt.length) && isSame(num)) num++;
  return num;
}

// The task with masks that guide: the small model is fitted to free draws after the same prompt.
async function guide(task, {carry: before, logits}, breathe) {
  const {place, masks, temperature, seed} = task,
    {network} = place;
  const reader = readerOf(network, FREE_PIECES),
    carry = selectRows(before, Array(FREE_PIECES).fill(0));
  const randoms = [],
    probabilities = [];
  for (let b = 0; b < FREE_PIECES; b++) {
    reader.logits.set(logits, b * logits.length);
    randoms.push(makeRandom(seed, 0xfffffff0 + b));
    probabilities.push([]);
  }
  const see = (b, step, weighed) => {
    const whole = logSumExp(weighed, 0, weighed.length);
    probabilities[b][step] = weighed.map((each) => Math.exp(each - whole));
  };
  const how = {
    masks: openMasks(masks),
    contour: null,
    temperature: temperature || 1,
    randoms,
    breathe,
    see,
  };
  const {tokens} = await drawTokens(reader, carry, place, how);
  return {...task, masks: guided(masks, fitChances(masks, tokens, probabilities))};
}

// Pieces drawn side by side: {events, logProbabilities, fit, count, random}.
async function drawBatch(task, {carry: before, logits}, streams, breathe) {
  const {place, masks, contour, temperature, seed} = task,
    {network, numSteps} = place;
  const reader = readerOf(network, streams.length),
    carry = selectRows(
      before,
      streams.map(() => 0),
    );
  streams.forEach((_, b) => reader.logits.set(logits, b * logits.length));
  const randoms = streams.map((stream) => makeRandom(seed, stream));
  const {tokens, logProbabilities} = await drawTokens(reader, carry, place, {
    masks,
    contour,
    temperature,
    randoms,
    breathe,
  });
  let fits = null;
  if (task.isBetween) {
    const last = tokens.map((each) => each[numSteps - 1]);
    fits = await readFollowing(reader, carry, last, place, breathe);
  }
  return tokens.map((each, b) => ({
    events: Int16Array.from(each, (token) => place.classes[token]),
    logProbabilities: logProbabilities[b],
    fit: fits ? fits[b] : null,
    count: 1,
    random: randoms[b],
  }));
}

const readers = new Map(); // by batch, of the last network
function readerOf(network, batch) {
  if (readers.get(batch)?.network !== network) readers.set(batch, new Reader(network, batch));
  return readers.get(batch);
}

// The pieces kept so far: none is empty, as it was, or the same as an earlier one, which counts how
// often it was drawn.
class Chosen {
  constructor({own, isBlank, place}) {
    this.seen = new Map(own ? [[String(own), {}]] : []);
    this.isBlank = isBlank;
    this.place = place;
    this.kept = [];
    this.numPosted = 0;
  }

  // Those of the pieces that are kept; in the last round also those in another key than was asked
  // for.
  sift(pieces, isLast) {
    const fresh = pieces.filter((piece) => {
      const text = String(piece.events),
        same = this.seen.get(text);
      if (same) same.count++;
      if (
        same
        || !piece.events.some((event) => event >= 0)
        || (!isLast && this.isInOtherKey(piece))
      )
        return false;
      this.seen.set(text, piece);
      return true;
    });
    this.kept.push(...fresh);
    return fresh;
  }

  isInOtherKey({events}) {
    if (!this.isBlank) return false;
    const {key, theory} = this.place,
      found = detectKey(fromEvents(events), theory);
    return found.tonic !== key.tonic || found.isMajor !== key.isMajor;
  }
}

// `numCandidates` of the pieces, drawn by how often they were and how well the bars that follow
// continue them, the best first: sampling importance resampling, as `generate.choose`.
function fitting(pieces, {numCandidates}) {
  const keyed = pieces.map((piece) => ({
    piece,
    key: piece.fit + Math.log(piece.count) + gumbel(piece.random),
  }));
  const drawn = keyed.sort((one, other) => other.key - one.key).slice(0, numCandidates);
  return drawn.map(({piece}) => piece).sort((one, other) => other.fit - one.fit);
}

// A piece as it is posted: all of the tune with the new bars in it.
function candidateOf({events, logProbabilities, fit}, index, {place, masks}) {
  const {bar, begin, end, numKept, following, melodies} = place;
  const whole = Int16Array.from([
    ...place.events.slice(0, begin),
    ...events,
    ...place.events.slice(end),
  ]);
  const notes = fromEvents(whole).map((note) => ({
    ...note,
    isNew: note.onset >= begin && note.onset < end,
  }));
  const {fixed} = masks.wishes;
  const drawn = logProbabilities.filter(
    (_, step) => step >= numKept && (!fixed || fixed[step] === FREE),
  );
  return {
    index,
    notes,
    newBars: {from: begin / bar.steps, to: end / bar.steps - 1},
    numBars: whole.length / bar.steps,
    natsPerStep: -drawn.reduce((sum, each) => sum + each, 0) / Math.max(drawn.length, 1),
    fit: fit === null ? null : -fit / following.length,
    repeatedBars: numRepeatedBars(notes, bar.steps),
    repeatedShare: repeatedShare(
      notes.filter(({isNew}) => isNew),
      melodies,
    ),
  };
}
