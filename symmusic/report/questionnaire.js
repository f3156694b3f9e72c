// The study page: plays one piece at a time, keeps the answers of one listener across reloads,
// shows what is missing, and saves them as a file.
const get = (id) => document.getElementById(id);
const sections = [...document.querySelectorAll('[data-piece]')];
const KEEP = `symmusic-study-${DATA.study}`;
let answers = recall() || begin();
const screens = [...document.querySelectorAll('main > section')]; // one is shown at a time
const MOST = 0.8; // of a piece must be played once, so that it counts as heard
let asked = false,
  at = 0;

function begin() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const listener = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return {
    listener,
    experience: null,
    ratings: DATA.pieces.map((_, index) => ({piece: index + 1, plays: 0})),
  };
}

function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEEP));
    return kept && kept.listener && kept.ratings.length === DATA.pieces.length ? kept : null;
  } catch {
    return null; // not allowed, or not ours
  }
}

function keep() {
  try {
    localStorage.setItem(KEEP, JSON.stringify(answers));
  } catch {
    say('This browser does not store answers: save them before you close the page.');
  }
}

function say(text, items = []) {
  const report = get('report');
  report.replaceChildren();
  const line = document.createElement('p');
  line.textContent = text;
  report.append(line);
  if (!items.length) return;
  const list = document.createElement('ul');
  for (const {id, words} of items) {
    const link = Object.assign(document.createElement('a'), {href: `#${id}`, textContent: words});
    const item = document.createElement('li');
    item.append(link);
    list.append(item);
  }
  report.append(list);
}

// What is missing for a piece, in words.
function lacks(row) {
  return [
    ...(row.plays ? [] : ['listening']),
    ...DATA.questions.filter((question) => !row[question]),
  ];
}

function missing() {
  const items = answers.experience ? [] : [{id: 'about', words: 'About you'}];
  for (const row of answers.ratings) {
    if (lacks(row).length)
      items.push({id: `piece-${row.piece}`, words: `Piece ${row.piece}: ${lacks(row).join(', ')}`});
  }
  return items;
}

// Updates the page: the chosen answers, the progress, and, after an attempt to save, what is
// missing.
function show() {
  for (const input of document.querySelectorAll('input[type=radio]')) {
    const [question, piece] = input.name.split('-');
    const value = piece ? answers.ratings[piece - 1][question] : answers.experience;
    input.checked = Number(input.value) === value;
  }
  for (const section of sections) {
    const left = lacks(answers.ratings[section.dataset.piece - 1]);
    const todo = section.querySelector('.todo');
    section.classList.toggle('missing', asked && left.length > 0);
    todo.hidden = !asked || !left.length;
    todo.textContent = `Missing: ${left.join(', ')}`;
  }
  get('about').classList.toggle('missing', asked && !answers.experience);
  const done = answers.ratings.filter((row) => !lacks(row).length).length;
  const text = `${done} of ${DATA.pieces.length} pieces done`;
  // so that it is announced once
  if (get('count').textContent !== text) get('count').textContent = text;
  get('progress').value = done;
  get('save-unfinished').hidden = !asked || !missing().length;
}

// Shows one screen; with `focus` also moves there, for the keyboard and screen readers.
function turn(to, focus = true) {
  player.stop();
  at = Math.min(Math.max(to, 0), screens.length - 1);
  screens.forEach((screen, index) => {
    screen.hidden = index !== at;
  });
  get('intro').hidden = at > 0;
  get('back').hidden = at === 0;
  get('next').hidden = at === screens.length - 1;
  if (!asked) get('report').replaceChildren();
  if (!focus) return;
  window.scrollTo(0, 0);
  screens[at].querySelector('h2').focus({preventScroll: true});
}

function play(section) {
  if (!hasAudio()) {
    say(`${NO_AUDIO} Please try another one.`);
    get('report').focus();
    return;
  }
  const row = answers.ratings[section.dataset.piece - 1],
    button = section.querySelector('button'),
    heard = section.querySelector('.played');
  let isCounted = false;
  const count = (step) => {
    if (isCounted || step < MOST * DATA.numSteps) return;
    isCounted = true;
    row.plays += 1;
    keep();
    show();
  };
  const follow = (step) => {
    heard.value = step / DATA.numSteps;
    count(step);
  };
  const stopped = () => {
    showPlaying(button, false);
    heard.value = 0;
  };
  player.play(
    {
      section,
      notes: DATA.pieces[row.piece - 1],
      first: 0,
      end: DATA.numSteps,
      qpm: DATA.qpm,
      stepsPerQuarter: DATA.stepsPerQuarter,
      timbre: 'plucked',
    },
    {follow, stopped, ended: () => count(DATA.numSteps)},
  );
  showPlaying(button, true);
}

function save(complete) {
  const saved = new Date().toISOString();
  const {listener, experience, ratings} = answers;
  const content = {
    format: DATA.format,
    study: DATA.study,
    listener,
    saved,
    complete,
    experience,
    ratings,
  };
  const text = JSON.stringify(content, null, 1) + '\n';
  const name = `answers-${DATA.study}-${listener}${complete ? '' : '-unfinished'}.json`;
  const url = URL.createObjectURL(new Blob([text], {type: 'application/json'}));
  Object.assign(document.createElement('a'), {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  get('text').value = text;
  get('copy').hidden = false;
  const rest = complete
    ? 'Thank you! Please send this file to the person who gave you the page.'
    : 'It is marked as unfinished: go on at any time and save again.';
  say(`Saved as ${name}. ${rest}`);
  get('report').focus();
}

for (const section of sections) {
  section
    .querySelector('button')
    .addEventListener('click', () =>
      player.passage?.section === section ? player.stop() : play(section),
    );
}
document.addEventListener('change', ({target}) => {
  if (target.type !== 'radio') return;
  const [question, piece] = target.name.split('-');
  if (piece) answers.ratings[piece - 1][question] = Number(target.value);
  else answers.experience = Number(target.value);
  keep();
  show();
});
get('save').addEventListener('click', () => {
  const items = missing();
  asked = items.length > 0;
  show();
  if (!asked) {
    save(true);
    return;
  }
  say(
    `Not finished: ${items.length === 1 ? 'one thing is' : `${items.length} things are`} missing.`,
    items,
  );
  get('report').focus();
});
get('save-unfinished').addEventListener('click', () => save(false));
get('clear').addEventListener('click', () => {
  if (!confirm('Clear all answers, for another listener on this device? This cannot be undone.'))
    return;
  player.stop();
  answers = begin();
  asked = false;
  get('copy').hidden = true;
  keep();
  show();
  turn(0, false);
  say('Cleared: the next listener can start.');
  get('report').focus();
});
// to the first control there: an anchor alone moves no focus
get('report').addEventListener('click', (event) => {
  const link = event.target.closest('a');
  if (!link) return;
  event.preventDefault();
  const section = document.querySelector(link.getAttribute('href'));
  turn(screens.indexOf(section));
  section.querySelector('button, input').focus({preventScroll: true});
});
get('back').addEventListener('click', () => turn(at - 1));
get('next').addEventListener('click', () => turn(at + 1));
document.addEventListener('keydown', (event) => event.key === 'Escape' && player.stop());
show();
// a listener who comes back goes on where something is missing
turn(
  answers.experience
    ? 1 + answers.ratings.findIndex((row) => lacks(row).length) || screens.length - 1
    : 0,
  false,
);
