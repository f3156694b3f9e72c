// The controls: building them, and showing the state in them.

function fill(id, pairs, chosen = '') {
  get(id).replaceChildren(
    ...pairs.map(
      ([value, text]) => new Option(text, value, false, String(value) === String(chosen)),
    ),
  );
}

// The picture of a note value: a head, a stem and flags.
function valueIcon(value) {
  const flags = {2: 1, 1: 2}[value] ?? 0,
    isOpen = value >= 8;
  const stem = value < 16 ? '<line x1="12.2" x2="12.2" y1="17" y2="3"/>' : '';
  const flag = Array.from(
    {length: flags},
    (_, index) => `<path d="M12.2 ${3 + 4 * index} q5 3 3 8" fill="none"/>`,
  ).join('');
  const head = `<ellipse cx="8.6" cy="17.5" rx="4" ry="2.9" transform="rotate(-20 8.6 17.5)"
    class="${isOpen ? 'open' : 'full'}"/>`;
  return `<svg viewBox="0 0 20 22" aria-hidden="true">${head}${stem}${flag}</svg>`;
}

function buildControls() {
  fill(
    'meter',
    METERS.map((meter) => [meter, meter]),
  );
  fill(
    'tonic',
    [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].map((place) => [
      place,
      lineLetter(place) + SIGNS[lineAlter(place)],
    ]),
  );
  fill(
    'mode',
    Object.keys(MODES).map((mode) => [mode, mode]),
  );
  fill(
    'sound',
    Object.keys(SOUNDS).map((name) => [name, name]),
  );
  fill(
    'scale',
    [...get('scale').options]
      .map((each) => [each.value, each.text])
      .concat(
        ['dorian', 'mixolydian', 'pentatonic', 'minor pentatonic', 'harmonic minor', 'blues'].map(
          (name) => [name, `${name} on the tonic`],
        ),
      ),
  );
  const lengths = [1, 2, 3, 4, 6, 8, 12, 16].map((value) => [value, nameLength(value)]);
  fill('shortest', [['', 'any'], ...lengths]);
  fill('longest', [['', 'any'], ...lengths]);
  get('values').replaceChildren(
    ...[1, 2, 4, 8, 16].map((value) => {
      const button = document.createElement('button');
      Object.assign(button, {
        type: 'button',
        innerHTML: valueIcon(value),
        title: nameLength(value),
      });
      button.setAttribute('role', 'radio');
      button.setAttribute('aria-label', nameLength(value));
      button.dataset.value = value;
      return button;
    }),
  );
}

