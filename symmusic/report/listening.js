// The listening page: plays one piece at a time with a moving cursor, sorts and filters the pieces,
// and shows what a step attended to.
const LEFT = 34,
  STEP_WIDTH = DATA.stepWidth; // as in roll.py
const NAMES = ['C', 'C♯', 'D', 'E♭', 'E', 'F', 'F♯', 'G', 'A♭', 'A', 'B♭', 'B'];
const get = (id) => document.getElementById(id);
const articles = [...document.querySelectorAll('article')];
const shown = () => [...document.querySelectorAll('article')].filter((article) => !article.hidden);
const pieceOf = (article) => DATA.pieces[article.dataset.order];
const PLAY_ALL = ['Play all', 'Stop all'];
const KEEP = `symmusic-favourites-${DATA.id}`;
const favourites = recallFavourites();

// What sounds where: the passage of a piece, as the tools say it is played.
function passageOf(article, all) {
  const {notes, first, end} = pieceOf(article),
    isNew = get('from').value === 'new';
  return {
    article,
    all,
    notes,
    first: isNew ? Math.max(first, DATA.seam) : first,
    end,
    qpm: tempo(),
    stepsPerQuarter: DATA.stepsPerQuarter,
    timbre: get('sound').value,
    isLoop: get('loop').checked && !all,
  };
}

function play(article, all = false) {
  if (!hasAudio()) {
    get('status').textContent = NO_AUDIO;
    return;
  }
  player.play(passageOf(article, all), {
    follow: (step) => follow(article, step),
    stopped: () => showStopped(article),
    ended: () => all && playNext(article),
  });
  showPlaying(article.querySelector('button'), true);
  if (all) {
    showPlaying(get('all'), true, PLAY_ALL);
    article.scrollIntoView({block: 'nearest'});
  }
  get('status').textContent = `playing ${article.querySelector('h2').textContent}`;
  article.querySelector('.cursor').style.visibility = 'visible';
}

function showStopped(article) {
  showPlaying(article.querySelector('button'), false);
  showPlaying(get('all'), false, PLAY_ALL);
  article.querySelector('.cursor').style.visibility = 'hidden';
  article.querySelectorAll('.sounding').forEach((note) => note.classList.remove('sounding'));
  get('status').textContent = '';
}

// The next of all pieces; after the last one the first, where they are played in a loop.
function playNext(article) {
  const order = shown(),
    next = order[order.indexOf(article) + 1] ?? (get('loop').checked ? order[0] : null);
  if (next) play(next, true);
}

// Goes on from the same step with what the tools now say.
function playOn() {
  if (!player.passage) return tempo();
  const {article, all} = player.passage;
  player.change(passageOf(article, all));
}

// The tempo that is asked for, within its limits; where it was outside, the page says so.
function tempo() {
  const asked = get('tempo').value,
    qpm = limitTempo(asked, Math.round(DATA.qpm));
  get('limits').textContent =
    qpm === Number(asked)
      ? ''
      : `A tempo is ${LEAST_TEMPO} to ${MOST_TEMPO}: ${qpm} in place of ${asked || 'none'}.`;
  get('tempo').value = qpm;
  return qpm;
}

function follow(article, step) {
  const piece = pieceOf(article),
    cursor = article.querySelector('.cursor'),
    notes = article.querySelectorAll('[data-note]');
  cursor.setAttribute('transform', `translate(${LEFT + step * STEP_WIDTH} 0)`);
  piece.notes.forEach(([onset, end], index) =>
    notes[index].classList.toggle('sounding', onset <= step && step < end),
  );
  for (const sign of article.querySelectorAll('[data-at]')) {
    // a repeated note sounds at several times
    const ends = sign.dataset.end.split(' '),
      isOn = (begin, index) => begin <= step && step < ends[index];
    sign.classList.toggle('sounding', sign.dataset.at.split(' ').some(isOn));
  }
  keepInView(article.querySelector('.roll'), cursor);
  for (const staff of article.querySelectorAll('div.staff'))
    keepInView(staff, staff.querySelector('.sounding'));
}

// Scrolls a part that shows less than it holds, so that a mark is visible; the page itself stays
// where it is.
function keepInView(part, mark) {
  if (!part || !mark) return;
  const inside = part.getBoundingClientRect(),
    {left, top, bottom} = mark.getBoundingClientRect();
  if (
    part.scrollWidth > part.clientWidth
    && (left < inside.left || left > inside.right - inside.width / 8)
  )
    part.scrollLeft += left - inside.left - inside.width / 4;
  if (part.scrollHeight > part.clientHeight && (top < inside.top || bottom > inside.bottom))
    part.scrollTop += top - inside.top - inside.height / 3;
}

// Of a piece that is longer than the screen, the new bars are in view.
function showNewBars() {
  for (const article of articles) {
    keepInView(article.querySelector('.roll'), article.querySelector('.roll .seam'));
    for (const staff of article.querySelectorAll('div.staff'))
      keepInView(staff, staff.querySelector('.fresh'));
  }
}

function arrange() {
  const by = get('sort').value,
    key = get('key').value;
  const least = Number(get('least').value) || 0,
    most = get('most')?.value ? Number(get('most').value) : Infinity;
  const value = (article) => Number(article.dataset[by]) * (by === 'notes' ? -1 : 1);
  const main = document.querySelector('main');
  [...articles]
    .sort((a, b) => value(a) - value(b) || a.dataset.order - b.dataset.order)
    .forEach((article) => main.append(article));
  for (const article of articles) {
    const {notes, copied} = article.dataset;
    article.hidden =
      notes < least
      || copied > most
      || (key !== '' && article.dataset.key !== key)
      || (get('favourites').checked && !favourites.has(article.dataset.order));
  }
  const num = articles.filter((article) => !article.hidden).length;
  get('none').hidden = num > 0;
  get('none').firstElementChild.textContent = num ? '' : 'No piece matches the filters.';
  if (player.passage?.article.hidden) player.stop();
}

