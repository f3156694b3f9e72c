// The piano roll of all pages, as lines of SVG. Pure, but for `showRollLine` and `moveCursor`.
//
// layout: what `layOut` makes of
//   {lines: [{from, to}, ...] in steps, rows: [{pitch, label, kind}, ...] from the top,
//    step (its width), row (its height), bar: {steps, beats}, left and top (for labels and
//    headings), isBare (without rows, labels and headings)}
// music: {notes: [{onset, length, pitch, kind, name, isShared}, ...],
//    heading: (bar) => {text, kind} or null,
//    ranges: [{from, to, kind, opacity, title}, ...] behind the notes,
//    marks: [{step, kind}, ...], lines over them}
// A kind is a class of roll.css; shared notes are underlined.
const GUTTER = 34,
  HEADING = 24,
  TALL = 14; // height of rows with room for a name

function layOut({left = GUTTER, top = HEADING, isBare = false, ...given}) {
  const {lines, rows, step, row} = given,
    widest = Math.max(...lines.map(({from, to}) => to - from));
  return {
    ...given,
    left,
    top,
    isBare,
    width: left + widest * step + (isBare ? 0 : 2),
    height: top + rows.length * row + (isBare ? 0 : 4),
    bottom: top + rows.length * row,
    places: new Map(rows.map(({pitch}, index) => [pitch, index])),
  };
}

// All pitches from one to another as rows, from the top; `key`: {tonic, classes} of the pitch
// classes in it, `name` the label of a pitch.
function rowsBetween(low, high, key, name) {
  return Array.from({length: high - low + 1}, (_, index) => rowOf(high - index, key, name));
}

function rowOf(pitch, {tonic, classes}, name) {
  const isIn = classes.includes(pitch % 12);
  const kind = pitch % 12 === tonic ? 'tonic' : isIn ? '' : 'outside';
  return {pitch, label: name(pitch), kind};
}

// What is at a place of a line's drawing: {step (a fraction), row, isHeading}; beyond an edge the
// nearest.
function placeAt(layout, line, x, y) {
  const {from, to} = layout.lines[line],
    step = from + (x - layout.left) / layout.step,
    row = Math.floor((y - layout.top) / layout.row);
  return {
    step: Math.min(to - 0.001, Math.max(from, step)),
    row: Math.min(layout.rows.length - 1, Math.max(0, row)),
    isHeading: y < layout.top,
  };
}

const lineAt = (layout, step) =>
  Math.max(
    0,
    layout.lines.findLastIndex((line) => line.from <= step),
  );
