// Asking the engine, and its candidates beside one another: heard by a click, kept by Enter, walked
// by the arrow keys.
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
      why: `The network does not know ${doc.meter}; it knows ${model.meters.join(', ')}. You can still write, play and save.`,
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
      text: `Continue after bar ${barNumber(doc, numWritten(doc) - 1)}: ${plural(Math.min(room, numBars), 'bar')}`,
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
  stopListening();
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
    (error) => finishDraw(draw, error.message),
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
      say(`${plural(draw.answers.length, 'way')} on: click one to hear it.`);
  } else if (state.draw === draw) {
    state.draw = null;
    state.answer = said || 'Nothing was drawn.';
    say(state.answer);
  }
  show();
}

// The tune with a candidate in it, for the roll and the player.
function applied(draw, index) {
  const answer = draw.answers[index];
  return draw.kind === 'start' ? startedWith(draw.doc, answer) : withCandidate(draw.doc, answer);
}

function chooseCandidate(index, {plays = true} = {}) {
  const {draw} = state,
    answer = draw.answers[index];
  draw.chosen = index;
  state.preview = applied(draw, index);
  const size = barSteps(state.preview),
    lead = draw.kind === 'start' ? 0 : 1;
  const first = Math.max(firstStep(state.preview), (answer.newBars.from - lead) * size),
    written = numWritten(state.preview);
  const end = Math.min(written, answer.newBars.to + 1 + (draw.kind === 'continue' ? 0 : 1)) * size;
  state.selection = null;
  keepInPlace(get('candidates').children[index]);
  if (plays && end > first)
    listen(state.preview, first, end, index, {follow: (step) => followSmall(index, step)});
  show();
}

// The roll above may grow with what it shows; the part of the page that was clicked stays under the
// pointer.
function keepInPlace(part) {
  const before = part.getBoundingClientRect().top;
  requestAnimationFrame(() =>
    requestAnimationFrame(() =>
      scrollBy(0, part.isConnected ? part.getBoundingClientRect().top - before : 0),
    ),
  );
}

function followSmall(index, step) {
  const cursor = document.querySelector(`#candidates [data-index="${index}"] .cursor`),
    range = smallRange(state.draw, index);
  if (!cursor) return;
  cursor.style.visibility = 'visible';
  cursor.setAttribute(
    'transform',
    `translate(${((step - range.from) / (range.to - range.from)) * 240} 0)`,
  );
}

// The steps that a candidate's small roll shows: its bars, with the one before and the one after.
function smallRange(draw, index) {
  const {newBars} = draw.answers[index],
    doc = applied(draw, index),
    size = barSteps(doc);
  const isStart = draw.kind === 'start';
  return {
    from: Math.max(isStart ? firstStep(doc) : 0, (newBars.from - 1) * size),
    to:
      Math.min(numWritten(doc) || 1, newBars.to + (draw.kind === 'continue' || isStart ? 1 : 2))
      * size,
  };
}

function keepCandidate(index) {
  const {draw} = state;
  if (!draw || index < 0) return;
  const doc = applied(draw, index),
    answer = draw.answers[index],
    size = barSteps(doc);
  stopListening();
  const entry = (draw.entry ??= logDraw(draw)),
    isNewTune = draw.kind === 'start' && draw.doc.notes.length > 0;
  if (isNewTune) {
    freshTune();
    state.log = [entry];
  }
  entry.kept = [...new Set([...entry.kept, index])];
  entry.after = doc;
  state.preview = null;
  commit(doc);
  const next =
    draw.kind === 'start' || draw.kind === 'continue'
      ? (answer.newBars.to + 1) * size
      : answer.newBars.from * size;
  if (draw.kind === 'redraw' || draw.kind === 'vary') select(stepsOf(doc, answer.newBars));
  else select(null, next);
  say(
    isNewTune
      ? 'Kept as a new tune. The one before is among the tunes kept in this browser, under History.'
      : 'Kept. Undo takes it back; the others stay in the history.',
  );
  get('roll').focus({preventScroll: true});
  requestAnimationFrame(() => requestAnimationFrame(() => showStep(answer.newBars.from * size)));
}

