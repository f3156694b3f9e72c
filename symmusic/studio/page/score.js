// What a file of music holds once it is read, and how it becomes a document. Times of a score are
// in quarters from its start.
//
//   {title, meters: [{at, meter}], keys: [{at, key}], tempi: [{at, qpm}],
//    notes: [{onset, length, pitch}], pickup, program, parts, notices}
//   pickup: quarters before the first full bar; parts: the names of what can be read, one of which
//     was; notices: sentences on what was changed

// A file that cannot be read; its message is a sentence for the user.
class Unreadable extends Error {}

const plural = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;

// {doc, notices}: the melody of a score on the grid. Of notes that start together the highest is
// kept, and a note ends the one before it; of more than 200 bars the last ones are taken.
function scoreToDocument(score) {
  const notices = [...score.notices];
  const meter = mainMeter(score, notices),
    bar = barOf(meter);
  const tempo = score.tempi[0]?.qpm ?? 120,
    pickup = Math.round(score.pickup * QUARTER) % bar.steps;
  const shift = pickup ? bar.steps / QUARTER - score.pickup : 0;
  const {notes, numMoved, numLeftOut} = toGrid(score.notes, shift);
  if (!notes.length) throw new Unreadable('It holds no notes.');
  if (numMoved) notices.push(`${plural(numMoved, 'note')} moved to the nearest sixteenth.`);
  if (numLeftOut)
    notices.push(
      `${plural(numLeftOut, 'note')} left out: of notes that start together the highest is kept.`,
    );
  if (score.tempi.some((each) => Math.abs(each.qpm - tempo) > 1))
    notices.push('The tempo changes in the file: the first one is kept.');
  const firstKey =
    score.keys.findLast((each) => each.at <= score.notes[0].onset + 1e-6) ?? score.keys[0];
  const key = firstKey?.key ?? detectKey(notes);
  if (!firstKey) notices.push(`The file states no key: ${keyName(key)}, as heard from its notes.`);
  else if (score.keys.some((each) => each.at > firstKey.at && keyName(each.key) !== keyName(key)))
    notices.push(`The key changes in the file: ${keyName(key)} is shown.`);
  const numEmpty = Math.floor(notes[0].onset / bar.steps),
    lead = pickup && !numEmpty ? pickup : 0;
  if (numEmpty > (pickup ? 1 : 0))
    notices.push(`${plural(numEmpty - (pickup ? 1 : 0), 'empty bar')} at the start left out.`);
  const num = Math.ceil(noteEnd(notes.at(-1)) / bar.steps),
    first = Math.max(numEmpty, num - MOST_BARS);
  if (first > numEmpty)
    notices.push(`${num} bars are more than ${MOST_BARS}: the last ${MOST_BARS} are opened.`);
  const moved = notes
    .filter((each) => each.onset >= first * bar.steps)
    .map((each) => ({...each, onset: each.onset - first * bar.steps}));
  const empty = emptyDocument({
    title: score.title.slice(0, 200),
    meter,
    key,
    pickupSteps: first > numEmpty ? 0 : lead,
    numBars: num - first,
  });
  return {
    doc: writeNotes(
      setTempo(empty, tempo),
      moved.map((each) => note(each.onset, each.length, each.pitch)),
    ),
    notices,
    program: score.program ?? 0,
    parts: score.parts ?? [],
  };
}

// The metre in which most notes start; one that has no bar on the grid is not understood.
function mainMeter(score, notices) {
  const known = score.meters.filter((each) => barOf(each.meter));
  if (!known.length) {
    notices.push(
      score.meters.length
        ? `The metre ${score.meters[0].meter} is not understood: the bars are those of 4/4.`
        : 'The file states no metre: the bars are those of 4/4.',
    );
    return '4/4';
  }
  const counts = new Map();
  for (const each of score.notes) {
    const {meter} = known.findLast((one) => one.at <= each.onset + 1e-6) ?? known[0];
    counts.set(meter, (counts.get(meter) ?? 0) + 1);
  }
  const [[meter, most]] = [...counts].sort((a, b) => b[1] - a[1]);
  const others = score.notes.filter((each) => each.onset >= score.pickup - 1e-6).length - most;
  if (counts.size > 1 && others > 0)
    notices.push(`The metre changes in the file: all bars are drawn as ${meter}.`);
  return meter;
}

