// Joins the controls to the commands, restores the last tune and starts the engine.

function setSound(name) {
  state.sound = name;
  get('sound').value = name;
  listenOn();
}

function joinControls() {
  for (const [id, does] of Object.entries(COMMANDS)) get(id)?.addEventListener('click', does);
  const on = (id, kind, does) => get(id).addEventListener(kind, does);
  const each = (selector, does) =>
    all(selector).forEach((button) =>
      button.addEventListener('click', () => {
        does(button.dataset);
        show();
      }),
    );
  each('button[data-tool]', ({tool}) => (state.tool = tool));
  each('[data-value]', ({value}) => setValue(Number(value)));
  each('[data-kind]', ({kind}) => (state.kind = kind));
  all('[role=radiogroup]').forEach(radioKeys);
  const roll = get('roll');
  for (const [kind, does] of Object.entries({
    pointerdown: pointerDown,
    pointermove: pointerMove,
    pointerup: pointerUp,
    pointercancel: pointerUp,
    dblclick: doubleClick,
    keydown: rollKey,
  }))
    roll.addEventListener(kind, does);
  on('play', 'click', togglePlay);
  on('record', 'click', () => (state.recording ? player.stop() : startRecording()));
  on('midi', 'click', useMidi);
  for (const id of ['loop', 'click']) on(id, 'change', listenOn);
  on('sound', 'change', (event) => setSound(event.target.value));
  on('tempo', 'change', changeTempo);
  on('title', 'input', (event) => commit(setTitle(tune(), event.target.value), 'title'));
  on('meter', 'change', (event) => commit(setMeter(tune(), event.target.value)));
  for (const id of ['tonic', 'mode']) on(id, 'change', changeKey);
  on('pickup', 'change', changePickup);
  on('heard', 'click', () =>
    commit(setKey(tune(), betterKey(tune().notes, tune().key) ?? tune().key)),
  );
  all('#compose input, #compose select').forEach((field) => field.addEventListener('input', show));
  on('no-wishes', 'click', clearWishes);
  on('draw', 'click', draw);
  on('again', 'click', draw);
  on('cancel', 'click', () => state.draw?.running?.cancel());
  on('leave', 'click', leaveCandidates);
  on('keep-one', 'click', () => keepCandidate(state.draw.chosen));
  on('candidates', 'keydown', candidateKey);
  on('new', 'click', () => {
    freshTune();
    say('A new tune. The one before is among the tunes kept in this browser.');
    show();
  });
  on('file', 'change', (event) => {
    if (event.target.files[0]) openFile(event.target.files[0]);
    event.target.value = '';
  });
  on('abc-open', 'click', openPasted);
  all('[data-save]').forEach((button) =>
    button.addEventListener('click', () => saveAs(button.dataset.save)),
  );
  on('copy-abc', 'click', copyAbc);
  on('print', 'click', () => print());
  on('staff', 'toggle', show);
  on('save-counts', 'click', () =>
    download(
      JSON.stringify(
        {format: 'symmusic studio use 1', model: state.model?.name ?? '', ...countUse(state.log)},
        null,
        1,
      ),
      'application/json',
      'studio-use.json',
    ),
  );
  on('tunes', 'toggle', showTunes);
  on('notice-close', 'click', () => notify(''));
  joinPage();
}

function joinPage() {
  document.addEventListener('keydown', recordKey);
  document.addEventListener('keyup', recordKey);
  document.addEventListener('keydown', pageKey);
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  document.addEventListener('dragleave', () => document.body.classList.remove('dropping'));
  document.addEventListener('drop', dropped);
  new ResizeObserver(show).observe(get('roll'));
  addEventListener('beforeprint', layOutPrint);
  addEventListener('storage', (event) => {
    if (event.key !== `${PREFIX}-tune-${state.id}` || !event.newValue) return;
    state.id = newId();
    save();
    notify(
      'This tune is open in another tab too: from here on this one is kept as a copy of its own.',
    );
  });
}

function setValue(value) {
  state.value = value;
  if (value === 1) state.isDotted = false;
}

