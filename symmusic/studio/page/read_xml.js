// MusicXML (score-partwise) to scores: the first voice of one part, repeats and their endings
// unrolled.

function readMusicXml(text, part = 0) {
  const root = child(parseXml(text), 'score-partwise');
  if (!root)
    throw new Unreadable(
      /<score-timewise/.test(text)
        ? 'It is MusicXML ordered by time, which this page does not read.'
        : 'It is no MusicXML.',
    );
  const parts = children(root, 'part').filter((each) =>
    each.children.some((measure) => measure.children.some((note) => child(note, 'pitch'))),
  );
  if (!parts.length) throw new Unreadable('It holds no notes.');
  const names = parts.map((each, index) => {
    const entry = children(child(root, 'part-list') ?? {children: []}, 'score-part').find(
      (one) => one.attributes.id === each.attributes.id,
    );
    return (entry && content(entry, 'part-name')) || `part ${index + 1}`;
  });
  const number = Math.min(part, parts.length - 1);
  const entry = children(child(root, 'part-list') ?? {children: []}, 'score-part').find(
    (one) => one.attributes.id === parts[number].attributes.id,
  );
  const program = Number((entry && content(entry, 'midi-instrument', 'midi-program')) || 1) - 1;
  const title = content(root, 'work', 'work-title') || content(root, 'movement-title');
  return {
    ...readPart(parts[number]),
    title,
    parts: names,
    program: program >= 0 && program < 128 ? program : 0,
  };
}

function readPart(part) {
  const state = {
    divisions: 1,
    meter: '4/4',
    shift: 0,
    at: 0,
    notices: new Set(),
    items: [],
    voice: null,
  };
  state.voice = part.children
    .flatMap((measure) => children(measure, 'note'))
    .filter((each) => child(each, 'pitch'))
    .map((each) => content(each, 'voice') || '1')[0];
  for (const measure of children(part, 'measure')) readMeasure(state, measure);
  return layOutMeasures(state);
}

function readMeasure(state, measure) {
  const found = {
    kind: 'measure',
    notes: [],
    marks: [],
    length: 0,
    isImplicit: measure.attributes.implicit === 'yes',
  };
  const before = [],
    after = [];
  let at = 0,
    onset = 0;
  for (const each of measure.children) {
    const length = Number(content(each, 'duration') || 0) / state.divisions;
    if (each.name === 'attributes') readAttributes(state, each, found, at);
    else if (each.name === 'direction' || each.name === 'sound')
      readTempoMark(state, each, found, at);
    else if (each.name === 'backup') at -= length;
    else if (each.name === 'forward') at += length;
    else if (each.name === 'barline') readBarline(state, each, before, after);
    else if (each.name === 'harmony') state.notices.add('Chord symbols left out.');
    else if (each.name === 'note') {
      if (child(each, 'grace')) state.notices.add('Grace notes left out.');
      else {
        if (!child(each, 'chord')) [onset, at] = [at, at + length];
        readNote(state, each, found, onset, length);
      }
      if (child(each, 'lyric')) state.notices.add('Words left out.');
    }
    found.length = Math.max(found.length, at);
  }
  state.items.push(...before, found, {kind: 'bar', closes: 0, opens: false, ...after[0]});
}

function readAttributes(state, node, measure, at) {
  state.divisions = Number(content(node, 'divisions')) || state.divisions;
  const time = child(node, 'time'),
    key = child(node, 'key'),
    transpose = child(node, 'transpose');
  if (time && content(time, 'beats')) {
    const count = content(time, 'beats')
      .split('+')
      .reduce((sum, each) => sum + Number(each), 0);
    state.meter = `${count}/${content(time, 'beat-type')}`;
    measure.marks.push({kind: 'meters', at, meter: state.meter});
  }
  if (transpose)
    state.shift =
      Number(content(transpose, 'chromatic') || 0)
      + 12 * Number(content(transpose, 'octave-change') || 0);
  const fifths = Number(content(key ?? node, 'fifths'));
  if (key && child(key, 'fifths') && Math.abs(fifths) <= 7) {
    const mode = content(key, 'mode'),
      known = {ionian: 'major', aeolian: 'minor'}[mode] ?? mode;
    measure.marks.push({kind: 'keys', at, key: {fifths, mode: known in MODES ? known : ''}});
  }
}

