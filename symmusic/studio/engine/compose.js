'use strict';
// The operations: continue, redraw, vary, start. A request becomes a place: the bars to draw, what is around them and how the model reads it.

const MOST_BARS = 64;  // that are read before the new ones
const MOST_NEW_BARS = 64, MOST_TUNE_BARS = 400;
const FOLLOWING_BARS = 4;  // that choose among candidates
const MOST_ROUNDS = 5;  // of drawing again what is empty, drawn before or in another key
const BATCH = 4;  // melodies read side by side

function integer(value, name, least, most) {
  if (!Number.isInteger(value) || value < least || value > most) throw new Fault(`${name} is ${value}; it must be ${least} to ${most}.`, name);
  return value;
}

// {bar, key, pickupSteps, notes, numBars} of the tune of a request, checked.
function readTune(tune, network) {
  const bar = barOf(tune.meter, network), {theory} = network;
  const notes = monophonic(tune.notes ?? []);
  if (notes.some(({onset, length, pitch}) => ![onset, length, pitch].every(Number.isInteger) || onset < 0 || length < 1 || pitch < 0 || pitch > 127)) {
    throw new Fault('A note of the tune is not on the grid of sixteenths, or its pitch is not 0 to 127.', 'tune');
  }
  const end = notes.length ? notes[notes.length - 1].onset + notes[notes.length - 1].length : 0;
  const numBars = Math.max(Math.ceil(end / bar.steps), tune.numBars ?? 0);
  integer(numBars, 'numBars', 0, MOST_TUNE_BARS);
  const key = tune.key ? readKey(tune.key, theory) : notes.length ? detectKey(notes, theory) : makeKey(0, 'major', theory);
  return {bar, key, pickupSteps: integer(tune.pickupSteps ?? 0, 'pickupSteps', 0, bar.steps - 1), notes, numBars};
}

// Semitones from the tune's key to the model's: by the key detected, as the model was trained, and by octaves into its range.
function distanceOf(notes, key, {theory, vocabulary}) {
  const distance = transposition(notes.length ? detectKey(notes, theory) : key);
  return distance + fitRange(notes.map(({pitch}) => pitch + distance), vocabulary)[1];
}

