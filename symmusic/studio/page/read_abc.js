// ABC tunes to scores, as in score/abc.py: the first voice as it is played, repeats and endings
// unrolled.

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
