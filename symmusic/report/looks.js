// What the steps of a piece attended to, on the listening page.
const SHADE = 0.85; // as in introduction.py: the opacity of an attention weight of 1

function placeWords(step) {
  const {steps} = DATA.bar,
    beat = Number(beatAt(DATA.bar, step % steps).toFixed(2));
  return `bar ${DATA.firstBar + Math.floor(step / steps)} beat ${beat}`;
}

const percent = (weight) => `${(weight / 10).toFixed(1)} %`;

// Shades the steps that the new step `step` of a piece attended to, by their weights in
// thousandths, and describes them; any other number clears the shading.
function look(article, step) {
  const {looks, notes} = pieceOf(article),
    {svg, layout} = rollOf(article),
    place = svg.querySelector('.ranges');
  const pairs = looks[step - SEAM];
  place.replaceChildren();
  place.dataset.step = pairs ? step : '';
  if (!pairs) return;
  const ranges = [],
    parts = [];
  for (let index = 0; index < pairs.length; index += 2) {
    const at = step - pairs[index],
      weight = pairs[index + 1];
    if (at < 0) continue;
    const opacity = SHADE * Math.sqrt(weight / 1000);
    ranges.push({from: at, to: at + 1, kind: 'seen', opacity, title: percent(weight)});
    const sounding = notes.find(([onset, end]) => onset <= at && at < end);
    const name = sounding ? DATA.names[sounding[2]] : 'silence';
    if (parts.length < 3) parts.push(`${placeWords(at)} (${name}, ${percent(weight)})`);
  }
  ranges.push({from: step, to: step + 1, kind: 'asking'});
  place.innerHTML = drawRanges(layout, 0, ranges);
  article.querySelector('.looked').textContent =
    `At ${placeWords(step)} the model attended most to `
    + `${parts.join(', ') || 'padding before the prompt'}; largest weight: `
    + `${percent(pairs[1] || 0)}.`;
}

// The pointer or the arrow keys choose the step.
function joinLooks(article) {
  const {svg, layout} = rollOf(article),
    roll = svg.parentElement,
    last = SEAM + pieceOf(article).looks.length - 1;
  const stepAt = ({clientX}) => {
    const box = svg.getBoundingClientRect();
    return Math.floor(
      placeAt(layout, 0, ((clientX - box.left) * layout.width) / box.width, 0).step,
    );
  };
  for (const kind of ['pointermove', 'pointerdown'])
    roll.addEventListener(kind, (event) => look(article, stepAt(event)));
  roll.addEventListener('pointerleave', () => look(article, -1));
  roll.addEventListener('keydown', (event) => {
    const move = {ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity}[event.key];
    if (!move) return;
    event.preventDefault();
    const now = svg.querySelector('.ranges').dataset.step,
      wanted = now ? Number(now) + move : SEAM;
    look(article, Math.min(Math.max(wanted, SEAM), last));
  });
  roll.addEventListener('blur', () => look(article, -1));
}