function recallFavourites() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEEP));
    return new Set(Array.isArray(kept) ? kept.map(String) : []);
  } catch {
    return new Set(); // not allowed, or not ours
  }
}

function markFavourite(article) {
  const button = article.querySelector('.favourite'),
    isOne = favourites.has(article.dataset.order);
  button.setAttribute('aria-pressed', isOne);
  button.textContent = isOne ? '★ Favourite' : '☆ Favourite';
}

function keepFavourites() {
  articles.forEach(markFavourite);
  try {
    localStorage.setItem(KEEP, JSON.stringify([...favourites]));
  } catch {
    get('status').textContent = 'this browser does not keep favourites after the page is closed';
  }
}

function place(step) {
  const beat = 1 + (step % DATA.barSteps) / DATA.beatSteps;
  return `bar ${DATA.firstBar + Math.floor(step / DATA.barSteps)} beat ${Number(beat.toFixed(2))}`;
}

const SHADE = 0.85; // as in introduction.py: the opacity of an attention weight of 1

function percent(weight) {
  return `${(weight / 10).toFixed(1)} %`;
}

// Shades the steps that the new step `step` of a piece attended to, by their weights in
// thousandths, and describes them; any other number clears the shading.
function look(article, step) {
  const {looks, notes} = pieceOf(article),
    drawing = article.querySelector('.looks'),
    text = article.querySelector('.looked');
  const pairs = (looks || [])[step - DATA.seam];
  drawing.replaceChildren();
  drawing.dataset.step = pairs ? step : '';
  if (!pairs) return;
  const height = drawing.dataset.height;
  const shade = (at, opacity, name, tip = '') => {
    const box = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    const attributes = {
      x: LEFT + at * STEP_WIDTH,
      y: 0,
      width: STEP_WIDTH,
      height,
      opacity,
      class: name,
    };
    for (const [key, value] of Object.entries(attributes)) box.setAttribute(key, value);
    if (tip)
      box.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'title')).textContent =
        tip;
    drawing.append(box);
  };
  const parts = [];
  for (let index = 0; index < pairs.length; index += 2) {
    const at = step - pairs[index],
      weight = pairs[index + 1];
    if (at < 0) continue;
    shade(at, SHADE * Math.sqrt(weight / 1000), 'seen', percent(weight));
    const sounding = notes.find(([onset, end]) => onset <= at && at < end);
    const name = sounding
      ? NAMES[sounding[2] % 12] + (Math.floor(sounding[2] / 12) - 1)
      : 'silence';
    if (parts.length < 3) parts.push(`${place(at)} (${name}, ${percent(weight)})`);
  }
  shade(step, 1, 'asking');
  text.textContent =
    `At ${place(step)} the model attended most to `
    + `${parts.join(', ') || 'padding before the prompt'}; largest weight: `
    + `${percent(pairs[1] || 0)}.`;
}

for (const article of articles) {
  article
    .querySelector('button')
    .addEventListener('click', () =>
      player.passage?.article === article ? player.stop() : play(article),
    );
  article.querySelector('.favourite').addEventListener('click', () => {
    const {order} = article.dataset;
    if (!favourites.delete(order)) favourites.add(order);
    keepFavourites();
    arrange();
  });
  markFavourite(article);
  if (!pieceOf(article).looks) continue;
  const roll = article.querySelector('.roll'),
    drawing = roll.querySelector('svg');
  const stepAt = ({clientX}) => {
    const box = drawing.getBoundingClientRect();
    return Math.floor(
      (((clientX - box.left) / box.width) * drawing.viewBox.baseVal.width - LEFT) / STEP_WIDTH,
    );
  };
  for (const kind of ['pointermove', 'pointerdown'])
    roll.addEventListener(kind, (event) => look(article, stepAt(event)));
  roll.addEventListener('pointerleave', () => look(article, -1));
  roll.addEventListener('keydown', (event) => {
    const move = {ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity}[event.key];
    if (!move) return;
    event.preventDefault();
    const now = article.querySelector('.looks').dataset.step;
    const wanted = now ? Number(now) + move : DATA.seam;
    look(
      article,
      Math.min(Math.max(wanted, DATA.seam), DATA.seam + pieceOf(article).looks.length - 1),
    );
  });
  roll.addEventListener('blur', () => look(article, -1));
}
for (const id of ['sort', 'key', 'favourites']) get(id).addEventListener('change', arrange);
for (const id of ['least', 'most']) get(id)?.addEventListener('input', arrange);
get('clear').addEventListener('click', () => {
  get('key').value = '';
  get('least').value = 0;
  if (get('most')) get('most').value = '';
  get('favourites').checked = false;
  arrange();
  articles[0].querySelector('button').focus();
});
get('all').addEventListener('click', () =>
  player.passage?.all ? player.stop() : shown().length && play(shown()[0], true),
);
for (const id of ['tempo', 'sound', 'from', 'loop']) get(id).addEventListener('change', playOn);
document.addEventListener('keydown', (event) => event.key === 'Escape' && player.stop());
if (matchMedia('(max-width: 40rem)').matches) get('tools').open = false;
showNewBars();
