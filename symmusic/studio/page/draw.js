// Asking the engine: the settings of a request, what the button offers, and drawing.
let engine = null;

const BOLDNESS = {
  '-4': 'very careful',
  '-3': 'careful',
  '-2': 'rather careful',
  '-1': 'a little careful',
  0: 'usual',
  1: 'a little bold',
  2: 'rather bold',
  3: 'bold',
  4: 'daring',
};

function settings() {
  const number = (id) => (get(id).value === '' ? null : Number(get(id).value));
  return {
    numBars: Math.min(32, Math.max(1, number('num-bars') ?? 4)),
    ends: get('ends').value === 'ending',
    form: get('form').value,
    keep: get('keep').value,
    share: Number(get('share').value) / 100,
    temperature: (state.model?.temperature ?? 1) * 1.12 ** Number(get('boldness').value),
    scale: get('scale').value,
    lowest: number('lowest'),
    highest: number('highest'),
    density: get('density').value,
    shortest: number('shortest'),
    longest: number('longest'),
    rests: get('rests').checked,
    endOnTonic: get('tonic-end').checked,
    numCandidates: Number(get('num-candidates').value),
    seed: Math.floor(Math.random() * 2 ** 31),
  };
}

// The bars that redraw and vary work on: those that are selected, or the one of the cursor.
function chosenBars() {
  const doc = tune(),
    bars = state.selection
      ? barsOf(doc, state.selection)
      : barsOf(doc, {from: state.caret, to: state.caret + 1});
  const last = Math.max(0, numWritten(doc) - 1);
  return {from: Math.min(bars.from, last), to: Math.min(bars.to, last)};
}

// What the draw button does now, in words; '' where it cannot, and then `why`.
function offer() {
  const doc = tune(),
    {numBars} = settings(),
    {kind, model} = state;
  if (!model) return {text: '', why: state.engineFault ?? 'The network is being loaded …'};
  const barsKnown = model.meters.some(
    (meter) =>
      meter === doc.meter
      || (barOf(meter)?.steps === barSteps(doc)
        && String(barOf(meter).beats) === String(barOf(doc.meter).beats)),
  );
  if (!barsKnown)
    return {
      text: '',
      why:
        `The network does not know ${doc.meter}; it knows ${model.meters.join(', ')}. You `
        + 'can still write, play and save.',
    };
  if (kind === 'start')
    return {
      text: doc.notes.length
        ? `Start a new tune of ${plural(numBars, 'bar')}`
        : `Start with ${plural(numBars, 'bar')}`,
      why: '',
    };
  if (!doc.notes.length) return {text: '', why: 'Write a bar first, or choose “From nothing”.'};
  if (kind === 'continue') {
    const room = MOST_BARS - numWritten(doc);
    if (room < 1) return {text: '', why: `The tune has ${MOST_BARS} bars, which is the most.`};
    return {
      text:
        `Continue after bar ${barNumber(doc, numWritten(doc) - 1)}: `
        + `${plural(Math.min(room, numBars), 'bar')}`,
      why: '',
    };
  }
  const bars = chosenBars();
  if (
    Array.from({length: bars.to - bars.from + 1}, (_, index) => bars.from + index).every((bar) =>
      doc.pins.includes(bar),
    )
  )
    return {text: '', why: 'All of these bars are pinned.'};
  return {
    text: `${kind === 'vary' ? 'Vary' : 'Redraw'} ${barWords(doc, bars)}`,
    why: state.selection ? '' : 'Click bar numbers in the roll to choose other bars.',
  };
}

function draw() {
  if (state.draw) return;
  const doc = tune(),
    {kind} = state,
    chosen = settings(),
    bars = kind === 'redraw' || kind === 'vary' ? chosenBars() : null;
  chosen.numBars = Math.min(chosen.numBars, MOST_BARS - (kind === 'start' ? 1 : numWritten(doc)));
  const what = offer().text;
  leaveCandidates();
  player.stop();
  state.answer = '';
  state.draw = {
    id: state.id,
    kind,
    doc,
    what,
    answers: [],
    chosen: -1,
    entry: null,
    running: null,
    said: '',
    form: kind === 'start' ? chosen.form : '',
  };
  const request = requestOf(kind, doc, bars, chosen),
    draw = state.draw;
  draw.running = (draw.form ? askForm : ask)(request, chosen, (answer) => {
    if (state.draw !== draw) return;
    draw.answers.push(answer);
    show();
  });
  draw.running.finished.then(
    ({cancelled} = {}) => finishDraw(draw, cancelled ? 'Stopped.' : ''),
    (error) => finishDraw(draw, explainFault(error, doc.key)),
  );
  get('ways').hidden = false;
  get('ways').dataset.state = 'drawing';
  show();
}

const ask = (request, _, onCandidate) => engine.ask(request, onCandidate);

function finishDraw(draw, said) {
  draw.running = null;
  draw.said = said;
  if (draw.answers.length) {
    if (draw.id === state.id) draw.entry ??= logDraw(draw);
    if (state.draw === draw && draw.chosen < 0)
      say(`${plural(draw.answers.length, 'suggestion')}: click one to hear it.`);
  } else if (state.draw === draw) {
    state.draw = null;
    state.answer = said || 'Nothing was drawn.';
    say(state.answer);
  }
  show();
}
