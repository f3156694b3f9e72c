// After playback.js. Plays one piece at a time; the cursor follows it.
const LEFT = 34, STEP_WIDTH = 6; // as in the drawing
const get = (id) => document.getElementById(id);
const articles = [...document.querySelectorAll('article')];
let playing = null;

function stop() {
  if (!playing) return;
  const {article, silence} = playing;
  playing = null;
  silence();
  const button = article.querySelector('button');
  button.setAttribute('aria-pressed', 'false');
  button.textContent = 'Play';
  article.querySelector('.cursor').style.visibility = 'hidden';
  article.querySelectorAll('.sounding').forEach((note) => note.classList.remove('sounding'));
  get('status').textContent = '';
}

function play(article) {
  stop();
  const piece = DATA.pieces[article.dataset.order];
  const qpm = Math.min(400, Math.max(20, Number(get('tempo').value) || DATA.qpm));
  const first = get('from').value === 'new' ? DATA.seam : 0;
  const button = article.querySelector('button');
  button.setAttribute('aria-pressed', 'true');
  button.textContent = 'Stop';
  get('status').textContent = `playing ${article.querySelector('h2').textContent}`;
  const cursor = article.querySelector('.cursor');
  const notes = article.querySelectorAll('[data-note]');
  cursor.style.visibility = 'visible';
  const follow = (step) => {
    cursor.setAttribute('transform', `translate(${LEFT + step * STEP_WIDTH} 0)`);
    piece.notes.forEach(([onset, end], index) => notes[index].classList.toggle('sounding', onset <= step && step < end));
  };
  playing = {article, silence: playNotes(piece.notes, {first, end: piece.end, qpm, timbre: get('sound').value}, follow, stop)};
}

function arrange() {
  const by = get('sort').value, least = Number(get('least').value) || 0;
  const value = (article) => Number(article.dataset[by]) * (by === 'notes' ? -1 : 1);
  const main = document.querySelector('main');
  [...articles].sort((a, b) => value(a) - value(b) || a.dataset.order - b.dataset.order).forEach((article) => main.append(article));
  articles.forEach((article) => { article.hidden = Number(article.dataset.notes) < least; });
  if (playing && playing.article.hidden) stop();
}

for (const article of articles) {
  article.querySelector('button').addEventListener('click', () => (playing && playing.article === article ? stop() : play(article)));
}
get('sort').addEventListener('change', arrange);
get('least').addEventListener('input', arrange);
for (const id of ['tempo', 'sound', 'from']) get(id).addEventListener('change', () => playing && play(playing.article));
document.addEventListener('keydown', (event) => event.key === 'Escape' && stop());
