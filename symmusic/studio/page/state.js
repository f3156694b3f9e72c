// The page's state and how it changes. All that the page shows is drawn from it by `show`, at most
// once a frame.
const get = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const state = {
  history: startHistory(emptyDocument()),
  draft: null,
  preview: null,
  selection: null,
  caret: 0,
  value: 4,
  isDotted: false,
  tool: 'write',
  isFolded: true,
  clipboard: null,
  sound: 'plucked',
  kind: 'continue',
  draw: null,
  log: [],
  id: '',
  model: null,
  recording: null,
  answer: '',
  sketch: null,
};
const shows = []; // functions that draw a part of the page
let isAsked = false;

// The tune as it is shown: while notes are dragged, or a candidate is in view, not yet the one that
// is kept.
const shownDoc = () => state.draft ?? state.preview ?? state.history.present;
const tune = () => state.history.present;
const noteLength = () => (state.isDotted ? state.value * 1.5 : state.value);

function show() {
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    for (const each of shows) each();
  });
}

let silence = 0;
function say(text) {
  get('say').textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => (get('say').textContent = ''), 8000);
}

// A notice stays until it is closed.
function notify(text) {
  get('notice').firstElementChild.textContent = text;
  get('notice-parts').replaceChildren();
  get('notice').hidden = !text;
  if (text && get('notice').getBoundingClientRect().bottom < 0)
    get('notice').scrollIntoView({block: 'center'});
}

// The next tune, which undo takes back; candidates for another tune leave the page.
function commit(doc, merge = '') {
  state.draft = null;
  if (doc !== tune()) {
    state.history = change(state.history, doc, merge);
    leaveCandidates();
    save();
  }
  show();
}

function travel(way) {
  const before = tune();
  state.history = way(state.history);
  if (tune() === before)
    say(way === undo ? 'There is nothing to undo.' : 'There is nothing to redo.');
  else leaveCandidates();
  state.selection = null;
  state.caret = Math.min(state.caret, endStep(tune()));
  save();
  show();
}

function select(selection, caret = selection?.from ?? state.caret) {
  state.selection = selection && selection.to > selection.from ? selection : null;
  state.caret = Math.max(firstStep(tune()), Math.min(caret, endStep(tune())));
  show();
}

// The selected notes, or else the one at the cursor.
function target() {
  if (state.selection) return state.selection;
  const found = tune().notes.find(
    (each) => each.onset <= state.caret && state.caret < noteEnd(each),
  );
  return found ? {from: found.onset, to: found.onset + 1} : null;
}

let fault = '';
function save() {
  const attempt = () => saveTune(storage(), state.id, tune(), state.log, Date.now());
  let wrong = attempt();
  if (wrong && forgetHistories(storage())) {
    wrong = attempt();
    if (!wrong)
      notify(
        'The browser has little room left: your tunes are kept, but after a reload undo may not '
          + 'go back as far. Delete older tunes, or save the project file.',
      );
  }
  if (wrong && wrong !== fault) notify(wrong);
  fault = wrong;
  if (!wrong) saveHistory(storage(), state.id, state.history);
}

function storage() {
  try {
    return localStorage;
  } catch {
    return {
      setItem: () => {
        throw new Error('not allowed');
      },
      getItem: () => null,
      length: 0,
      removeItem: () => {},
      key: () => null,
    };
  }
}
