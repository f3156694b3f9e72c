// The piano roll as lines of SVG, pure: where steps and pitches are, and the drawing of a line of
// bars.
const GUTTER = 34,
  HEADING = 24,
  ROW_FOLDED = 15,
  ROW_ALL = 11,
  LEAST_STEP = 8.5,
  MOST_STEP = 26;
const NONE = new Set();

// {lines: [{from, to}] in steps, step (width), rows: [pitch, ...] from the top, row (height),
// width, height, bar}
function layOutRoll(doc, width, {isFolded = true, isNarrow = false} = {}) {
  const bar = barOf(doc.meter),
    lead = doc.pickupSteps ? 1 : 0,
    room = width - GUTTER - 2;
  const perLine =
    [4, 2, 1].find((each) => room / (each * bar.steps + doc.pickupSteps) >= LEAST_STEP) ?? 1;
  const step = Math.min(MOST_STEP, room / (perLine * bar.steps + doc.pickupSteps)),
    lines = [];
  for (let first = lead; first < doc.numBars || !lines.length; first += perLine) {
    lines.push({
      from: first === lead ? firstStep(doc) : first * bar.steps,
      to: Math.min(doc.numBars, first + perLine) * bar.steps,
    });
  }
  const rows = rowsOf(doc, isFolded),
    row = isFolded ? ROW_FOLDED + (isNarrow ? 1 : 0) : ROW_ALL;
  return {
    lines,
    step,
    rows,
    row,
    width: GUTTER + 2 + (perLine * bar.steps + doc.pickupSteps) * step,
    height: HEADING + rows.length * row + 4,
    bar,
  };
}

// The pitches that have a row, from the top: folded, those of the key and those that the tune has.
function rowsOf(doc, isFolded) {
  const pitches = doc.notes.map((each) => each.pitch),
    tonic = 60 + tonicClass(doc.key) - (tonicClass(doc.key) > 7 ? 12 : 0);
  const lowest = pitches.length ? Math.min(...pitches) : tonic,
    highest = pitches.length ? Math.max(...pitches) : tonic + 14;
  const low = Math.max(LOWEST_PITCH, Math.min(lowest - 3, Math.max(tonic - 3, highest - 17))),
    high = Math.min(HIGHEST_PITCH, Math.max(highest + 4, low + 19));
  const classes = new Set(scaleClasses(doc.key)),
    own = new Set(pitches),
    rows = [];
  for (let pitch = high; pitch >= low; pitch--)
    if (!isFolded || classes.has(pitch % 12) || own.has(pitch)) rows.push(pitch);
  return rows;
}

// What is at a place of a line's drawing: {step (a fraction), row, isHeading}; beyond an edge the
// nearest.
function placeAt(layout, line, x, y) {
  const step = layout.lines[line].from + (x - GUTTER) / layout.step,
    row = Math.floor((y - HEADING) / layout.row);
  const {from, to} = layout.lines[line];
  return {
    step: Math.min(to - 0.001, Math.max(from, step)),
    row: Math.min(layout.rows.length - 1, Math.max(0, row)),
    isHeading: y < HEADING,
  };
}

const lineAt = (layout, step) =>
  Math.max(
    0,
    layout.lines.findLastIndex((line) => line.from <= step),
  );
const xAt = (layout, line, step) => GUTTER + (step - layout.lines[line].from) * layout.step;
const yAt = (layout, pitch) => HEADING + Math.max(0, layout.rows.indexOf(pitch)) * layout.row;
const fixed = (number) => Number(number.toFixed(2));

