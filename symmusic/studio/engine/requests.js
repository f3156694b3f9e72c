'use strict';
// What a request asks for: continue, redraw, vary, start.

const MOST_NEW_BARS = 64;

// What a request draws: the place, its masks and how candidates are chosen.
function readRequest(request, network) {
  const stated = statedWishes(request.wishes),
    kinds = {continue: ofContinue, redraw: ofRedraw, vary: ofVary, start: ofStart};
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
  if (!(value >= 0 && value <= 10))
    throw new Fault(`temperature is ${value}; it must be 0 to 10.`, 'temperature');
  return value;
}

function ofContinue(request, network) {
  const tune = readTune(request.tune, network),
    numNew = integer(request.numBars ?? 4, 'numBars', 1, MOST_NEW_BARS);
  if (!tune.notes.length)
    return ofStart({...request.tune, numBars: numNew, ends: request.ends ?? false}, network);
  return {
    place: placeOf(tune, tune.numBars, tune.numBars + numNew, request.ends ?? false, network),
  };
}

function ofStart({meter, key, pickupSteps = 0, numBars = 8, ends = true}, network) {
  const numNew = integer(numBars, 'numBars', 1, MOST_NEW_BARS) + (pickupSteps ? 1 : 0);
  const tune = readTune({meter, key, pickupSteps, notes: []}, network);
  const place = placeOf(tune, 0, numNew, ends, network);
  return {place: {...place, isStated: true}, isBlank: true};
}

function ofRedraw({tune, bars}, network) {
  const read = readTune(tune, network);
  const from = integer(bars.from, 'bars', 0, read.numBars - 1),
    to = integer(bars.to, 'bars', from, read.numBars - 1);
  const place = placeOf(read, from, to + 1, false, network);
  const own = place.events.slice(place.begin, place.end);
  return {place, own, isBetween: place.following.length > 0 && !network.architecture.infilling};
}

function ofVary(request, network) {
  const {keep, share = 0.5, seed = 0} = request,
    {place, own, isBetween} = ofRedraw(request, network);
  const notes = fromEvents(own).map((note) => ({...note, onset: note.onset + place.begin}));
  if (!(keep in KEPT))
    throw new Fault(
      `keep is '${keep}'; it must be one of ${Object.keys(KEPT).join(', ')}.`,
      'keep',
    );
  if (!(share >= 0 && share <= 1))
    throw new Fault(`share is ${share}; it must be 0 to 1.`, 'share');
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