function changeTempo(event) {
  const per = beatQuarters(tune().meter),
    asked = Number(event.target.value) * per,
    doc = setTempo(tune(), asked);
  if (doc.tempo !== asked)
    say(`A tempo is ${LEAST_TEMPO} to ${MOST_TEMPO} quarters a minute: ${doc.tempo} is used.`);
  commit(doc);
  event.target.value = Number((doc.tempo / per).toFixed(2));
  listenOn();
}

function changeKey() {
  const key = keyAt(Number(get('tonic').value), get('mode').value);
  commit(get('along').checked ? transposeTune(tune(), key) : setKey(tune(), key));
}

function changePickup(event) {
  const doc = setPickup(tune(), Number(event.target.value));
  if (doc) {
    commit(doc);
    select(null, doc.notes.length ? state.caret : firstStep(doc));
  } else say('The pickup has notes: erase them or move them first.');
  get('pickup').made = '';
  show();
}

function clearWishes() {
  for (const id of ['scale', 'lowest', 'highest', 'density', 'shortest', 'longest'])
    get(id).value = '';
  get('rests').checked = true;
  get('tonic-end').checked = false;
  show();
}

// A bar that is chosen by its number makes Redraw what comes next; `offerBars` is called when a
// drag over bars ends.
function offerBars() {
  const isWritten = state.selection && notesIn(tune(), state.selection).length > 0;
  if (isWritten && state.kind === 'continue') state.kind = 'redraw';
}

function restore() {
  let id = null;
  try {
    id = storage().getItem(PREFIX);
  } catch {
    /* nothing is kept */
  }
  const found = id && readTune(storage(), id);
  state.id = id && found ? id : newId();
  if (!found || (!found.doc.notes.length && !found.log.length)) return;
  Object.assign(state, {
    log: found.log,
    history: readHistory(storage(), id, found.doc),
    caret: Math.max(0, ...found.doc.notes.map(noteEnd)),
  });
  get('hint').hidden = true; // not while one writes, which would move the roll
  const {title, notes} = found.doc,
    numDraws = found.log.length;
  const history = numDraws ? `, with ${plural(numDraws, 'draw')} in its history` : '';
  notify(
    `Your last tune is back: ${title || 'untitled'}, ${plural(notes.length, 'note')}${history}.`
      + ' “New tune” starts another.',
  );
}

// Opens a tune that is in the page's address, as the listening page links to it: #abc=...
function openLinked() {
  const found = /^#abc=(.+)$/.exec(location.hash);
  if (!found) return;
  // so that a reload does not open it again
  window.history.replaceState(null, '', location.pathname + location.search);
  try {
    opened(openText(decodeURIComponent(found[1])), '');
    get('hint').hidden = true;
  } catch (error) {
    if (!(error instanceof Unreadable || error instanceof URIError)) throw error;
    notify('The tune in the link cannot be read. Your tune is as it was.');
  }
}

function startEngine() {
  try {
    engine = openEngine(
      readJson(get('engine-script').textContent),
      readJson(get('network').textContent),
    );
    engine.loaded.then(
      (model) => {
        state.model = model;
        get('lead').dataset.ready = 'yes';
        show();
      },
      (error) => failEngine(error),
    );
  } catch (error) {
    failEngine(error);
  }
}

function failEngine(error) {
  state.engineFault =
    `This browser cannot run the network (${error.message}): you can still write, play and `
    + 'save.';
  show();
}

state.sketch = readSketch(readJson(get('sketch').textContent));
buildControls();
for (const id of ['sounding', 'about-tune', 'staff'])
  get(id).open = !matchMedia('(max-width: 40rem)').matches;
joinControls();
restore();
openLinked();
addEventListener('hashchange', openLinked);
shows.push(
  showRoll,
  showHead,
  showControls,
  showCandidates,
  showLog,
  tellSelection,
  showShared,
  showStaff,
);
if (!hasAudio()) say(`${NO_AUDIO} ${STILL_WORKS}`);
show();
startEngine();
get('about').textContent = readJson(get('about-text').textContent);
