// Candidates beside one another: heard by a click, kept by Enter, walked by the arrow keys.

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
    listen(state.preview, first, end, index, (step) => followSmall(index, step));
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
  const small = document.querySelector(`#candidates [data-index="${index}"] svg`);
  if (small) moveCursor([small], small.layout, step);
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
  player.stop();
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
  const shared = sharedWords(sharedIn(notesIn(doc, stepsOf(doc, answer.newBars))));
  say(
    (isNewTune
      ? 'Kept as a new tune. The one before is among the tunes kept in this browser, under History.'
      : 'Kept. Undo takes it back; the others stay in the history.')
      + (shared ? ` It has ${shared}.` : ''),
  );
  get('roll').focus({preventScroll: true});
  requestAnimationFrame(() => requestAnimationFrame(() => showStep(answer.newBars.from * size)));
}

// Takes the candidates off the page; they stay in the history.
function leaveCandidates() {
  if (typeof player.passage?.what === 'number') player.stop();
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
  get('keep-one').textContent =
    draw.chosen < 0 ? 'Keep this one' : `Keep suggestion ${draw.chosen + 1}`;
  if (place.owner !== draw) place.replaceChildren();
  place.owner = draw;
  for (let index = place.children.length; index < draw.answers.length; index++)
    place.append(card(draw, index));
  [...place.children].forEach((each, index) => {
    const isChosen = index === draw.chosen,
      button = each.querySelector('.card');
    button.setAttribute('aria-pressed', isChosen);
    button.classList.toggle('playing', player.passage?.what === index);
    if (player.passage?.what !== index) followSmall(index, null);
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
        state.model?.usualNats ?? null,
      );
  const item = document.createElement('div'),
    button = document.createElement('button'),
    keep = document.createElement('button'),
    facts = document.createElement('span');
  item.className = 'way';
  item.dataset.index = index;
  Object.assign(button, {type: 'button', className: 'card'});
  const shared = sharedIn(notesIn(doc, stepsOf(doc, answer.newBars))),
    said = sharedWords(shared);
  button.setAttribute(
    'aria-label',
    `Suggestion ${index + 1}: ${[...words, ...(said ? [said] : [])].join(', ')}. Click to play, `
      + 'Enter to keep.',
  );
  button.append(
    smallPicture(
      smallRoll(doc, smallRange(draw, index), stepsOf(doc, answer.newBars), shared?.onsets),
    ),
  );
  facts.append(`${index + 1}. ${words.join(', ')}`);
  if (said) {
    const mark = document.createElement(shared.isBeyond ? 'strong' : 'span');
    mark.textContent = said;
    facts.append(', ', mark);
  }
  if (Number.isFinite(answer.natsPerStep))
    facts.title =
      `${answer.natsPerStep.toFixed(2)} nats per step`
      + (state.model?.usualNats ? `; ${state.model.usualNats.toFixed(2)} is usual` : '');
  button.append(facts);
  Object.assign(keep, {type: 'button', className: 'keep', textContent: 'Keep'});
  keep.setAttribute('aria-label', `Keep suggestion ${index + 1}`);
  button.addEventListener('click', () =>
    player.passage?.what === index ? player.stop() : chooseCandidate(index),
  );
  keep.addEventListener('click', () => keepCandidate(index));
  item.append(button, keep);
  return item;
}

function smallPicture({layout, music}) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  svg.layout = layout;
  showRollLine(svg, layout, 0, music);
  return svg;
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
