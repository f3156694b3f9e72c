'use strict';
// Plays one piece at a time: all of its notes are scheduled at once, the cursor follows the audio clock.
const LEFT = 34, STEP_WIDTH = 6; // as in the drawing
const SOUNDS = {
  plucked: {wave: 'triangle', attack: 0.005, decay: 0.9, gain: 0.5},
  flute: {wave: 'sine', attack: 0.04, decay: 0, gain: 0.35},
  reed: {wave: 'sawtooth', attack: 0.02, decay: 0, gain: 0.14},
};
const get = (id) => document.getElementById(id);
const articles = [...document.querySelectorAll('article')];
let playing = null;

function stop() {
  if (!playing) return;
  const {article, context, frame} = playing;
  playing = null;
  cancelAnimationFrame(frame);
  context.close();
  const button = article.querySelector('button');
  button.setAttribute('aria-pressed', 'false');
  button.textContent = 'Play';
  article.querySelector('.cursor').style.visibility = 'hidden';
  article.querySelectorAll('.sounding').forEach((note) => note.classList.remove('sounding'));
  get('status').textContent = '';
}

function sound(context, pitch, begin, end, {wave, attack, decay, gain}) {
  const oscillator = new OscillatorNode(context, {type: wave, frequency: 440 * 2 ** ((pitch - 69) / 12)});
  const volume = new GainNode(context, {gain: 0});
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(gain, begin + attack);
  if (decay) volume.gain.setTargetAtTime(0, begin + attack, decay / 3);
  volume.gain.setTargetAtTime(0, Math.max(end - 0.03, begin + attack), 0.012);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(begin);
  oscillator.stop(end + 0.1);
}

function play(article) {
  stop();
  const piece = DATA.pieces[article.dataset.order];
  const qpm = Math.min(400, Math.max(20, Number(get('tempo').value) || DATA.qpm));
  const perStep = 60 / qpm / 4;
  const first = get('from').value === 'new' ? DATA.seam : 0;
  const context = new AudioContext();
  const begun = context.currentTime + 0.1;
  for (const [onset, end, pitch] of piece.notes) {
    if (onset >= first) sound(context, pitch, begun + (onset - first) * perStep, begun + (end - first) * perStep, SOUNDS[get('sound').value]);
  }
  const button = article.querySelector('button');
  button.setAttribute('aria-pressed', 'true');
  button.textContent = 'Stop';
  get('status').textContent = `playing ${article.querySelector('h2').textContent}`;
  playing = {article, context, frame: 0};
  const cursor = article.querySelector('.cursor');
  const notes = article.querySelectorAll('[data-note]');
  cursor.style.visibility = 'visible';
  const follow = () => {
    if (!playing || playing.context !== context) return;
    const step = first + Math.max(0, context.currentTime - begun) / perStep;
    if (step >= piece.end) return stop();
    cursor.setAttribute('transform', `translate(${LEFT + step * STEP_WIDTH} 0)`);
    piece.notes.forEach(([onset, end], index) => notes[index].classList.toggle('sounding', onset <= step && step < end));
    playing.frame = requestAnimationFrame(follow);
  };
  follow();
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