// Lists whose entries depend on the tune.
function showHead() {
  const doc = tune(),
    bar = barOf(doc.meter),
    field = (id, value) => document.activeElement !== get(id) && (get(id).value = value);
  if (![...get('meter').options].some((each) => each.value === doc.meter))
    get('meter').append(new Option(doc.meter, doc.meter));
  field('title', doc.title);
  get('meter').value = doc.meter;
  get('tonic').value =
    keyPlace(doc.key) > 6
      ? keyPlace(doc.key) - 12
      : keyPlace(doc.key) < -5
        ? keyPlace(doc.key) + 12
        : keyPlace(doc.key);
  get('mode').value = doc.key.mode;
  const {beat, number} = markTempo(doc.tempo, doc.meter);
  field('tempo', Number((doc.tempo / beatQuarters(doc.meter)).toFixed(2)));
  get('tempo-unit').textContent =
    {1.5: 'dotted quarters a minute', 1: 'quarters a minute', 3: 'dotted halves a minute'}[
      beatQuarters(doc.meter)
    ] ?? 'beats a minute';
  get('tempo-unit').dataset.mark = `${beat} ${number}`;
  const wanted = `${doc.meter} ${doc.pickupSteps}`;
  if (get('pickup').made !== wanted) {
    get('pickup').made = wanted;
    const steps = Array.from({length: bar.steps - 1}, (_, index) => index + 1).filter(
      (each) => each <= 4 || each % 2 === 0 || each === doc.pickupSteps,
    );
    fill(
      'pickup',
      [
        [0, 'none'],
        ...steps.map((each) => [
          each,
          VALUE_NAMES[each] ?? `${each % 2 ? `${each} sixteenths` : `${each / 2} eighths`}`,
        ]),
      ],
      doc.pickupSteps,
    );
  }
  get('in-short').textContent = [
    ...(doc.title ? [doc.title] : []),
    doc.meter,
    keyName(doc.key),
    ...(doc.pickupSteps ? [`pickup: ${nameLength(doc.pickupSteps)}`] : []),
  ].join(', ');
  const heard = betterKey(doc.notes, doc.key);
  get('heard').hidden = !heard;
  get('heard').textContent = heard ? `It sounds like ${keyName(heard)}: use that` : '';
  const density = get('density').value;
  if (get('density').made !== doc.meter) {
    get('density').made = doc.meter;
    fill(
      'density',
      [
        ['', 'any'],
        ...['few', 'some', 'many'].map((word) => [word, `${word}: ${densityWords(word, bar)}`]),
      ],
      density,
    );
  }
  for (const id of ['lowest', 'highest']) {
    const keyText = keyName(doc.key),
      value = get(id).value;
    if (get(id).made === keyText) continue;
    get(id).made = keyText;
    fill(
      id,
      [
        ['', 'any'],
        ...Array.from({length: 37}, (_, index) => 55 + index).map((pitch) => [
          pitch,
          pitchName(pitch, doc.key),
        ]),
      ],
      value,
    );
  }
}

function showControls() {
  const pressed = (id, isOn) => get(id).setAttribute('aria-pressed', Boolean(isOn));
  showPlaying(get('play'), Boolean(player.passage), ['▶ Play', '■ Stop']);
  pressed('record', state.recording);
  get('record').textContent = state.recording ? '■ End recording' : '● Record';
  pressed('dot', state.isDotted);
  pressed('rows', !state.isFolded);
  const range = target(),
    doc = tune();
  pressed(
    'pin',
    range
      && notesIn(doc, range).length
      && notesIn(doc, range).every(
        (each) => each.isPinned || doc.pins.includes(Math.floor(each.onset / barSteps(doc))),
      ),
  );
  get('undo').disabled = !state.history.past.length;
  get('redo').disabled = !state.history.future.length;
  const radio = (selector, isOn) =>
    all(selector).forEach((each) => {
      each.setAttribute('aria-checked', isOn(each.dataset));
      each.tabIndex = isOn(each.dataset) ? 0 : -1;
    });
  radio('button[data-tool]', ({tool}) => tool === state.tool);
  radio('[data-value]', ({value}) => Number(value) === state.value);
  radio('[data-kind]', ({kind}) => kind === state.kind);
  get('roll').dataset.tool = state.tool;
  all('[data-for]').forEach(
    (each) => (each.hidden = !each.dataset.for.split(' ').includes(state.kind)),
  );
  get('share-label').hidden ||= get('keep').value !== 'notes';
  get('share-out').textContent = `${get('share').value} %`;
  get('boldness-out').textContent = BOLDNESS[get('boldness').value];
  const num =
    ['scale', 'lowest', 'highest', 'density', 'shortest', 'longest'].filter((id) => get(id).value)
      .length
    + !get('rests').checked
    + get('tonic-end').checked;
  get('wished').textContent = num ? `(${num})` : '(none)';
}

// Arrow keys move within a group of which one is chosen.
function radioKeys(group) {
  group.addEventListener('keydown', (event) => {
    const move = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key],
      buttons = all('[role=radio]', group);
    if (!move) return;
    event.preventDefault();
    const next = buttons[modulo(buttons.indexOf(document.activeElement) + move, buttons.length)];
    next.click();
    next.focus();
  });
}
