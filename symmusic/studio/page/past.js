// The history of what was drawn and kept, and the tunes that are kept in the browser.

// Adds a finished draw to the log; the entry, which later keeps change.
function logDraw(draw) {
  const candidates = draw.answers.map((answer) => {
    const size = barSteps(draw.doc),
      {from, to} = answer.newBars;
    const within = answer.notes.filter(
      (each) => each.onset >= from * size && each.onset < (to + 1) * size,
    );
    const doc = draw.kind === 'start' ? {...draw.doc, notes: []} : draw.doc;
    return {
      notes: within.map((each) => [each.onset, each.length, each.pitch]),
      words: describeCandidate(answer, doc, state.model?.usualNats ?? null),
    };
  });
  const entry = {
    time: Date.now(),
    kind: draw.kind,
    what: draw.what,
    bars: draw.answers[0].newBars,
    candidates,
    kept: [],
    after: null,
  };
  state.log = [...state.log, entry];
  save();
  return entry;
}

const noteOf = ([onset, length, pitch]) => ({onset, length, pitch});

// Shows the candidates of an entry again, in the tune as it is now.
function recall(entry) {
  const doc = tune();
  leaveCandidates();
  const answers = entry.candidates.map(({notes, words}) => {
    const fresh = notes.map((each) => ({...noteOf(each), isNew: true}));
    const range = stepsOf(doc, entry.bars),
      others = doc.notes
        .filter((each) => !isWithin(each, range))
        .map((each) => ({...toEngine(each), isNew: false}));
    return {
      notes: [...(entry.kind === 'start' ? [] : others), ...fresh],
      newBars: entry.bars,
      numBars: entry.bars.to + 1,
      words,
    };
  });
  state.draw = {
    id: state.id,
    kind: entry.kind,
    doc,
    what: `${entry.what}, as drawn before`,
    answers,
    chosen: -1,
    entry,
    running: null,
    said: '',
    form: '',
  };
  get('ways').hidden = false;
  show();
  get('compose').scrollIntoView({block: 'start'});
}

function showLog() {
  const list = get('log'),
    {draws, candidates, kept} = countUse(state.log);
  get('counts').textContent = draws
    ? `${plural(draws, 'draw')}, ${plural(candidates, 'suggestion')}, ${kept} kept.`
    : 'Nothing is drawn yet. All that is drawn or kept stays here.';
  get('save-counts').hidden = !draws;
  if (list.shown === state.log && list.keptCount === kept) return;
  Object.assign(list, {shown: state.log, keptCount: kept});
  list.replaceChildren(
    ...[...state.log].reverse().map((entry) => {
      const item = document.createElement('li'),
        again = document.createElement('button'),
        words = document.createElement('span');
      const time = new Date(entry.time).toLocaleTimeString([], {
        hour: '2-digit',
        minute: '2-digit',
      });
      const numbers = entry.kept
        .map((each) => {
          const notes = entry.candidates[each].notes,
            shared = sharedWords(sharedBy(state.sketch, notes.map(noteOf)));
          return `${each + 1}${shared ? ` (${shared})` : ''}`;
        })
        .join(', ');
      const chosen = numbers ? `kept ${numbers}` : 'none kept';
      const num = plural(entry.candidates.length, 'suggestion');
      words.textContent = `${time} ${entry.what}: ${num}, ${chosen} `;
      Object.assign(again, {type: 'button', textContent: 'Hear them again'});
      again.addEventListener('click', () => recall(entry));
      item.append(words, again);
      if (entry.after) {
        const back = document.createElement('button');
        Object.assign(back, {type: 'button', textContent: 'Go back to this tune'});
        back.addEventListener('click', () => {
          commit(entry.after);
          select(null);
          say('This is the tune as you kept it then; undo returns.');
        });
        item.append(' ', back);
      }
      return item;
    }),
  );
}

// Another tune begins: the one before stays in the browser under its own name.
function freshTune() {
  leaveCandidates();
  player.stop();
  if (tune().notes.length || state.log.length) save();
  else forgetTune(storage(), state.id);
  state.id = newId();
  state.log = [];
  state.history = startHistory(emptyDocument());
  state.selection = null;
  state.caret = 0;
}

const newId = () => `${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;

function showTunes() {
  if (!get('tunes').open) return;
  const list = listTunes(storage());
  get('tune-list').replaceChildren(
    ...list.map(({id, title, time, numNotes}) => {
      const item = document.createElement('li'),
        open = document.createElement('button'),
        remove = document.createElement('button');
      const date = new Date(time).toLocaleString([], {dateStyle: 'medium', timeStyle: 'short'});
      const name = `${title || 'untitled'}, ${plural(numNotes, 'note')}, ${date}`;
      item.append(id === state.id ? `${name} (open) ` : `${name} `);
      Object.assign(open, {type: 'button', textContent: 'Open', disabled: id === state.id});
      open.setAttribute('aria-label', `Open ${name}`);
      open.addEventListener('click', () => openKept(id));
      Object.assign(remove, {type: 'button', textContent: 'Delete', disabled: id === state.id});
      remove.setAttribute('aria-label', `Delete ${name}`);
      remove.addEventListener('click', () => {
        if (remove.dataset.sure) forgetTune(storage(), id);
        else Object.assign(remove, {textContent: 'Really delete'}).dataset.sure = 'yes';
        if (!listTunes(storage()).some((each) => each.id === id)) showTunes();
      });
      item.append(open, ' ', remove);
      return item;
    }),
  );
}

function openKept(id) {
  const found = readTune(storage(), id);
  if (!found) return say('This tune cannot be read.');
  freshTune();
  Object.assign(state, {
    id,
    log: found.log,
    history: readHistory(storage(), id, found.doc),
    caret: Math.max(0, ...found.doc.notes.map(noteEnd)),
  });
  save();
  show();
}