function toGrid(found, shift) {
  const step = (quarters) => Math.floor((quarters + shift) * QUARTER + 0.5 + 1e-9);
  const isOff = (quarters) => Math.abs((quarters + shift) * QUARTER - step(quarters)) > 0.02;
  const sorted = [...found].sort((a, b) => step(a.onset) - step(b.onset) || b.pitch - a.pitch),
    notes = [];
  let numMoved = 0,
    numLeftOut = 0;
  for (const each of sorted) {
    const onset = step(each.onset),
      end = Math.max(step(each.onset + each.length), onset + 1),
      last = notes.at(-1);
    if (last && last.onset === onset) {
      numLeftOut += 1;
      continue;
    }
    if (last && noteEnd(last) > onset) last.length = onset - last.onset;
    numMoved += isOff(each.onset) || isOff(each.onset + each.length);
    notes.push({onset, length: end - onset, pitch: each.pitch});
  }
  return {notes, numMoved, numLeftOut};
}

// The indices of items in the order in which they are played. Items are {kind: 'bar', closes
// (times), opens, isDouble, isThick}, {kind: 'ending', passes: Set} and any others. A repeat
// without a start goes back to the last repeat sign or double bar, or to the beginning.
function playOrder(items, most = 100000) {
  const order = [];
  const firstSign = items.findIndex((each) => each.kind === 'bar' && (each.opens || each.closes));
  let start = 0,
    pass = 1,
    isEnding = false,
    hasSign = false,
    index = 0;
  const begin = (at, sign) => ([start, pass, isEnding, hasSign] = [at, 1, false, sign]);
  const find = (from, wanted) => {
    for (let at = from; at < items.length; at++) {
      if (items[at].kind === 'ending' && items[at].passes.has(wanted)) return at;
      if (items[at].kind === 'bar' && items[at].opens) return -1;
    }
    return -1;
  };
  const closingFrom = (from) =>
    items.findIndex((each, at) => at >= from && each.kind === 'bar' && each.closes);
  // The index behind the endings at `from` that earlier passes have played.
  const skipPlayed = (from) => {
    const isPlayed = (each) => each > 1 && each < pass;
    while (items[from]?.kind === 'ending' && [...items[from].passes].every(isPlayed)) {
      const closing = closingFrom(from);
      if (closing < 0) break;
      from = closing + 1;
    }
    return from;
  };
  while (index < items.length && order.length < most) {
    const item = items[index];
    order.push(index);
    index += 1;
    if (item.kind === 'ending') {
      if (item.passes.has(pass)) isEnding = true;
      else if (!isEnding || pass > 1) {
        const own = find(index, pass);
        if (own >= 0) index = own;
        else if (pass > 1) {
          // no ending for this pass: the repeat is over
          const closing = closingFrom(index);
          begin(closing < 0 ? items.length : closing + 1, closing >= 0 && items[closing].opens);
          index = start;
        }
      }
    } else if (item.kind === 'bar') {
      const goesBack =
        item.closes && (isEnding ? pass === 1 || find(start, pass + 1) >= 0 : pass <= item.closes);
      if (goesBack) [pass, isEnding, index] = [pass + 1, false, start];
      else if (item.closes || item.opens) {
        if (item.closes && isEnding) index = skipPlayed(index);
        begin(index, items[index - 1].opens);
      } else if (isEnding && (item.isDouble || item.isThick) && find(index, pass + 1) < 0)
        begin(index, false);
      else if (
        !isEnding
        && item.isDouble
        && index > firstSign
        && !hasSign
        && items[index]?.kind !== 'ending'
      )
        begin(index, false);
    }
  }
  return order;
}
