// A line of music in ABC: its notes, chords, rests, tuplets, bar lines and endings.
const ABC_LENGTH = '\\d{0,4}(?:/{1,6}\\d{0,3})?';
const ABC_TOKEN = new RegExp(
  [
    `(?<note>(?<sign>\\^\\^?|__?|=)?(?<letter>[A-Ga-g])(?<octaves>[,']*)(?<length>${ABC_LENGTH}))`,
    '(?<bar>(?::*\\[\\|\\]|\\.?:*\\[?\\|+\\]?:*|::+)(?<passes>\\s{0,8}\\[?\\d[\\d,-]{0,20})?)',
    `(?<rest>[zx]${ABC_LENGTH}|[ZX]\\d{0,3})`,
    '(?<broken>>+|<+)',
    '(?<tie>-)',
    '(?<tuplet>\\(\\d{1,2}(?::\\d{0,2}(?::\\d{0,2})?)?)',
    '(?<quoted>"[^"]*"?)',
    '(?<grace>\\{[^}]{0,200}\\})',
    '(?<decoration>![^!|]{1,80}!|\\+[^+|]{1,80}\\+)',
    '(?<ending>\\[\\d[\\d,-]{0,20})',
    '(?<field>\\[[A-Za-z]:[^\\]]{0,200}\\])',
    `(?<chord>\\[[^\\]|]{1,200}\\]${ABC_LENGTH})`,
    '(?<overlay>&)',
  ].join('|'),
  'g',
);
const NATURALS = {C: 60, D: 62, E: 64, F: 65, G: 67, A: 69, B: 71};
const ALTERATIONS = {'^': 1, '^^': 2, _: -1, __: -2, '=': 0};
const TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3};

