// Signs of staff notation as SVG, pure. A space of the staff is `GAP` wide; y grows downwards and 0
// is the top line.
const GAP = 8,
  STAFF_TOP = 44,
  STAFF_HEIGHT = 128,
  STEM = 3.4 * GAP;
const LETTER_STEPS = {C: 0, D: 1, E: 2, F: 3, G: 4, A: 5, B: 6};
const CLEF =
  'M0.1 0.55C-0.5 0.5-0.5-0.4 0.15-0.45C0.9-0.5 1.1 0.9 0 1C-1.15 1.05-1.3-0.3-0.6-1.1'
  + 'C0.1-1.9 0.75-2.5 0.6-3.4C0.45-4.2-0.05-4-0.2-3.2'
  + 'C-0.3-2.4 0.25 0.2 0.5 1.9C0.6 2.8-0.55 3-0.7 2.35';
const SHARP_PLACES = ['F5', 'C5', 'G5', 'D5', 'A4', 'E5', 'B4'],
  FLAT_PLACES = ['B4', 'E5', 'A4', 'D5', 'G4', 'C5', 'F4'];

const staffY = (letter, octave) =>
  ((LETTER_STEPS.F + 35 - LETTER_STEPS[letter] - 7 * octave) * GAP) / 2;
const tag = (name, attributes, content = '') =>
  `<${name} ${Object.entries(attributes)
    .map(([key, value]) => `${key}="${typeof value === 'number' ? fixed(value) : value}"`)
    .join(' ')}>${content}</${name}>`;
const stroke = (x1, y1, x2, y2, width = 1) =>
  tag('line', {x1, y1, x2, y2, 'stroke-width': width, class: 'ink'});

function accidentalSign(x, y, kind) {
  const path = {
    1: 'M-1.5-8V9M1.5-9V8M-3.5-2.5L3.5-4.5M-3.5 4.5L3.5 2.5',
    '-1': 'M-2-12V4.5C3 1 3.5-4-2-0.5',
    natural: 'M-2-10V4L2 2.5M2 10V-4L-2-2.5',
    2: 'M-3-3L3 3M-3 3L3-3',
    '-2': 'M-5-12V4.5C0 1 0-4-5-0.5M0-12V4.5C5 1 5-4 0-0.5',
  }[kind];
  return tag('path', {
    d: path,
    transform: `translate(${fixed(x)} ${fixed(y)})`,
    'stroke-width': 1.2,
    class: 'ink sign',
  });
}

function restSign(sign, isAlone) {
  const {x, value} = sign,
    y = 2 * GAP,
    parts = [];
  if (value >= 16 || (isAlone && value >= 8))
    parts.push(tag('rect', {x: x - 5, y: y - GAP, width: 11, height: 4, class: 'dot'}));
  else if (value >= 8)
    parts.push(tag('rect', {x: x - 5, y: y - 4, width: 11, height: 4, class: 'dot'}));
  else if (value >= 4)
    parts.push(
      tag('path', {
        d: `M${fixed(x - 2)} ${y - 11}l5 7q-4 4 1.5 9q-6-2-5 4`,
        'stroke-width': 2,
        class: 'ink sign',
      }),
    );
  else {
    parts.push(stroke(x + 3, y - 6, x - 1, y + 9, 1.3));
    for (let flag = 0; flag < (value < 2 ? 2 : 1); flag++) {
      const at = y - 5 + 6 * flag;
      parts.push(
        tag('circle', {cx: x - 2.5 - flag, cy: at, r: 1.9, class: 'dot'}),
        tag('path', {
          d: `M${fixed(x - 2.5 - flag)} ${at + 1.5}q3 1.5 5-1`,
          'stroke-width': 1.2,
          class: 'ink sign',
        }),
      );
    }
  }
  if (value % 3 === 0) parts.push(tag('circle', {cx: x + 9, cy: y - 4, r: 1.5, class: 'dot'}));
  return parts.join('');
}