// Takes the candidates off the page; they stay in the history.
function leaveCandidates() {
  if (typeof state.playing?.what === 'number') stopListening();
  state.draw?.running?.cancel();
  state.draw = null;
  state.preview = null;
  show();
}

function showCandidates() {
  const {draw} = state,
    {text, why} = offer(),
    place = get('candidates');
  get('draw').textContent =
    text || {continue: 'Continue', redraw: 'Redraw', vary: 'Vary', start: 'Start'}[state.kind];
  get('draw').disabled = !text || Boolean(draw?.running);
  get('cancel').hidden = !draw?.running;
  get('drawing').textContent = draw?.running ? 'Drawing …' : draw?.said || state.answer || why;
  get('ways').hidden = !draw;
  get('ways').dataset.state = draw?.running ? 'drawing' : 'drawn';
  if (!draw) {
    place.replaceChildren();
    return;
  }
  get('ways-title').textContent = draw.what;
  get('keep-one').disabled = draw.chosen < 0;
  get('keep-one').textContent = draw.chosen < 0 ? 'Keep this one' : `Keep way ${draw.chosen + 1}`;
  if (place.owner !== draw) place.replaceChildren();
  place.owner = draw;
  for (let index = place.children.length; index < draw.answers.length; index++)
    place.append(card(draw, index));
  [...place.children].forEach((each, index) => {
    const isChosen = index === draw.chosen,
      button = each.querySelector('.card');
    button.setAttribute('aria-pressed', isChosen);
    button.classList.toggle('playing', state.playing?.what === index);
    if (state.playing?.what !== index) each.querySelector('.cursor').style.visibility = 'hidden';
  });
}

function card(draw, index) {
  const answer = draw.answers[index],
    doc = applied(draw, index),
    words =
      answer.words
      ?? describeCandidate(
        answer,
        draw.kind === 'start' ? {...draw.doc, notes: []} : draw.doc,
        state.model?.card?.nats ?? 0.5,
      );
  const item = document.createElement('div'),
    button = document.createElement('button'),
    keep = document.createElement('button'),
    facts = document.createElement('span');
  item.className = 'way';
  item.dataset.index = index;
  Object.assign(button, {type: 'button', className: 'card'});
  button.setAttribute(
    'aria-label',
    `Way ${index + 1}: ${words.join(', ')}. Click to play, Enter to keep.`,
  );
  button.innerHTML = drawSmall(doc, smallRange(draw, index), stepsOf(doc, answer.newBars));
  facts.textContent = `${index + 1}. ${words.join(', ')}`;
  if (Number.isFinite(answer.natsPerStep))
    facts.title = `${answer.natsPerStep.toFixed(2)} nats per step`;
  button.append(facts);
  Object.assign(keep, {type: 'button', className: 'keep', textContent: 'Keep'});
  keep.setAttribute('aria-label', `Keep way ${index + 1}`);
  button.addEventListener('click', () =>
    state.playing?.what === index ? stopListening() : chooseCandidate(index),
  );
  keep.addEventListener('click', () => keepCandidate(index));
  item.append(button, keep);
  return item;
}

function candidateKey(event) {
  const {draw} = state,
    index = Number(event.target.closest('.way')?.dataset.index ?? -1);
  if (!draw || index < 0) return;
  const move = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
  if (move) {
    event.preventDefault();
    const next = Math.min(draw.answers.length - 1, Math.max(0, index + move));
    get('candidates').children[next].querySelector('.card').focus();
    chooseCandidate(next);
  } else if (event.key === 'Enter' && event.target.closest('.card')) {
    event.preventDefault();
    keepCandidate(index);
  } else if (event.key === 'Escape') {
    leaveCandidates();
    get('draw').focus();
  }
}
