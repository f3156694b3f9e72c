// The tune as files: ABC, MusicXML, MIDI and WAV, as in score/abc_writer.py, score/musicxml.py and
// score/midi_writer.py. All pure.
const ACCIDENTALS = {'-2': '__', '-1': '_', 0: '=', 1: '^', 2: '^^'};
const BARS_PER_LINE = 4;
const TYPES = {16: 'whole', 8: 'half', 4: 'quarter', 2: 'eighth', 1: '16th'};

// What a title may not have without a backslash: one of its own, a comment, a character by name.
const ABC_SPECIAL = /[\\%]|&(?:#\d{1,7}|#[Xx][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});/g;

function formatAbc(doc, {program = 0} = {}) {
  const bar = barOf(doc.meter),
    bars = toBars(doc),
    {beat, number} = markTempo(doc.tempo, doc.meter);
  const head = [
    'X:1',
    `T:${plainText(doc.title).replace(ABC_SPECIAL, '\\$&')}`,
    `M:${doc.meter}`,
    'L:1/16',
    `Q:${noteValue(beat)}=${number}`,
  ];
  if (program) head.push(`%%MIDI program ${program}`);
  head.push(`K:${keyAbc(doc.key)}`);
  const lead = doc.pickupSteps ? 1 : 0,
    lines = [];
  for (let index = 0; index < bars.length; index++) {
    const isFirst =
      index === 0 || (index >= lead && (index - lead) % BARS_PER_LINE === 0 && index > lead);
    const text = `${abcBar(bars[index], doc.key, bar)} ${index === bars.length - 1 ? '|]' : '|'}`;
    if (isFirst) lines.push(text);
    else lines[lines.length - 1] += ` ${text}`;
  }
  return `${[...head, ...lines].join('\n')}\n`;
}

function noteValue(quarters) {
  return quarters === 1.5
    ? '3/8'
    : quarters === 1
      ? '1/4'
      : quarters === 3
        ? '3/4'
        : quarters === 0.75
          ? '3/16'
          : `${quarters * 16}/64`;
}

const XML_ACCIDENTALS = {
  '-2': 'flat-flat',
  '-1': 'flat',
  0: 'natural',
  1: 'sharp',
  2: 'double-sharp',
};

function abcBar(signs, key, bar) {
  // letters with an accidental in this bar: readers differ on how far one applies, so each is
  // written
  const met = new Set();
  return signs
    .map((sign, index) => {
      const length = sign.value > 1 ? String(sign.value) : '',
        apart = index > 0 && bar.groups.includes(sign.step) ? ' ' : '';
      if (sign.pitch === null) return `${apart}z${length}`;
      const {letter, alter, octave} = spell(sign.pitch, key);
      const isPlainNote = alter === signatureAlter(letter, key.fifths) && !met.has(letter);
      if (!isPlainNote) met.add(letter);
      const name =
        octave >= 5
          ? letter.toLowerCase() + "'".repeat(octave - 5)
          : letter + ','.repeat(4 - octave);
      return (
        `${apart}${isPlainNote ? '' : ACCIDENTALS[alter]}${name}${length}`
        + `${sign.tiedOn ? '-' : ''}`
      );
    })
    .join('');
}

function formatMusicXml(doc, {program = 0, instrument = 'Melody'} = {}) {
  const bar = barOf(doc.meter),
    [count, value] = doc.meter.split('/'),
    {beat, number} = markTempo(doc.tempo, doc.meter);
  const isDotted = (beat * 4) % 3 === 0,
    unit = TYPES[isDotted ? (beat * 8) / 3 : beat * 4];
  const attributes =
    `<attributes><divisions>${QUARTER}</divisions><key><fifths>${doc.key.fifths}</fifths>`
    + `<mode>${doc.key.mode}</mode></key>`
    + `<time><beats>${count}</beats><beat-type>${value}</beat-type></time><clef>`
    + '<sign>G</sign><line>2</line></clef></attributes>\n'
    + '<direction placement="above"><direction-type><metronome>'
    + `<beat-unit>${unit}</beat-unit>${isDotted ? '<beat-unit-dot/>' : ''}<per-minute>`
    + `${number}</per-minute></metronome></direction-type>`
    + `<sound tempo="${Number(doc.tempo.toPrecision(10))}"/></direction>\n`;
  const lead = doc.pickupSteps ? 0 : 1;
  const measures = toBars(doc).map((signs, index, all) => {
    const beams = beamsOf(signs, bar),
      end =
        index === all.length - 1
          ? '<barline location="right"><bar-style>light-heavy</bar-style></barline>'
          : '';
    const accidentals = accidentalsOf(signs, doc.key);
    const content = signs
      .map((sign, place) => xmlNote(sign, beams[place], accidentals[place], doc.key))
      .join('');
    const implicit = index + lead === 0 ? ' implicit="yes"' : '';
    const first = index === 0 ? attributes : '';
    return `<measure number="${index + lead}"${implicit}>\n${first}${content}${end}</measure>\n`;
  });
  return (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    + '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    + '"http://www.musicxml.org/dtds/partwise.dtd">\n'
    + `<score-partwise version="4.0">\n<work><work-title>${xmlText(doc.title)}</work-title>`
    + '</work>\n'
    + '<identification><encoding><software>symmusic</software></encoding></identification>\n'
    + '<part-list><score-part id="P1"><part-name>Melody</part-name>'
    + `<score-instrument id="P1-I1"><instrument-name>${xmlText(instrument)}`
    + '</instrument-name></score-instrument>'
    + `<midi-instrument id="P1-I1"><midi-program>${program + 1}</midi-program>`
    + '</midi-instrument></score-part></part-list>\n'
    + `<part id="P1">\n${measures.join('')}</part>\n</score-partwise>\n`
  );
}

function xmlNote(sign, beams, accidental, key) {
  const {value} = sign,
    isDotted = value % 3 === 0;
  const type = TYPES[isDotted ? (value * 2) / 3 : value];
  const kind = `<type>${type}</type>${isDotted ? '<dot/>' : ''}`;
  const ties = [...(sign.tiedFrom ? ['stop'] : []), ...(sign.tiedOn ? ['start'] : [])];
  const marks = ties.map((tie) => `<tied type="${tie}"/>`).join('');
  const notations = marks ? `<notations>${marks}</notations>` : '';
  if (sign.pitch === null)
    return (
      `<note><rest/><duration>${sign.value}</duration>`
      + `<voice>1</voice>${kind}${notations}</note>\n`
    );
  const {letter, alter, octave} = spell(sign.pitch, key);
  const beamed = beams.map((beam, level) => `<beam number="${level + 1}">${beam}</beam>`).join('');
  return (
    `<note><pitch><step>${letter}</step>${alter ? `<alter>${alter}</alter>` : ''}<octave>`
    + `${octave}</octave></pitch><duration>${sign.value}</duration>`
    + `${ties.map((tie) => `<tie type="${tie}"/>`).join('')}<voice>1</voice>${kind}`
    + (accidental === null ? '' : `<accidental>${XML_ACCIDENTALS[accidental]}</accidental>`)
    + `${beamed}${notations}</note>\n`
  );
}

const plainText = (text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ').trim();
const xmlText = (text) =>
  plainText(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

// The bytes of a MIDI file of format 1: a track of metre, key and tempo, one of notes. A pickup has
// a time signature of its own.
function formatMidi(doc, {program = 0} = {}) {
  const perQuarter = 480,
    step = perQuarter / QUARTER,
    pickup = doc.pickupSteps,
    leftOut = firstStep(doc);
  const [count, value] = doc.meter.split('/').map(Number),
    micro = Math.round(60e6 / doc.tempo);
  const name = new TextEncoder().encode(plainText(doc.title)),
    isMajor = MODES[doc.key.mode] > -2,
    isNamed = ['major', 'minor'].includes(doc.key.mode);
  const head = [[0, meta(3, ...name)]];
  if (pickup) head.push([0, timeSignature(...shortest(pickup))]);
  head.push(
    [pickup * step, timeSignature(count, value)],
    [0, meta(0x51, micro >> 16, (micro >> 8) & 255, micro & 255)],
  );
  head.push([0, meta(0x59, doc.key.fifths & 255, isMajor ? 0 : 1)]);
  if (!isNamed) head.push([0, meta(1, ...new TextEncoder().encode(`Key: ${keyAbc(doc.key)}`))]);
  const melody = [
    [0, meta(3, ...new TextEncoder().encode('Melody'))],
    [0, [0xc0, program]],
  ];
  for (const each of doc.notes) {
    melody.push(
      [(each.onset - leftOut) * step, [0x90, each.pitch, 100]],
      [(noteEnd(each) - leftOut) * step, [0x80, each.pitch, 0]],
    );
  }
  return new Uint8Array([
    ...chunk('MThd', [0, 1, 0, 2, perQuarter >> 8, perQuarter & 255]),
    ...track(head),
    ...track(melody),
  ]);
}

// So many sixteenths as a time signature in the longest value that divides them.
function shortest(sixteenths) {
  const value = [4, 2, 1].find((each) => sixteenths % each === 0);
  return [sixteenths / value, 16 / value];
}

const meta = (kind, ...data) => [0xff, kind, ...variable(data.length), ...data];
const timeSignature = (count, value) => meta(0x58, count, Math.log2(value), 24, 8);
const chunk = (name, data) =>
  [...name]
    .map((letter) => letter.charCodeAt(0))
    .concat(
      [24, 16, 8, 0].map((shift) => (data.length >>> shift) & 255),
      data,
    );

function variable(number) {
  const bytes = [number & 127];
  while ((number >>= 7)) bytes.unshift((number & 127) | 128);
  return bytes;
}

// Timed messages as a track; at one tick their order stays, ends of notes before starts as they are
// given.
function track(timed) {
  const data = [];
  let now = 0;
  timed
    .map((pair, index) => [...pair, index])
    .sort((a, b) => a[0] - b[0] || a[2] - b[2])
    .forEach(([tick, bytes]) => {
      data.push(...variable(tick - now), ...bytes);
      now = tick;
    });
  return chunk('MTrk', [...data, 0, 0xff, 0x2f, 0]);
}

// The bytes of a WAV file of one channel of 16 bits, from samples in -1..1.
function formatWav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, letters) =>
    [...letters].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, index) =>
    view.setInt16(44 + 2 * index, Math.round(32767 * Math.max(-1, Math.min(1, sample))), true),
  );
  return new Uint8Array(view.buffer);
}
