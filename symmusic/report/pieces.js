// The pieces of the listening page: their rolls, and what of them is in view.
const ROW = 8; // pixels of a semitone
const SEAM = DATA.seams[0]; // the first new step
const get = (id) => document.getElementById(id);
const articles = [...document.querySelectorAll('article')];
const shown = () => [...document.querySelectorAll('article')].filter((article) => !article.hidden);
const pieceOf = (article) => DATA.pieces[article.dataset.order];

// The roll of a piece: its SVG element, with its layout.
const rolls = new Map();
const rollOf = (article) => rolls.get(article);

function drawRoll(article) {
  const {notes, end} = pieceOf(article),
    pitches = notes.length ? notes.map(([, , pitch]) => pitch) : [60],
    place = article.querySelector('.roll'),
    svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const layout = layOut({
    lines: [{from: 0, to: end}],
    rows: rowsBetween(Math.min(...pitches) - 2, Math.max(...pitches) + 2, DATA.key, (pitch) =>
      pitch % 12 === DATA.key.tonic ? DATA.names[pitch] : '',
    ),
    step: DATA.stepWidth,
    row: ROW,
    bar: DATA.bar,
  });
  const music = {
    notes: notes.map(([onset, off, pitch, isNew, isShared]) => ({
      onset,
      length: off - onset,
      pitch,
      kind: isNew ? 'new' : 'given',
      isShared,
    })),
    heading: (bar) => ({text: `${DATA.labels[bar] ?? ''} ${DATA.firstBar + bar}`.trim()}),
    marks: DATA.seams.map((step) => ({step, kind: 'seam'})),
  };
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', place.getAttribute('aria-label'));
  // so that labels have their size, or up to twice that
  Object.assign(svg.style, {
    width: '100%',
    minWidth: `${layout.width}px`,
    maxWidth: `${2 * layout.width}px`,
  });
  showRollLine(svg, layout, 0, music);
  place.replaceChildren(svg);
  rolls.set(article, {svg, layout});
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
