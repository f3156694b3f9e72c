// ABC tunes to scores, as of score/abc.py: the first voice as it is played, repeats and endings
// unrolled.
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
const MOST_TEXT = 500000;

// The texts of the tunes of a book; each starts with an X: field, and fields before the first tune
// belong to all.
function splitAbc(text) {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n?|\n/),
    tunes = [];
  let head = [],
    isTune = false;
  for (const line of lines) {
    if (/^X:/.test(line)) {
      tunes.push([...head, line]);
      isTune = true;
    } else if (isTune) tunes.at(-1).push(line);
    else if (/^[A-Za-z]:|^%%/.test(line) || line.trim()) head.push(line);
  }
  return (tunes.length ? tunes : head.some((line) => /^K:/.test(line)) ? [head] : []).map((each) =>
    each.join('\n'),
  );
}

function readAbc(text, part = 0) {
  if (text.length > MOST_TEXT) throw new Unreadable('It is too long for one tune.');
  const tunes = splitAbc(text);
  if (!tunes.length)
    throw new Unreadable('It holds no tune: ABC has lines such as X:1 and K:G above its notes.');
  const names = tunes.map(
    (tune) => /^T:\s*(.+)$/m.exec(tune)?.[1].trim() ?? /^X:\s*(.*)$/m.exec(tune)?.[0] ?? 'tune',
  );
  const score = readAbcTune(tunes[Math.min(part, tunes.length - 1)]);
  return {...score, parts: names};
}

function readAbcTune(tune) {
  const state = {
    items: [],
    notices: new Set(),
    title: '',
    program: 0,
    meter: null,
    unit: 0,
    key: null,
    alters: {},
    shift: 0,
    accidentals: {},
    held: null,
    tuplet: [1, 1, 0],
    broken: 0,
    voice: null,
    isOther: false,
    isOverlay: false,
    last: null,
    inBody: false,
    transposed: 0,
  };
  const lines = tune
    .split('\n')
    .map((line) => (line.startsWith('%%') ? line : line.replace(/(^|[^\\])%.*$/, '$1')));
  for (const line of lines) {
    const field = /^([A-Za-z+]):(.*)$/.exec(line);
    if (line.startsWith('%%')) readDirective(state, line.slice(2));
    else if (field && !(state.inBody && /^[A-Ga-gzx]:[|:\]]/.test(line)))
      readField(state, field[1], field[2].trim());
    else if (state.inBody && !state.isOther) readMusic(state, line);
    else if (state.inBody && line.trim() && !/^\[V:/.test(line))
      state.notices.add('Other voices left out.');
    else if (/^\[V:/.test(line)) readMusic(state, line);
  }
  if (!state.inBody) throw new Unreadable('It has no K: field, which ABC needs above the notes.');
  return layOutAbc(state);
}

function readDirective(state, text) {
  const found = /^MIDI\s+program\s+(?:\d+\s+)?(\d+)/i.exec(text);
  if (found && Number(found[1]) < 128) state.program = Number(found[1]);
  const by = /^MIDI\s+transpose\s+(-?\d{1,2})/i.exec(text);
  if (by) state.transposed = Number(by[1]);
}

function readField(state, letter, text) {
  if (letter === 'T' && !state.title) state.title = readAbcText(text);
  else if (letter === 'M') readMeter(state, text);
  else if (letter === 'L') state.unit = ratio(text) * 4 || state.unit;
  else if (letter === 'Q') readTempo(state, text);
  else if (letter === 'K') readKeyField(state, text);
  else if (letter === 'V') {
    const name = text.split(/\s+/)[0];
    if (state.inBody) state.voice ??= name;
    state.isOther = state.inBody && name !== state.voice;
    state.isOverlay = false;
  } else if (letter === 'I') readDirective(state, text);
  else if ('wW'.includes(letter)) state.notices.add('Words left out.');
  else if (letter === 'P' && state.inBody) state.items.push({kind: 'part'});
  else if (letter === 'P')
    state.notices.add('The order of parts is not followed: the tune is opened as written.');
}

function readAbcText(text) {
  return text
    .replace(/&amp;/g, '&')
    .replace(/\\([\\%&])/g, '$1')
    .slice(0, 200);
}

const ratio = (text) => {
  const found = /^\s*(\d{1,4})\s*\/\s*(\d{1,4})/.exec(text);
  return found ? Number(found[1]) / Math.max(1, Number(found[2])) : 0;
};

function readMeter(state, text) {
  const plain = text.replace(/^C\|.*/, '2/2').replace(/^C.*/, '4/4'),
    found = /^\(?([\d+]{1,20})\)?\s*\/\s*(\d{1,2})/.exec(plain);
  if (!found) {
    if (!/^none/i.test(text))
      state.notices.add(`The metre ${text.slice(0, 20)} is not understood.`);
    return;
  }
  const meter = `${found[1].split('+').reduce((sum, each) => sum + Number(each), 0)}/${found[2]}`;
  state.meter = meter;
  state.items.push({kind: 'meter', meter});
}

function readTempo(state, text) {
  const plain = text.replace(/"[^"]*"?/g, '').trim(),
    found = /^((?:\d{1,3}\/\d{1,3}\s*)+)=\s*(\d{1,4}(?:\.\d+)?)/.exec(plain);
  const unit = state.unit || defaultUnit(state);
  const qpm = found
    ? found[1]
        .trim()
        .split(/\s+/)
        .reduce((sum, each) => sum + 4 * ratio(each), 0) * Number(found[2])
    : unit * Number(/^(?:C\d?\s*=\s*)?(\d{1,4})/.exec(plain)?.[1] ?? 0);
  if (qpm >= 1 && qpm <= 2000) state.items.push({kind: 'tempo', qpm});
  else if (plain) state.notices.add(`The tempo ${plain.slice(0, 20)} is not understood.`);
}

const defaultUnit = (state) => (state.meter && ratio(state.meter) < 0.75 ? 0.25 : 0.5);

function readKeyField(state, text) {
  const octave = /octave=(-?\d)/.exec(text),
    transposed = /(?<!s)transpose=(-?\d{1,2})/.exec(text),
    clef = /(?:treble|bass|alto|tenor|G2|F4)([+-]8)/.exec(text);
  state.shift =
    12 * Number(octave?.[1] ?? 0)
    + Number(transposed?.[1] ?? 0)
    + (clef ? Math.sign(Number(clef[1])) * 12 : 0);
  state.inBody = true;
  state.unit ||= defaultUnit(state);
  const name = text
    .replace(/^H[Pp]\b/, 'D mix')
    .replace(/(clef=|treble|bass|octave=|transpose=|middle=|stafflines=).*/, '')
    .trim();
  const key = parseKey(name);
  if (!key) {
    if (name && !/^none/i.test(name))
      state.notices.add(`The key ${name.slice(0, 20)} is not understood.`);
    if (/^none/i.test(name)) state.alters = {};
    return;
  }
  state.alters = Object.fromEntries(
    [...LETTERS].map((letter) => [letter, signatureAlter(letter, key.fifths)]),
  );
  for (const [, sign, letter] of name.slice(1).matchAll(/\s(\^\^?|__?|=)([A-Ga-g])/g))
    state.alters[letter.toUpperCase()] = ALTERATIONS[sign];
  state.items.push({kind: 'key', key});
}

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