// The place of bars `from` to `to` - 1, from 0, of a tune; bars that follow are kept. `ends`: the tune ends with them.
function placeOf({bar, key, pickupSteps, notes, numBars}, from, to, ends, network) {
  const {theory, vocabulary, architecture} = network, steps = bar.steps, begin = from * steps, end = to * steps;
  const events = stateAt(toEvents(notes, Math.max(numBars, to) * steps), end);
  const distance = distanceOf(notes, key, network), firstRead = Math.max(from - MOST_BARS, 0) * steps;
  const before = events.slice(firstRead, begin), after = events.slice(end);
  const prompt = from ? encode(before, distance, vocabulary) : new Uint8Array(steps).fill(architecture.padding);
  const classes = classEvents(distance, vocabulary), pitches = classes.filter((event) => event >= 0);
  const notesBefore = fromEvents(events.slice(0, begin)), lastBefore = notesBefore[notesBefore.length - 1];
  return {
    network, bar, key, theory, pickupSteps, distance, classes, prompt, begin, end,
    numSteps: end - begin,
    events,
    given: [...notesBefore, ...fromEvents(after)],
    melodies: [notesBefore, fromEvents(after)].filter((melody) => melody.length),
    following: encode(after.slice(0, (architecture.infilling ? FUTURE_BARS : FOLLOWING_BARS) * steps), distance, vocabulary),
    ahead: null,
    left: ends ? padLeft(barsLeft((to * steps - firstRead), steps, true, architecture), from ? 0 : steps) : null,
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

// The events with the note or silence at a step made explicit, so that it does not depend on what is drawn before.
function stateAt(events, step) {
  if (step >= events.length || events[step] !== NO_EVENT) return events;
  const said = events.slice(0, step).findLast((event) => event !== NO_EVENT) ?? NOTE_OFF;
  events[step] = said;
  return events;
}

// What a request draws: the place, its masks and how candidates are chosen.
function readRequest(request, network) {
  const stated = statedWishes(request.wishes), kinds = {continue: ofContinue, redraw: ofRedraw, vary: ofVary, start: ofStart};
  const {place, kept = {}, ...rest} = kinds[request.kind](request, network);
  return {
    place,
    ...masksOf(stated, kept, place),
    ...rest,
    numCandidates: integer(request.numCandidates ?? 8, 'numCandidates', 1, 64),
    temperature: readTemperature(request.temperature ?? network.temperature),
    seed: integer(request.seed ?? 0, 'seed', 0, 2 ** 32 - 1),
  };
}

function readTemperature(value) {
  if (!(value >= 0 && value <= 10)) throw new Fault(`temperature is ${value}; it must be 0 to 10.`, 'temperature');
  return value;
}

function ofContinue(request, network) {
  const tune = readTune(request.tune, network), numNew = integer(request.numBars ?? 4, 'numBars', 1, MOST_NEW_BARS);
  if (!tune.notes.length) return ofStart({...request.tune, numBars: numNew, ends: request.ends ?? false}, network);
  return {place: placeOf(tune, tune.numBars, tune.numBars + numNew, request.ends ?? false, network)};
}

function ofStart({meter, key, pickupSteps = 0, numBars = 8, ends = true}, network) {
  const numNew = integer(numBars, 'numBars', 1, MOST_NEW_BARS) + (pickupSteps ? 1 : 0);
  const tune = readTune({meter, key, pickupSteps, notes: []}, network);
  const place = placeOf(tune, 0, numNew, ends, network);
  return {place: {...place, isStated: true}, isBlank: true};
}

function ofRedraw({tune, bars}, network) {
  const read = readTune(tune, network);
  const from = integer(bars.from, 'bars', 0, read.numBars - 1), to = integer(bars.to, 'bars', from, read.numBars - 1);
  const place = placeOf(read, from, to + 1, false, network);
  const own = place.events.slice(place.begin, place.end);
  return {place, own, isBetween: place.following.length > 0 && !network.architecture.infilling};
}

// The place with what a network for infilling knows in advance of the bars that follow.
function toldAhead(place) {
  const {network, prompt, numSteps, following, bar} = place, blank = network.architecture.num_classes;
  if (!network.architecture.infilling || !following.length) return place;
  const future = Int16Array.from([...Array(prompt.length - 1 + numSteps).fill(blank), ...following]);
  return {...place, ahead: lookAhead(network, future, bar), numAhead: future.length, future: String(future)};
}

function ofVary(request, network) {
  const {keep, share = 0.5, seed = 0} = request, {place, own, isBetween} = ofRedraw(request, network);
  const notes = fromEvents(own).map((note) => ({...note, onset: note.onset + place.begin}));
  if (!(keep in KEPT)) throw new Fault(`keep is '${keep}'; it must be one of ${Object.keys(KEPT).join(', ')}.`, 'keep');
  if (!notes.length) throw new Fault('These bars have no notes to vary.', 'bars');
  const random = makeRandom(seed, 0xffffffff);
  const kept = {
    rhythm: () => ({rhythm: own}),
    contour: () => ({rhythm: own, contour: own}),
    pitches: () => ({pitches: notes.map(({pitch}) => pitch)}),
    notes: () => ({notes: notes.filter(() => random() < share)}),
  }[keep]();
  return {place, own, isBetween, kept};
}

// Draws the candidates of a request and calls `post(candidate)` for each. `breathe` is awaited now and then; it may throw to stop.
async function compose(request, network, post, breathe) {
  const read = readRequest(request, network), {numCandidates} = read, told = {...read, place: toldAhead(read.place)};
  const prompt = await readCached(told.place, breathe);
  const task = isDistant(told.masks) ? await guide(told, prompt, breathe) : told;
  const chosen = new Chosen(task);
  const wanted = !task.temperature ? 1 : task.isBetween ? Math.max(4, Math.min(2 * numCandidates, 24)) : numCandidates;
  for (let number = 0, round = 0; chosen.kept.length < wanted && round < MOST_ROUNDS; round++) {
    const missing = wanted - chosen.kept.length;
    for (let begin = 0; begin < missing && chosen.kept.length < wanted; begin += BATCH) {
      const num = Math.min(BATCH, missing - begin);
      const streams = Array.from({length: num}, () => number++);
      const fresh = chosen.sift(await drawBatch(task, prompt, streams, breathe), round === MOST_ROUNDS - 1);
      if (!task.isBetween) fresh.forEach((piece) => post(candidateOf(piece, chosen.numPosted++, task)));
    }
  }
  if (task.isBetween) fitting(chosen.kept, task).forEach((piece, index) => post(candidateOf(piece, index, task)));
  if (!chosen.kept.length) throw new Fault('Nothing new was found: with these wishes everything drawn was empty or as it is.', null);
}

// The carry and logits after the prompt of a place. What was read last is kept, with its state at every bar line: most prompts start as the
// last one did.
let lastRead = null;
async function readCached(place, breathe) {
  const {network, prompt, bar, left, future} = place, same = numSame(lastRead, place);
  if (same === prompt.length && lastRead.logits && lastRead.prompt.length === same) return lastRead;
  const states = (lastRead?.states ?? []).filter(({numRead}) => numRead <= same && numRead < prompt.length);
  const reader = readerOf(network, 1);
  lastRead = {network, bar, prompt, left, future, states, logits: null};
  const begun = states.length ? selectRows(states[states.length - 1], [0]) : initCarry(network, 1);
  lastRead.carry = await readPrompt(reader, begun, place, async (carry) => {
    if (carry.numRead > (states[states.length - 1]?.numRead ?? 0)) states.push(selectRows(carry, [0]));
    await breathe();
  });
  lastRead.logits = reader.logits.slice();
  return lastRead;
}

// Of how many steps a prompt is read as another one was.
function numSame(one, other) {
  if (!one || one.network !== other.network || one.bar.index !== other.bar.index || one.future !== other.future) return 0;
  const isSame = (step) => one.prompt[step] === other.prompt[step]
    && [2, 3].every((place) => (one.left?.[2 * step + place] ?? NOT_KNOWN) === (other.left?.[2 * step + place] ?? NOT_KNOWN));
  let num = 0;
  while (num < Math.min(one.prompt.length, other.prompt.length) && isSame(num)) num++;
  return num;
}

// The task with masks that guide: the small model is fitted to free draws after the same prompt.
async function guide(task, {carry: before, logits}, breathe) {
  const {place, masks, temperature, seed} = task, {network} = place;
  const reader = readerOf(network, FREE_PIECES), carry = selectRows(before, Array(FREE_PIECES).fill(0));
  const randoms = [], probabilities = [];
  for (let b = 0; b < FREE_PIECES; b++) {
    reader.logits.set(logits, b * logits.length);
    randoms.push(makeRandom(seed, 0xfffffff0 + b));
    probabilities.push([]);
  }
  const see = (b, step, weighed) => {
    const whole = logSumExp(weighed, 0, weighed.length);
    probabilities[b][step] = weighed.map((each) => Math.exp(each - whole));
  };
  const how = {masks: openMasks(masks), contour: null, temperature: temperature || 1, randoms, breathe, see};
  const {tokens} = await drawTokens(reader, carry, place, how);
  return {...task, masks: guided(masks, fitChances(masks, tokens, probabilities))};
}

// Pieces drawn side by side: {tokens, events, logProbabilities, fit}.
async function drawBatch(task, {carry: before, logits}, streams, breathe) {
  const {place, masks, contour, temperature, seed} = task, {network, numSteps} = place;
  const reader = readerOf(network, streams.length), carry = selectRows(before, streams.map(() => 0));
  streams.forEach((_, b) => reader.logits.set(logits, b * logits.length));
  const randoms = streams.map((stream) => makeRandom(seed, stream));
  const {tokens, logProbabilities} = await drawTokens(reader, carry, place, {masks, contour, temperature, randoms, breathe});
  let fits = null;
  if (task.isBetween) {
    const last = tokens.map((each) => each[numSteps - 1]);
    fits = await readFollowing(reader, carry, last, place, breathe);
  }
  return tokens.map((each, b) => ({
    events: Int16Array.from(each, (token) => place.classes[token]),
    logProbabilities: logProbabilities[b],
    fit: fits ? fits[b] : null,
    random: randoms[b],
  }));
}

const readers = new Map();  // by batch, of the last network
function readerOf(network, batch) {
  if (readers.get(batch)?.network !== network) readers.set(batch, new Reader(network, batch));
  return readers.get(batch);
}

// The pieces kept so far: none is empty, as it was, or the same as an earlier one.
class Chosen {
  constructor({own, isBlank, place}) {
    this.seen = new Set(own ? [String(own)] : []);
    this.isBlank = isBlank;
    this.place = place;
    this.kept = [];
    this.numPosted = 0;
  }

  // Those of the pieces that are kept; in the last round also those in another key than was asked for.
  sift(pieces, isLast) {
    const fresh = pieces.filter((piece) => {
      const text = String(piece.events);
      if (this.seen.has(text) || !piece.events.some((event) => event >= 0) || (!isLast && this.isInOtherKey(piece))) return false;
      this.seen.add(text);
      return true;
    });
    this.kept.push(...fresh);
    return fresh;
  }

  isInOtherKey({events}) {
    if (!this.isBlank) return false;
    const {key, theory} = this.place, found = detectKey(fromEvents(events), theory);
    return found.tonic !== key.tonic || found.isMajor !== key.isMajor;
  }
}

// `numCandidates` of the pieces, drawn by how well the bars that follow continue them, the best first: sampling importance resampling, as
// `generate.choose`.
function fitting(pieces, {numCandidates}) {
  const keyed = pieces.map((piece) => ({piece, key: piece.fit + gumbel(piece.random)}));
  const drawn = keyed.sort((one, other) => other.key - one.key).slice(0, numCandidates);
  return drawn.map(({piece}) => piece).sort((one, other) => other.fit - one.fit);
}

// A piece as it is posted: all of the tune with the new bars in it.
function candidateOf({events, logProbabilities, fit}, index, {place, masks}) {
  const {bar, begin, end, numKept, following, melodies} = place;
  const whole = Int16Array.from([...place.events.slice(0, begin), ...events, ...place.events.slice(end)]);
  const notes = fromEvents(whole).map((note) => ({...note, isNew: note.onset >= begin && note.onset < end}));
  const {fixed} = masks.wishes;
  const drawn = logProbabilities.filter((_, step) => step >= numKept && (!fixed || fixed[step] === FREE));
  return {
    index,
    notes,
    newBars: {from: begin / bar.steps, to: end / bar.steps - 1},
    numBars: whole.length / bar.steps,
    natsPerStep: -drawn.reduce((sum, each) => sum + each, 0) / Math.max(drawn.length, 1),
    fit: fit === null ? null : -fit / following.length,
    repeatedBars: numRepeatedBars(notes, bar.steps),
    repeatedShare: repeatedShare(notes.filter(({isNew}) => isNew), melodies),
  };
}
