// Staff notation of our own, as lines of SVG, pure: treble clef, signature, metre, notes with
// beams, ties and ledger lines, rests, made of the signs of glyphs.js.

// The lines of a document in a width: [{svg, width, height}].
function drawStaff(doc, width, barsPerLine = 4) {
  const bars = toBars(doc),
    bar = barOf(doc.meter),
    lead = doc.pickupSteps ? 1 : 0,
    lines = [];
  for (let first = 0; first < bars.length;) {
    const num = barsPerLine + (first === 0 ? lead : 0);
    lines.push(
      staffLine(doc, bars.slice(first, first + num), bar, width, first, first + num >= bars.length),
    );
    first += num;
  }
  return lines;
}

function staffLine(doc, bars, bar, width, first, isLast) {
  const parts = [],
    start = staffHead(parts, doc, first === 0);
  const room = (sign) => 12 + 9 * Math.log2(1 + sign.value) + (sign.accidental ? 9 : 0);
  const placed = bars.map((signs) => withAccidentals(signs, doc.key));
  const natural = placed.reduce(
    (sum, signs) => sum + 14 + signs.reduce((each, sign) => each + room(sign), 0),
    start,
  );
  const scale = isLast
    ? Math.min(1.6, (width - start) / (natural - start))
    : (width - start) / (natural - start);
  let x = start;
  const all = [];
  placed.forEach((signs, index) => {
    let at = x + 10 * scale;
    for (const sign of signs) {
      sign.x = at + (sign.accidental ? 9 : 0);
      at += room(sign) * scale;
    }
    drawBar(parts, signs, bar);
    all.push(...signs);
    x += (14 + signs.reduce((sum, sign) => sum + room(sign), 0)) * scale;
    const isEnd = isLast && index === placed.length - 1;
    parts.push(stroke(isEnd ? x - 5 : x, 0, isEnd ? x - 5 : x, 4 * GAP));
    if (isEnd) parts.push(stroke(x - 1.5, 0, x - 1.5, 4 * GAP, 3));
    if (index === 0)
      parts.push(
        tag('text', {x: start - 2, y: -22, class: 'number'}, String(barNumber(doc, first))),
      );
  });
  drawTies(parts, all, x);
  const staff = [0, 1, 2, 3, 4].map((line) => stroke(0, line * GAP, x, line * GAP, 0.7)).join('');
  return {
    svg: `<g transform="translate(1 ${STAFF_TOP})">${staff}${parts.join('')}</g>`,
    width: x + 2,
    height: STAFF_HEIGHT,
  };
}

// Clef, signature and, in the first line, the metre; the x after them.
function staffHead(parts, doc, isFirst) {
  parts.push(
    tag('path', {
      d: CLEF,
      transform: `translate(14 ${3 * GAP}) scale(${GAP})`,
      'stroke-width': 0.2,
      class: 'ink clef',
    }),
  );
  const {fifths} = doc.key,
    places = fifths > 0 ? SHARP_PLACES : FLAT_PLACES;
  let x = 30;
  for (const place of places.slice(0, Math.abs(fifths))) {
    parts.push(accidentalSign(x, staffY(place[0], Number(place[1])), Math.sign(fifths)));
    x += 8;
  }
  if (isFirst) {
    doc.meter
      .split('/')
      .forEach((digits, index) =>
        parts.push(
          tag('text', {x: x + 10, y: (index ? 4 : 2) * GAP - 0.5, class: 'meter'}, digits),
        ),
      );
    x += 20;
  }
  return x + 4;
}

// Signs with their place and the accidental that is written.
function withAccidentals(signs, key) {
  const written = accidentalsOf(signs, key);
  return signs.map((sign, index) => {
    if (sign.pitch === null) return {...sign};
    const {letter, octave} = spell(sign.pitch, key);
    const accidental = written[index] === 0 ? 'natural' : written[index];
    return {...sign, accidental, y: staffY(letter, octave)};
  });
}

