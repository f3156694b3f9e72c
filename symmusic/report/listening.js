// The listening page: plays one piece at a time, or all, and sorts and filters the pieces.
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
    first: isNew ? Math.max(first, SEAM) : first,
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
}

function showStopped(article) {
  showPlaying(article.querySelector('button'), false);
  showPlaying(get('all'), false, PLAY_ALL);
  moveCursor([rollOf(article).svg], rollOf(article).layout, null);
  article.querySelectorAll('.sounding').forEach((sign) => sign.classList.remove('sounding'));
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
  const {svg, layout} = rollOf(article);
  moveCursor([svg], layout, step);
  for (const sign of article.querySelectorAll('[data-at]')) {
    // a repeated note sounds at several times
    const ends = sign.dataset.end.split(' '),
      isOn = (begin, index) => begin <= step && step < ends[index];
    sign.classList.toggle('sounding', sign.dataset.at.split(' ').some(isOn));
  }
  keepInView(svg.parentElement, svg.querySelector('.cursor'));
  for (const staff of article.querySelectorAll('div.staff'))
    keepInView(staff, staff.querySelector('.sounding'));
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

for (const article of articles) {
  drawRoll(article);
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
  if (pieceOf(article).looks) joinLooks(article);
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