// The content of a line's SVG. `marks`: {selection, caret, shared: the onsets to underline}.
function drawLine(doc, layout, line, {selection = null, caret = null, shared = NONE} = {}) {
  const {from, to} = layout.lines[line],
    {bar} = layout,
    x = (step) => fixed(xAt(layout, line, step)),
    bottom = layout.height - 4;
  const tonic = tonicClass(doc.key),
    parts = [],
    right = x(to);
  layout.rows.forEach((pitch, index) => {
    const y = HEADING + index * layout.row,
      kind =
        pitch % 12 === tonic
          ? 'tonic'
          : !MODE_STEPS[doc.key.mode].includes(modulo(pitch - tonic, 12))
            ? 'outside'
            : '';
    if (kind)
      parts.push(
        `<rect class="${kind}" x="${GUTTER}" y="${y}" width="${fixed(right - GUTTER)}" `
          + `height="${layout.row}"/>`,
      );
    parts.push(`<line class="row" x1="${GUTTER}" x2="${right}" y1="${y}" y2="${y}"/>`);
    if (layout.row >= 14 || pitch % 12 === tonic)
      parts.push(
        `<text class="pitch" x="${GUTTER - 4}" `
          + `y="${y + layout.row / 2 + 3.5}">${pitchName(pitch, doc.key)}</text>`,
      );
  });
  parts.push(`<line class="row" x1="${GUTTER}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`);
  for (let first = Math.floor(from / bar.steps); first * bar.steps < to; first++) {
    const begin = Math.max(from, first * bar.steps),
      end = Math.min(to, (first + 1) * bar.steps),
      isPinned = doc.pins.includes(first);
    parts.push(
      `<g class="heading${isPinned ? ' pinned' : ''}">`
        + `<rect x="${x(begin)}" y="0" width="${fixed(x(end) - x(begin))}" `
        + `height="${HEADING - 2}"/>`
        + `<text x="${x(begin) + 5}" y="16">${barNumber(doc, first)}`
        + `${isPinned ? ' pinned' : ''}</text></g>`,
    );
    for (const beat of bar.beats.slice(1)) {
      const at = first * bar.steps + beat;
      if (at > from && at < to)
        parts.push(
          `<line class="beat" x1="${x(at)}" x2="${x(at)}" y1="${HEADING}" y2="${bottom}"/>`,
        );
    }
    parts.push(`<line class="barline" x1="${x(begin)}" x2="${x(begin)}" y1="0" y2="${bottom}"/>`);
  }
  parts.push(`<line class="barline" x1="${right}" x2="${right}" y1="0" y2="${bottom}"/>`);
  if (selection && selection.from < to && selection.to > from) {
    const begin = x(Math.max(from, selection.from)),
      end = x(Math.min(to, selection.to));
    parts.push(
      `<rect class="selection" x="${begin}" y="0" width="${fixed(end - begin)}" `
        + `height="${bottom}"/>`,
    );
  }
  for (const each of doc.notes) {
    if (each.onset >= to || noteEnd(each) <= from) continue;
    const begin = Math.max(from, each.onset),
      end = Math.min(to, noteEnd(each)),
      y = yAt(layout, each.pitch),
      width = fixed((end - begin) * layout.step - 1.5);
    const isSelected = selection && isWithin(each, selection);
    const kinds = [
      'note',
      each.isNew ? 'new' : 'own',
      isSelected ? 'selected' : '',
      each.isPinned || doc.pins.includes(Math.floor(each.onset / bar.steps)) ? 'pinned' : '',
    ];
    parts.push(
      `<rect class="${kinds.filter(Boolean).join(' ')}" data-onset="${each.onset}" `
        + `x="${x(begin)}" y="${y + 1}" width="${width}" height="${layout.row - 2}" rx="3"/>`,
    );
    if (shared.has(each.onset)) {
      const under = y + layout.row - 0.5;
      parts.push(
        `<line class="shared" x1="${x(begin)}" x2="${x(begin) + width}" `
          + `y1="${under}" y2="${under}"/>`,
      );
    }
    if (begin === each.onset && width > 26 && layout.row >= 14)
      parts.push(
        `<text class="name" x="${x(begin) + 4}" `
          + `y="${y + layout.row / 2 + 3.8}">`
          + `${pitchName(each.pitch, doc.key, {octave: false})}</text>`,
      );
  }
  if (
    caret !== null
    && caret >= from
    && (caret < to || (caret === to && line === layout.lines.length - 1))
  ) {
    parts.push(
      `<line class="caret" x1="${x(caret)}" x2="${x(caret)}" y1="${HEADING}" y2="${bottom}"/>`,
    );
  }
  parts.push(`<line class="cursor" y1="0" y2="${bottom}"/>`);
  return parts.join('');
}

// A small roll of some steps, with the notes drawn from a bar on in colour and those whose onsets
// are in `shared` underlined: the SVG of a candidate.
function drawSmall(doc, range, fresh, shared = NONE) {
  const width = 240,
    height = 64,
    notes = doc.notes.filter((each) => each.onset < range.to && noteEnd(each) > range.from);
  const pitches = notes.map((each) => each.pitch),
    low = Math.min(...pitches, 127) - 1,
    high = Math.max(...pitches, low + 12) + 1;
  const step = width / (range.to - range.from),
    row = height / (high - low + 1),
    x = (at) => fixed((at - range.from) * step),
    parts = [];
  const size = barSteps(doc);
  parts.push(
    `<rect class="fresh" x="${x(fresh.from)}" y="0" `
      + `width="${fixed((fresh.to - fresh.from) * step)}" height="${height}"/>`,
  );
  for (let at = Math.ceil(range.from / size) * size; at <= range.to; at += size)
    parts.push(`<line class="barline" x1="${x(at)}" x2="${x(at)}" y1="0" y2="${height}"/>`);
  for (const each of notes) {
    const begin = Math.max(range.from, each.onset),
      end = Math.min(range.to, noteEnd(each));
    const isFresh = each.isNew && each.onset >= fresh.from && each.onset < fresh.to;
    parts.push(
      `<rect class="note ${isFresh ? 'new' : 'own'}" x="${x(begin)}" `
        + `y="${fixed((high - each.pitch) * row)}" `
        + `width="${fixed((end - begin) * step - 0.8)}" `
        + `height="${fixed(Math.max(2.5, row))}" rx="1"/>`,
    );
    if (shared.has(each.onset)) {
      const under = fixed((high - each.pitch) * row + Math.max(2.5, row) + 2);
      parts.push(
        `<line class="shared" x1="${x(begin)}" x2="${x(end)}" y1="${under}" y2="${under}"/>`,
      );
    }
  }
  parts.push(`<line class="cursor" x1="0" x2="0" y1="0" y2="${height}"/>`);
  return (
    `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" `
    + `aria-hidden="true">${parts.join('')}</svg>`
  );
}