function readMusic(state, line) {
  for (const {groups} of line.matchAll(ABC_TOKEN)) {
    if (groups.bar) readBar(state, groups);
    else if (groups.field) {
      readField(state, groups.field[1], groups.field.slice(3, -1).trim());
      if (state.isOther) return;
    } else if (state.isOverlay) continue;
    else if (groups.note) addSound(state, [readPitch(state, groups)], lengthOf(groups.length));
    else if (groups.rest) readRest(state, groups.rest);
    else if (groups.chord) readChord(state, groups.chord);
    else if (groups.broken)
      state.broken = state.last ? groups.broken.length * (groups.broken[0] === '>' ? 1 : -1) : 0;
    else if (groups.tie && state.last) [state.last.isTied, state.held] = [true, state.last];
    else if (groups.tuplet) readTuplet(state, groups.tuplet);
    else if (groups.ending) state.items.push(readEnding(groups.ending));
    else if (groups.grace) state.notices.add('Grace notes left out.');
    else if (
      /\bD\.? ?[CS]\b|\bda ?c(apo|oda)\b|\bdal ?segno\b/i.test(groups.quoted ?? groups.decoration)
    )
      state.notices.add('D.C. and D.S. are not followed.');
    else if (groups.quoted && !/^"[\^_<>@]/.test(groups.quoted))
      state.notices.add('Chord symbols left out.');
    else if (groups.overlay) {
      state.isOverlay = true;
      state.notices.add('Other voices left out.');
    }
  }
}

function readBar(state, {bar, passes}) {
  const sign = passes ? bar.slice(0, -passes.length) : bar,
    line = sign.replace(/[.:]/g, '');
  const closes = line
    ? sign.length - sign.replace(/^[.]?:+/, '').length - Number(sign[0] === '.')
    : 1;
  state.items.push({
    kind: 'bar',
    closes: Math.max(0, closes),
    opens: line ? sign.endsWith(':') : true,
    isDouble: line === '||',
    isThick: line.length > 1 && line !== '||',
    isFull: sign[0] !== '.',
  });
  state.accidentals = {};
  state.isOverlay = false;
  state.broken = 0;
  if (passes) state.items.push(readEnding(passes));
}

function readEnding(text) {
  const passes = new Set();
  for (const [, first, last] of text.matchAll(/(\d)(?:-(\d))?/g))
    for (let each = Number(first); each <= Number(last ?? first); each++) passes.add(each);
  return {kind: 'ending', passes};
}

function readPitch(state, {sign, letter, octaves = ''}) {
  const name = letter.toUpperCase(),
    ups =
      (octaves.match(/'/g) ?? []).length
      - (octaves.match(/,/g) ?? []).length
      + (letter === name ? 0 : 1);
  const natural = NATURALS[name] + 12 * ups;
  if (sign) state.accidentals[natural] = ALTERATIONS[sign];
  const held = state.held?.naturals?.[natural],
    alter = state.accidentals[natural] ?? held ?? state.alters[name] ?? 0;
  const pitch = natural + alter + state.shift + state.transposed;
  if (pitch < 0 || pitch > 127)
    throw new Unreadable(
      `The note ${letter}${octaves.slice(0, 12)} is beyond the pitches of MIDI.`,
    );
  return {natural, alter, pitch};
}

function lengthOf(text) {
  if (!text) return 1;
  const [over, under] = text.split(/\/(.*)/s);
  if (under === undefined) return Number(text);
  const digits = under.replace(/\//g, '');
  return (
    Number(over || 1)
    / (digits ? Number(digits) * 2 ** (under.length - digits.length) : 2 ** (under.length + 1))
  );
}

function readChord(state, text) {
  const end = text.lastIndexOf(']'),
    found = [
      ...text
        .slice(1, end)
        .matchAll(
          new RegExp(
            `(?<sign>\\^\\^?|__?|=)?(?<letter>[A-Ga-g])(?<octaves>[,']*)(?<length>${ABC_LENGTH})`,
            'g',
          ),
        ),
    ];
  if (!found.length) return;
  if (found.length > 1) state.notices.add('Of chords the highest note is kept.');
  addSound(
    state,
    found.map(({groups}) => readPitch(state, groups)),
    lengthOf(text.slice(end + 1)) * lengthOf(found[0].groups.length),
  );
  if (text.slice(1, end).includes('-')) [state.last.isTied, state.held] = [true, state.last];
}

function readRest(state, text) {
  if ('zx'.includes(text[0])) return addSound(state, [], lengthOf(text.slice(1)));
  const length = 4 * ratio(state.meter ?? '4/4') * Number(text.slice(1) || 1);
  state.items.push({kind: 'sound', length, pitch: null});
  [state.last, state.held, state.broken] = [null, null, 0];
}

function readTuplet(state, text) {
  const [p, q, r] = text.slice(1).split(':').map(Number),
    isCompound = state.meter && beatQuarters(state.meter) !== 1;
  if (p) state.tuplet = [p, q || (TUPLETS[p] ?? (p < 10 ? (isCompound ? 3 : 2) : p)), r || p];
}

function addSound(state, tones, written) {
  let length = written * state.unit;
  const [p, q, left] = state.tuplet;
  if (left) [length, state.tuplet] = [(length * q) / p, [p, q, left - 1]];
  if (state.broken && state.last) {
    const part = 1 / 2 ** Math.abs(state.broken),
      isFirstLonger = state.broken > 0;
    state.last.length *= isFirstLonger ? 2 - part : part;
    length *= isFirstLonger ? part : 2 - part;
  }
  if (!(length > 0 && length < 4000))
    throw new Unreadable('A note has no length, or too long a one.');
  const pitch = tones.length ? Math.max(...tones.map((each) => each.pitch)) : null;
  const sound = {
    kind: 'sound',
    length,
    pitch,
    naturals: Object.fromEntries(tones.map((each) => [each.natural, each.alter])),
  };
  state.items.push(sound);
  [state.last, state.held, state.broken] = [sound, null, 0];
}

function layOutAbc(state) {
  const {items} = state,
    notes = [],
    meters = [],
    keys = [],
    tempi = [],
    lines = [];
  let at = 0,
    held = null,
    first = null;
  for (const index of playOrder(items)) {
    const item = items[index];
    if (item.kind === 'sound') {
      if (held && held.pitch === item.pitch) held.length += item.length;
      else if (item.pitch !== null) notes.push({onset: at, length: item.length, pitch: item.pitch});
      held = item.isTied && item.pitch !== null ? notes.at(-1) : null;
      at += item.length;
    } else if (item.kind === 'bar' && at) {
      if (first === null && item.isFull) first = at;
      lines.push({
        at,
        isSection:
          item.closes
          || item.opens
          || item.isDouble
          || item.isThick
          || items[index + 1]?.kind === 'ending'
          || items[index + 1]?.kind === 'part',
      });
    } else if (item.kind === 'meter' && meters.at(-1)?.meter !== item.meter)
      meters.push({at, meter: item.meter});
    else if (item.kind === 'key') keys.push({at, key: item.key});
    else if (item.kind === 'tempo') tempi.push({at, qpm: item.qpm});
    if (at > 100000) throw new Unreadable('It is too long.');
  }
  if (!notes.length) throw new Unreadable('It holds no notes.');
  const bar = 4 * ratio(meters[0]?.meter ?? '4/4'),
    pickup = first !== null && first < bar - 1e-6 ? first : 0;
  const isOdd = (line) => Math.abs(modulo(line.at - pickup + 1e-6, bar) - 1e-6) > 1e-3;
  const notices = [...state.notices];
  if (meters.length < 2 && lines.some((line) => !line.isSection && isOdd(line)))
    notices.push(
      `Some bars do not last ${meters[0]?.meter ?? '4/4'}: the bar lines after them are shifted.`,
    );
  const sounding =
    state.shift % 12
      ? keys.map((each) => ({
          ...each,
          key: keyAt(keyPlace(each.key) + 7 * state.shift, each.key.mode),
        }))
      : keys;
  return {
    title: state.title,
    meters,
    keys: sounding,
    tempi,
    notes,
    pickup,
    program: state.program,
    notices,
  };
}
