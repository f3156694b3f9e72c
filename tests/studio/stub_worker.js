// An engine that answers with fixed candidates: in each new bar a note on every beat, the first of them higher by its index.
onmessage = ({data: {id, kind, ...request}}) => {
  const tell = (answer) => postMessage({id, ...answer});
  if (kind === 'load') {
    tell({kind: 'loaded', model: {name: 'stub', meters: ['4/4', '3/4', '6/8'], barSteps: {'4/4': 16, '3/4': 12, '6/8': 12}, lowest: 50, highest: 96, temperature: 1.1, scales: {}, card: {nats: 0.5}}});
    return;
  }
  const meter = request.meter ?? request.tune.meter, size = {'4/4': 16, '3/4': 12, '6/8': 12}[meter];
  if (!size) {
    tell({kind: 'error', message: `The network does not know ${meter}.`, field: 'meter'});
    return;
  }
  const given = request.tune?.notes ?? [], lead = kind === 'start' && request.pickupSteps ? 1 : 0;
  const from = kind === 'continue' ? request.tune.numBars : kind === 'start' ? lead : request.bars.from;
  const to = request.bars?.to ?? from + request.numBars - 1;
  for (let index = 0; index < request.numCandidates; index++) {
    const fresh = [];
    for (let step = from * size; step < (to + 1) * size; step += 4) fresh.push({onset: step, length: 4, pitch: 62 + index + ((step / 4) % 3), isNew: true});
    const notes = [...given.filter((each) => each.onset < from * size || each.onset >= (to + 1) * size).map((each) => ({...each, isNew: false})), ...fresh].sort((a, b) => a.onset - b.onset);
    tell({kind: 'candidate', index, notes, newBars: {from: kind === 'start' ? 0 : from, to}, numBars: to + 1, natsPerStep: 0.3 + 0.1 * index, fit: null, repeatedBars: index, repeatedShare: 0});
  }
  tell({kind: 'done', cancelled: false});
};