function readTempoMark(state, node, measure, at) {
  const sound = node.name === 'sound' ? node : child(node, 'sound'),
    mark = child(node, 'direction-type', 'metronome');
  let qpm = Number(sound?.attributes.tempo ?? 0);
  if (!qpm && mark) {
    const unit =
      {whole: 4, half: 2, quarter: 1, eighth: 0.5, '16th': 0.25}[content(mark, 'beat-unit')] ?? 1;
    qpm = unit * (child(mark, 'beat-unit-dot') ? 1.5 : 1) * Number(content(mark, 'per-minute'));
  }
  if (qpm >= 1 && qpm <= 2000) measure.marks.push({kind: 'tempi', at, qpm});
}

function readBarline(state, node, before, after) {
  const repeat = child(node, 'repeat')?.attributes,
    ending = child(node, 'ending')?.attributes,
    style = content(node, 'bar-style');
  if (repeat?.direction === 'forward') before.unshift({kind: 'bar', closes: 0, opens: true});
  if (ending?.type === 'start') before.push(readEnding(ending.number ?? '1'));
  if (repeat?.direction === 'backward')
    after.push({closes: Math.max(1, Number(repeat.times ?? 2) - 1)});
  else if (node.attributes.location !== 'left' && style)
    after.push({isDouble: style === 'light-light', isThick: style === 'light-heavy'});
}

function readNote(state, node, measure, onset, length) {
  const pitch = child(node, 'pitch');
  if (!pitch) return;
  if ((content(node, 'voice') || '1') !== state.voice) {
    state.notices.add('Other voices left out.');
    return;
  }
  const number =
    12 * (Number(content(pitch, 'octave')) + 1)
    + (NATURALS[content(pitch, 'step')] ?? 60)
    - 60
    + Math.round(Number(content(pitch, 'alter') || 0))
    + state.shift;
  const ties = [
    ...children(node, 'tie'),
    ...children(node, 'notations').flatMap((each) => children(each, 'tied')),
  ].map((each) => each.attributes.type);
  if (!(number >= 0 && number < 128 && length > 0)) return;
  const last = measure.notes.at(-1);
  if (last && Math.abs(last.onset - onset) < 1e-6) {
    state.notices.add('Of chords the highest note is kept.');
    if (last.pitch >= number) return;
    measure.notes.pop();
  }
  measure.notes.push({
    onset,
    length,
    pitch: number,
    isTied: ties.includes('start'),
    isHeld: ties.includes('stop'),
  });
}

function layOutMeasures(state) {
  const score = {
    meters: [],
    keys: [],
    tempi: [],
    notes: [],
    pickup: 0,
    notices: [...state.notices],
  };
  const measures = state.items.filter((each) => each.kind === 'measure');
  let at = 0,
    isOdd = false,
    meter = '4/4';
  const order = playOrder(state.items)
    .map((index) => state.items[index])
    .filter((each) => each.kind === 'measure');
  order.forEach((measure, place) => {
    for (const {kind, at: offset, ...mark} of measure.marks) {
      meter = mark.meter ?? meter;
      const value = mark.key && !mark.key.mode ? {key: modeFrom(mark.key.fifths, measures)} : mark;
      score[kind].push({at: at + offset, ...value});
    }
    for (const {onset, length, pitch, isHeld, isTied} of measure.notes) {
      const last = score.notes.at(-1);
      if (isHeld && last?.isTied && last.pitch === pitch)
        Object.assign(last, {length: at + onset + length - last.onset, isTied});
      else score.notes.push({onset: at + onset, length, pitch, isTied});
    }
    const full = 4 * ratio(meter),
      isShort = measure.length < full - 1e-6;
    if (place === 0 && isShort && measure.length > 0) score.pickup = measure.length;
    else isOdd ||= place < order.length - 1 && measure.length > full + 1e-6;
    at += measure.length || full;
    if (at > 100000) throw new Unreadable('It is too long.');
  });
  if (!score.notes.length) throw new Unreadable('It holds no notes.');
  if (isOdd)
    score.notices.push(
      'Some bars are longer than their metre: the bar lines after them are shifted.',
    );
  if (state.shift % 12)
    score.keys = score.keys.map((each) => ({
      ...each,
      key: keyAt(keyPlace(each.key) + 7 * state.shift, each.key.mode),
    }));
  return score;
}

// A signature without a mode: major or its relative minor, whichever the notes are nearer to.
function modeFrom(fifths, measures) {
  const {mode} = detectKey(measures.flatMap((each) => each.notes));
  return {fifths, mode};
}