const xAt = (layout, line, step) => layout.left + (step - layout.lines[line].from) * layout.step;
const yAt = (layout, pitch) => layout.top + (layout.places.get(pitch) ?? 0) * layout.row;
const fixed = (number) => Number(number.toFixed(2));
const isWithinLine = ({from, to}, begin, end) => begin < to && end > from;
const escapeText = (text) => String(text).replace(/[<>&"]/g, (sign) => `&#${sign.codePointAt(0)};`);
const vertical = (kind, x, y1, y2) =>
  `<line class="${kind}" x1="${fixed(x)}" x2="${fixed(x)}" y1="${y1}" y2="${fixed(y2)}"/>`;

// The content of a line's SVG.
function drawLine(layout, index, {notes, heading = () => null, ranges = [], marks = []}) {
  const line = layout.lines[index];
  return [
    ...(layout.isBare ? [] : drawRows(layout, index)),
    ...drawBars(layout, index, heading),
    `<g class="ranges">${drawRanges(layout, index, ranges)}</g>`,
    ...notes
      .filter((each) => isWithinLine(line, each.onset, each.onset + each.length))
      .map((each) => drawNote(layout, index, each)),
    ...marks
      .filter(({step}) => step >= line.from && (step < line.to || isLastStep(layout, index, step)))
      .map(({step, kind}) => vertical(kind, xAt(layout, index, step), layout.top, layout.bottom)),
    `<line class="cursor" x1="0" x2="0" y1="0" y2="${fixed(layout.bottom)}"/>`,
  ].join('');
}

const isLastStep = (layout, index, step) =>
  index === layout.lines.length - 1 && step === layout.lines[index].to;

function drawRows(layout, line) {
  const right = fixed(xAt(layout, line, layout.lines[line].to)),
    parts = [],
    rule = (y) => `<line class="row" x1="${layout.left}" x2="${right}" y1="${y}" y2="${y}"/>`;
  layout.rows.forEach(({label, kind}, index) => {
    const y = fixed(layout.top + index * layout.row);
    if (kind)
      parts.push(
        `<rect class="${kind}" x="${layout.left}" y="${y}" `
          + `width="${fixed(right - layout.left)}" height="${layout.row}"/>`,
      );
    parts.push(rule(y));
    if (label)
      parts.push(
        `<text class="pitch" x="${layout.left - 4}" y="${fixed(y + layout.row / 2 + 3.5)}">`
          + `${escapeText(label)}</text>`,
      );
  });
  parts.push(rule(layout.bottom));
  return parts;
}

// Bar lines, beats and headings.
function drawBars(layout, index, heading) {
  const {from, to} = layout.lines[index],
    {steps, beats} = layout.bar,
    x = (step) => xAt(layout, index, step),
    parts = [];
  for (let bar = Math.floor(from / steps); bar * steps < to; bar++) {
    const begin = Math.max(from, bar * steps),
      end = Math.min(to, (bar + 1) * steps);
    if (!layout.isBare) {
      parts.push(drawHeading(x(begin), x(end), heading(bar)));
      for (const at of beats.slice(1).map((beat) => bar * steps + beat))
        if (at > from && at < to) parts.push(vertical('beat', x(at), layout.top, layout.bottom));
    }
    if (begin === bar * steps || !layout.isBare)
      parts.push(vertical('barline', x(begin), 0, layout.bottom));
  }
  parts.push(vertical('barline', x(to), 0, layout.bottom));
  return parts;
}

function drawHeading(x, end, found) {
  if (!found) return '';
  return (
    `<g class="heading ${found.kind ?? ''}"><rect x="${fixed(x)}" y="0" `
    + `width="${fixed(end - x)}" height="${HEADING - 2}"/>`
    + `<text x="${fixed(x + 5)}" y="16">${escapeText(found.text)}</text></g>`
  );
}

function drawRanges(layout, index, ranges) {
  const line = layout.lines[index];
  return ranges
    .filter(({from, to}) => isWithinLine(line, from, to))
    .map(({from, to, kind, opacity = null, title = ''}) => {
      const x = xAt(layout, index, Math.max(from, line.from)),
        end = xAt(layout, index, Math.min(to, line.to));
      return (
        `<rect class="${kind}" x="${fixed(x)}" y="0" width="${fixed(end - x)}" `
        + `height="${fixed(layout.bottom)}"${opacity === null ? '' : ` opacity="${opacity}"`}>`
        + `${title && `<title>${escapeText(title)}</title>`}</rect>`
      );
    })
    .join('');
}

function drawNote(layout, index, {onset, length, pitch, kind, name = '', isShared = false}) {
  const line = layout.lines[index],
    begin = Math.max(line.from, onset),
    end = Math.min(line.to, onset + length),
    x = fixed(xAt(layout, index, begin)),
    inset = layout.row >= TALL ? 1 : 0, // between rows that are next to one another
    y = fixed(yAt(layout, pitch) + inset),
    width = fixed(Math.max(1, (end - begin) * layout.step - (inset ? 1.5 : 0.8))),
    height = fixed(Math.max(2.5, layout.row - 2 * inset)),
    under = fixed(y + height + (inset ? 0.5 : 2)),
    isNamed = name && begin === onset && width > 26 && inset;
  return (
    `<rect class="note ${kind}" data-onset="${onset}" data-end="${onset + length}" x="${x}" `
    + `y="${y}" width="${width}" height="${height}" rx="${inset ? 3 : 1}"/>`
    + (isShared
      ? `<line class="shared" x1="${x}" x2="${fixed(x + width)}" y1="${under}" y2="${under}"/>`
      : '')
    + (isNamed
      ? `<text class="name" x="${fixed(x + 4)}" y="${fixed(y + height / 2 + 3.8)}">`
        + `${escapeText(name)}</text>`
      : '')
  );
}

// The beat at a step of a bar, from 1, with a fraction between beats.
function beatAt({beats, steps}, within) {
  const index = beats.findLastIndex((start) => start <= within),
    length = (beats[index + 1] ?? steps) - beats[index];
  return index + 1 + (within - beats[index]) / length;
}

// Draws a line of a roll into an SVG element, where it differs from what is there.
function showRollLine(svg, layout, line, music) {
  const drawn = drawLine(layout, line, music),
    box = `0 0 ${fixed(layout.width)} ${fixed(layout.height)}`;
  if (svg.drawn === drawn && svg.getAttribute('viewBox') === box) return;
  svg.drawn = drawn;
  svg.setAttribute('viewBox', box);
  svg.innerHTML = drawn;
}

// Puts the cursor of a roll at a step and marks the note that sounds there; null takes it away.
// Returns the line's SVG element that has it now, or null.
function moveCursor(svgs, layout, step) {
  const at = step === null ? -1 : lineAt(layout, step);
  svgs.forEach((svg, index) => {
    const cursor = svg.querySelector('.cursor'),
      isIn = index === at;
    cursor.style.visibility = isIn ? 'visible' : 'hidden';
    if (isIn) cursor.setAttribute('transform', `translate(${xAt(layout, index, step)} 0)`);
    for (const note of svg.querySelectorAll(isIn ? '.note' : '.note.sounding')) {
      const {onset, end} = note.dataset;
      note.classList.toggle('sounding', isIn && onset <= step && step < end);
    }
  });
  return svgs[at] ?? null;
}
