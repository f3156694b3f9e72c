'use strict';
// The messages of the engine, which runs in a worker made from a Blob. The page's side is
// `client.js`:
//
//   // network: as `export_network` in network.py writes it
//   const engine = openEngine(text of the engine's script, network);
//   // facts of the model, below; rejects with an Error
//   engine.loaded.then((model) => ...)
//   // `finished` resolves to {cancelled} or rejects with an Error
//   const {cancel, finished} = engine.ask(request, (candidate) => ...);
//
// Without the client: postMessage({id, kind, ...}); every answer has the request's id. Requests are
// answered in order, one at a time.
//
// Times are steps, sixteenths. Step 0 of a tune is the bar line at which its first bar starts, and
// all bars have equally many steps. A tune with a pickup starts with a bar whose first steps are
// silent: its notes start at step `barSteps - pickupSteps` or later. Bars count from 0, the
// pickup's bar included. Pitches are MIDI numbers as they sound; the engine transposes to the
// model's key and back.
//
// tune: {
//   meter: '6/8',      // one of model.meters or one with equal bars, such as '2/2' for '4/4'
//   // tonic: 'C', 'F#', 'Bb' ...; null: detected from the notes
//   key: {tonic: 'D', mode: 'dorian'} or null,
//   pickupSteps: 0,
//   // one voice; of notes that sound together the highest is read
//   notes: [{onset, length, pitch}, ...],
//   numBars,           // optional; at least up to the last note's end
// }
//
// Requests:
//   {kind: 'load', network}                     -> {kind: 'loaded', model}
//   {kind: 'continue', tune, numBars, ends}     numBars new bars after the tune; ends: the tune
//                                               ends with them (told to the model)
//   {kind: 'redraw', tune, bars: {from, to}}    bars from..to, both included; the candidates that
//                                               fit what follows best come first
//   {kind: 'vary', tune, bars, keep}            as redraw; keep: 'rhythm', 'contour' (the rhythm
//                                               and each step up or down), 'pitches' (in order,
//                                               with another rhythm) or 'notes' (`share`, 0 to 1,
//                                               of the notes stays)
//   {kind: 'start', meter, key, numBars, ends}  a tune from nothing; pickupSteps: optional, steps
//                                               of a pickup before the numBars
//   {kind: 'cancel', id}                        ends the request of this id, which is answered by
//                                               {kind: 'done', cancelled: true}
// Those that draw also take, all optional:
//   numCandidates: 8, temperature: model.temperature,
//   seed: 0 (the same seed draws the same candidates)
//   wishes: {
//     // or {tonic, mode} (mode: one of model.scales) or 'tune' (its scale and all of its notes)
//     scale: [pitch classes as they sound],
//     lowest, highest,                  // pitches, both allowed
//     shortest, longest,                // steps from a note's start to its end
//     minNotesPerBar, maxNotesPerBar,   // notes that start in a bar
//     rests: false,                     // no silence
//     // the last new note: on a strong beat, held for a beat, on the scale's or key's tonic
//     endOnTonic: true,
//     // notes that stay as they are, anywhere in the tune; those in the new bars count
//     pins: [{onset, length, pitch}, ...],
//   }
//
// Answers to those that draw, as they are ready:
//   {kind: 'candidate', index, notes, newBars: {from, to}, numBars, natsPerStep, fit, repeatedBars,
//    repeatedShare}
//     notes: all of the tune with the new bars in it, [{onset, length, pitch, isNew}], in order; a
//       given note may last longer into the new bars, and one that sounded on after them starts
//       again there
//     natsPerStep: mean surprise of the drawn steps, at temperature 1 (lower is more expected; see
//       usualNats)
//     fit: nats per step of the (at most 4) bars that follow, given the new ones; null where none
//       follow, and of a network for infilling
//     repeatedBars: how many of the tune's own bars come again among the new ones, with the same
//       notes
//     repeatedShare: share of the new notes in runs of 5 notes or more that the tune has elsewhere
//       too, in any key
//     Candidates of 'continue' and 'start' come in the order drawn; those of 'redraw' and 'vary',
//     where bars follow, when all are drawn, the best first. Of candidates with the same notes only
//     one comes, so there may be fewer than asked for.
//   {kind: 'done', cancelled}           after the last candidate
//   {kind: 'error', message, field, wishes}
//     message: a sentence, such as: the wishes cannot be met together; field: which, or null;
//     wishes: {names, lowest, highest (pitches that the model has), numBars} of wishes that cannot
//       be met together, or null
//
// model: {name, meters: ['4/4', ...], barSteps: {'4/4': 16, ...} (also of metres with equal bars),
//   lowest, highest (pitches in the model's key), temperature,
//   usualNats (the natsPerStep that it expects after a prompt, or null),
//   scales: {name: semitones above the tonic}, modes: {name: sharps beyond the major key's},
//   card: {corpus, num_tunes}}

class Cancelled extends Error {}

const cancelled = new Set();
const waiting = [];
let network = null,
  isBusy = false;

// Lets messages in, such as one that cancels; a timer would wait for 4 ms.
const {port1: bell, port2: ear} = new MessageChannel();
const breathing = [];
ear.onmessage = () => breathing.shift()();
function breath(id) {
  return new Promise((resolve, reject) => {
    breathing.push(() => (cancelled.has(id) ? reject(new Cancelled()) : resolve()));
    bell.postMessage(null);
  });
}

onmessage = ({data}) => {
  if (data.kind === 'cancel') {
    cancelled.add(data.id);
    return;
  }
  waiting.push(data);
  if (!isBusy) answerAll();
};

async function answerAll() {
  isBusy = true;
  while (waiting.length) {
    const request = waiting.shift();
    await answer(request);
    cancelled.delete(request.id);
  }
  isBusy = false;
}

async function answer(request) {
  const {id, kind} = request;
  try {
    if (kind === 'load') {
      network = readNetwork(request.network);
      postMessage({id, kind: 'loaded', model: factsOf(network)});
      return;
    }
    if (!['continue', 'redraw', 'vary', 'start'].includes(kind))
      throw new Fault(`'${kind}' is no kind of request.`, 'kind');
    if (!network) throw new Fault('The model is not loaded yet.', null);
    await breath(id);
    await compose(
      request,
      network,
      (candidate) => postMessage({id, kind: 'candidate', ...candidate}),
      () => breath(id),
    );
    postMessage({id, kind: 'done', cancelled: false});
  } catch (error) {
    if (error instanceof Cancelled) postMessage({id, kind: 'done', cancelled: true});
    else {
      const {message, field = null, wishes = null} = error;
      postMessage({id, kind: 'error', message, field, wishes});
    }
  }
}

function factsOf(network) {
  const {name, meters, bars, vocabulary, temperature, theory, card} = network;
  return {
    name,
    meters,
    barSteps: Object.fromEntries(Object.entries(bars).map(([meter, {steps}]) => [meter, steps])),
    lowest: vocabulary.min_pitch,
    highest: vocabulary.max_pitch,
    temperature,
    usualNats: network.usual_nats,
    scales: theory.scales,
    modes: theory.modes,
    card,
  };
}