function drawBar(parts, signs, bar) {
  const beams = beamsOf(signs, bar);
  signs.forEach((sign, index) => {
    if (sign.pitch === null) {
      parts.push(restSign(sign, signs.length === 1));
      return;
    }
    const isOpen = sign.value >= 8,
      [x, y] = [sign.x, sign.y];
    for (let line = 5 * GAP; line <= y; line += GAP)
      parts.push(stroke(x - 7, line, x + 7, line, 0.9));
    for (let line = -GAP; line >= y; line -= GAP) parts.push(stroke(x - 7, line, x + 7, line, 0.9));
    parts.push(
      tag('ellipse', {
        cx: x,
        cy: y,
        rx: 4.9,
        ry: 3.5,
        transform: `rotate(-20 ${fixed(x)} ${fixed(y)})`,
        class: isOpen ? 'head open' : 'head',
      }),
    );
    if (sign.accidental !== null) parts.push(accidentalSign(x - 11, y, sign.accidental));
    if (sign.value % 3 === 0)
      parts.push(
        tag('circle', {cx: x + 8.5, cy: y - (y % GAP === 0 ? GAP / 2 : 0), r: 1.5, class: 'dot'}),
      );
    if (!beams[index].length) drawStem(parts, sign, sign.y > 2 * GAP, null);
  });
  let begin = 0;
  beams.forEach((each, index) => {
    if (each[0] === 'begin') begin = index;
    if (each[0] === 'end')
      drawBeam(parts, signs.slice(begin, index + 1), beams.slice(begin, index + 1));
  });
}

function drawStem(parts, sign, isUp, end) {
  if (sign.value >= 16) return;
  const x = sign.x + (isUp ? 4.4 : -4.4),
    to = end ?? (isUp ? Math.min(sign.y - STEM, 2 * GAP) : Math.max(sign.y + STEM, 2 * GAP));
  parts.push(stroke(x, sign.y + (isUp ? -1 : 1), x, to, 1.2));
  if (end !== null) return;
  for (let flag = 0; flag < (sign.value < 2 ? 2 : sign.value < 4 ? 1 : 0); flag++) {
    const y = to + (isUp ? 6 : -6) * flag,
      way = isUp ? 1 : -1;
    parts.push(
      tag('path', {
        d: `M${fixed(x)} ${fixed(y)}q1 ${5 * way} 5 ${8 * way}q2.5 ${4 * way} 0.5 ${9 * way}`,
        'stroke-width': 1.6,
        class: 'ink sign',
      }),
    );
  }
}

function drawBeam(parts, signs, beams) {
  const isUp = signs.reduce((sum, sign) => sum + sign.y, 0) / signs.length > 2 * GAP,
    way = isUp ? -1 : 1;
  const [one, last] = [signs[0], signs.at(-1)],
    stemX = (sign) => sign.x + (isUp ? 4.4 : -4.4);
  const slope = Math.max(-0.2, Math.min(0.2, (last.y - one.y) / 2 / (stemX(last) - stemX(one))));
  const offsets = signs.map(
    (sign) => sign.y + way * 2.9 * GAP - slope * (stemX(sign) - stemX(one)),
  );
  const start = isUp ? Math.min(...offsets) : Math.max(...offsets),
    beamY = (x) => start + slope * (x - stemX(one));
  for (const sign of signs) drawStem(parts, sign, isUp, beamY(stemX(sign)));
  const bar = (level, from, to) => {
    const shift = -way * level * 5.5;
    parts.push(stroke(from, beamY(from) + shift, to, beamY(to) + shift, 3.6));
  };
  bar(0, stemX(one) - 0.6, stemX(last) + 0.6);
  signs.forEach((sign, index) => {
    const kind = beams[index][1],
      x = stemX(sign);
    if (kind === 'begin' || kind === 'continue') bar(1, x, stemX(signs[index + 1]));
    else if (kind === 'forward hook') bar(1, x, x + 6);
    else if (kind === 'backward hook') bar(1, x - 6, x);
  });
}

// Ties to the next sign; at the end of a line to its edge, at the start from before it.
function drawTies(parts, signs, right) {
  signs.forEach((sign, index) => {
    const next = signs[index + 1],
      way = sign.y > 2 * GAP ? 1 : -1;
    const tie = (from, to) => {
      const [start, end] = [from, to].map((x) => `${fixed(x)} ${fixed(sign.y + 5.5 * way)}`);
      parts.push(
        tag('path', {
          d: `M${start}Q${fixed((from + to) / 2)} ${fixed(sign.y + 11 * way)} ${end}`,
          'stroke-width': 1.3,
          class: 'ink sign',
        }),
      );
    };
    if (sign.tiedOn) tie(sign.x + 3, next ? next.x - 3 : right - 2);
    if (sign.tiedFrom && index === 0) tie(sign.x - 14, sign.x - 3);
  });
}
