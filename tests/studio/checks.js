// What must hold of the page's pure functions: test_document.py calls these by name; each fails by an assertion.

let seed = 7;
const random = (below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
const changes = [
  (doc) => writeNotes(doc, [note(random(80), 1 + random(12), 50 + random(30))]),
  (doc) => transposeNotes(doc, {from: 8, to: 40}, random(5) - 2), (doc) => transposeInKey(doc, {from: 0, to: 30}, random(5) - 2),
  (doc) => moveNotes(doc, {from: random(30), to: 30 + random(40)}, random(9) - 4), (doc) => lengthenNotes(doc, {from: 0, to: 60}, random(9) - 4),
  (doc) => pasteNotes(doc, random(60), copyNotes(doc, {from: 16, to: 32})), (doc) => insertBars(doc, random(4), 1), (doc) => removeBars(doc, {from: 1 + random(2), to: 2}),
  (doc) => setMeter(doc, METERS[random(METERS.length)]), (doc) => setPickup(doc, random(9)) ?? doc, (doc) => eraseNotes(doc, {from: random(60), to: 60}),
  (doc) => togglePinnedBars(doc, {from: 0, to: random(3)}), (doc) => transposeTune(doc, keyAt(random(11) - 5, 'dorian')),
];
const freeze = (value) => {
  if (value && typeof value === 'object') Object.values(Object.freeze(value)).forEach(freeze);
  return value;
};

const CHECKS = {
  changes() {
    for (const data of DATA) {
      let doc = freeze(checkDocument(data));
      for (let step = 0; step < 60; step++) {
        doc = freeze(changes[random(changes.length)](doc));
        doc.notes.forEach((each, index) => {
          assert(each.length >= 1 && Number.isInteger(each.onset) && each.pitch >= 0 && each.pitch < 128);
          assert(each.onset >= firstStep(doc), 'before the pickup');
          assert(!index || noteEnd(doc.notes[index - 1]) <= each.onset, 'two at once');
        });
        assert(noteEnd(doc.notes.at(-1) ?? note(0, 0, 0)) <= endStep(doc) && doc.numBars <= MOST_BARS);
        assert.deepStrictEqual(checkDocument(JSON.parse(JSON.stringify(doc))), doc);
      }
    }
  },
  single() {
    const doc = writeNotes(emptyDocument(), [note(0, 8, 60), note(8, 4, 64), note(12, 4, 67)]);
    const triples = (found) => found.notes.map((each) => [each.onset, each.length, each.pitch]);
    assert.deepStrictEqual(triples(writeNotes(doc, [note(2, 4, 72)])), [[0, 2, 60], [2, 4, 72], [8, 4, 64], [12, 4, 67]]);
    assert.deepStrictEqual(triples(moveNotes(doc, {from: 8, to: 9}, 4)), [[0, 8, 60], [12, 4, 64]]);
    assert.deepStrictEqual(triples(moveNotes(doc, {from: 0, to: 9}, -4)), triples(doc));
    assert.deepStrictEqual(triples(lengthenNotes(doc, {from: 0, to: 16}, 4)).map(([, length]) => length), [8, 4, 8]);
    assert.deepStrictEqual(triples(pasteNotes(doc, 4, copyNotes(doc, {from: 8, to: 16}))), [[0, 4, 60], [4, 4, 64], [8, 4, 67], [12, 4, 67]]);
    assert.deepStrictEqual(triples(transposeInKey(doc, {from: 0, to: 16}, 1)).map((each) => each[2]), [62, 65, 69]);
    assert.strictEqual(transposeNotes(doc, {from: 0, to: 16}, 60), doc);
    assert.deepStrictEqual(triples(setMeter(doc, '3/4')), triples(doc));
    assert.strictEqual(setMeter(doc, '3/4').numBars, 2);
    const led = setPickup(doc, 4);
    assert.deepStrictEqual([led.numBars, led.notes[0].onset, barNumber(led, 1), setPickup(led, 0).notes[0].onset], [5, 16, 1, 0]);
    assert.strictEqual(setPickup(writeNotes(led, [note(12, 4, 60)]), 2), null);
    assert.strictEqual(removeBars(emptyDocument({numBars: 1}), {from: 0, to: 0}).numBars, 1);
    assert.strictEqual(setTempo(doc, 9999).tempo, MOST_TEMPO);
  },
  hearing() {
    const notes = [62, 66, 69, 73, 74, 66, 64, 62].map((pitch, index) => note(4 * index, 4, pitch));
    assert.deepStrictEqual(betterKey(notes, parseKey('C')), {fifths: 2, mode: 'major'});
    assert.strictEqual(betterKey(notes, parseKey('D')), null);
    assert.strictEqual(betterKey(notes.slice(0, 3), parseKey('C')), null);
  },
  undoing() {
    let history = startHistory(emptyDocument());
    for (let step = 0; step < 5000; step++) history = change(history, setTempo(history.present, 20 + (step % 300)));
    history = change(change(history, setTitle(history.present, 'a'), 'title'), setTitle(history.present, 'ab'), 'title');
    assert.strictEqual(history.past.length, 5001);
    history = undo(history);
    assert.strictEqual(history.present.title, '');
    for (let step = 0; step < 5000; step++) history = undo(history);
    assert.strictEqual(history.present.tempo, 120);
    assert.strictEqual(undo(history).present, history.present);
    for (let step = 0; step < 5001; step++) history = redo(history);
    assert.strictEqual(history.present.title, 'ab');
  },
  packing() {
    for (const data of DATA) {
      let history = startHistory(checkDocument(data));
      for (let step = 0; step < 40; step++) history = change(history, changes[random(changes.length)](history.present));
      for (let step = 0; step < 9; step++) history = undo(history);
      const {past, present, future} = history, whole = JSON.parse(JSON.stringify(packHistory(history)));
      assert.deepStrictEqual(unpackHistory(whole, present), {past, present, future});
      const few = unpackHistory(JSON.parse(JSON.stringify(packHistory(history, 3))), present);
      assert.deepStrictEqual(few, {past: past.slice(-3), present, future: future.slice(0, 3)});
      assert.deepStrictEqual(unpackHistory(whole, setTempo(present, 399)), startHistory(setTempo(present, 399)));
      assert.deepStrictEqual(unpackHistory({...whole, first: {}}, present), startHistory(present));
    }
    const kept = new Map(), storage = {
      setItem: (name, value) => { if (value.length > storage.room) throw new Error('full'); kept.set(name, value); }, getItem: (name) => kept.get(name) ?? null,
      removeItem: (name) => kept.delete(name), key: (index) => [...kept.keys()][index], get length() { return kept.size; }, room: Infinity,
    };
    let history = startHistory(emptyDocument());
    for (let step = 0; step < 250; step++) history = change(history, setTitle(history.present, `${step}`));
    const numBack = () => { saveHistory(storage, 'one', history); return readHistory(storage, 'one', history.present).past.length; };
    assert.strictEqual(numBack(), 250);
    storage.room = 3000;
    assert.strictEqual(numBack(), 30);
    saveHistory(storage, 'two', history);
    assert.strictEqual(forgetHistories(storage), true);
    assert.strictEqual(forgetHistories(storage), false);
    storage.room = 10;
    assert.strictEqual(numBack(), 0);
  },
  keeping() {
    const kept = new Map(), storage = {
      setItem: (name, value) => kept.set(name, value), getItem: (name) => kept.get(name) ?? null, removeItem: (name) => kept.delete(name),
      key: (index) => [...kept.keys()][index], get length() { return kept.size; },
    };
    const doc = writeNotes(emptyDocument({title: 'a'}), [note(0, 4, 60, {isNew: true, isPinned: true})]);
    const entry = {time: 1, kind: 'redraw', what: 'Redraw bar 1', bars: {from: 0, to: 0}, candidates: [{notes: [[0, 4, 60]], words: ['1 note']}], kept: [0], after: doc};
    assert.strictEqual(saveTune(storage, 'one', doc, [entry], 5), '');
    assert.strictEqual(saveTune(storage, 'two', emptyDocument(), [], 6), '');
    assert.deepStrictEqual(listTunes(storage).map(({id, numNotes}) => [id, numNotes]), [['two', 0], ['one', 1]]);
    assert.deepStrictEqual(readTune(storage, 'one'), {doc, log: [entry]});
    kept.set('symmusic-studio-tune-three', 'no JSON');
    assert.strictEqual(readTune(storage, 'three'), null);
    assert.strictEqual(readTune(storage, 'four'), null);
    const full = {setItem: () => { throw Object.assign(new Error('x'), {name: 'QuotaExceededError'}); }};
    assert.match(saveTune(full, 'one', doc, [], 7), /no room/);
    assert.match(saveTune({setItem: () => { throw new Error('denied'); }}, 'one', doc, [], 7), /keeps nothing/);
    const project = openText(JSON.stringify(packProject(doc, [entry, {what: 3}]))).project;
    assert.deepStrictEqual(project, {doc, log: [entry]});
    assert.strictEqual(unpackProject({format: FORMAT, doc: {...doc, meter: '9/64'}}), null);
    assert.deepStrictEqual(countUse([entry]), {draws: 1, candidates: 1, kept: 1, kinds: {redraw: {draws: 1, candidates: 1, kept: 1}}});
  },
  asking() {
    const doc = togglePinnedBars(writeNotes(emptyDocument({key: {fifths: 1, mode: 'major'}}), [note(0, 20, 67), note(24, 8, 69), note(32, 16, 71), note(48, 4, 72)]), {from: 2, to: 2});
    const chosen = {numBars: 2, ends: true, keep: 'rhythm', share: 0.5, temperature: 1, scale: 'dorian', lowest: 60, highest: null, density: 'few', shortest: 2, longest: null, rests: false, endOnTonic: true, numCandidates: 4, seed: 1};
    const asked = requestOf('continue', doc, null, chosen);
    assert.deepStrictEqual([asked.kind, asked.tune.numBars, asked.numBars, asked.ends], ['continue', 4, 2, true]);
    assert.deepStrictEqual(asked.wishes, {scale: {tonic: 'G', mode: 'dorian'}, lowest: 60, maxNotesPerBar: 4, shortest: 2, rests: false, endOnTonic: true, pins: [{onset: 32, length: 16, pitch: 71}]});
    assert.deepStrictEqual(requestOf('start', doc, null, {...chosen, scale: 'key'}).wishes.scale, {tonic: 'G', mode: 'major'});
    // bars 1 and 2 (from 0) are drawn; the second is pinned; the note before ends where the answer says
    const answer = {newBars: {from: 1, to: 2}, numBars: 4, notes: [
      {onset: 0, length: 16, pitch: 67, isNew: false}, {onset: 16, length: 4, pitch: 74, isNew: true}, {onset: 24, length: 20, pitch: 76, isNew: true},
      {onset: 44, length: 4, pitch: 60, isNew: true}, {onset: 48, length: 4, pitch: 72, isNew: false}]};
    const merged = withCandidate(doc, answer);
    assert.deepStrictEqual(merged.notes.map((each) => [each.onset, each.length, each.pitch, each.isNew]),
      [[0, 16, 67, false], [16, 4, 74, true], [24, 8, 76, true], [32, 16, 71, false], [48, 4, 72, false]]);
    const longer = withCandidate({...doc, pins: []}, {newBars: {from: 4, to: 4}, numBars: 5, notes: [...doc.notes.slice(0, 3), {onset: 48, length: 20, pitch: 72, isNew: false}, {onset: 72, length: 4, pitch: 60, isNew: true}]});
    assert.deepStrictEqual([longer.numBars, longer.notes[3].length], [5, 20]);
    const words = describeCandidate({...answer, natsPerStep: 0.2, repeatedBars: 2, repeatedShare: 0}, doc, 0.5);
    assert.deepStrictEqual(words, ['3 notes', 'very expected', 'repeats 2 of your bars', 'ends on C']);
    assert.deepStrictEqual(describeCandidate({...answer, natsPerStep: 0.2}, doc, null), ['3 notes', 'new material', 'ends on C']);
    assert.deepStrictEqual(startedWith(doc, {newBars: {from: 0, to: 1}, numBars: 2, notes: [{onset: 0, length: 8, pitch: 60, isNew: true}]}).numBars, 2);
  },
  placing() {
    for (const data of DATA) {
      const doc = checkDocument(data);
      for (const [width, isFolded] of [[360, true], [360, false], [1100, true]]) {
        const layout = layOutRoll(doc, width, {isFolded});
        assert(layout.width <= width + 0.01, 'scrolls sideways');
        for (const each of doc.notes) {
          const line = lineAt(layout, each.onset), x = xAt(layout, line, each.onset + 0.5), y = yAt(layout, each.pitch) + 1;
          const place = placeAt(layout, line, x, y);
          assert(Math.abs(place.step - each.onset - 0.5) < 1e-6 && layout.rows[place.row].pitch === each.pitch && !place.isHeading);
        }
        const drawn = layout.lines.map((_, line) => drawLine(layout, line, musicOf(doc))).join('');
        const onsets = new Set([...drawn.matchAll(/data-onset="(\d+)"/g)].map((each) => Number(each[1])));
        assert.deepStrictEqual([...onsets].sort((a, b) => a - b), doc.notes.map((each) => each.onset));
        assert(!/NaN|undefined/.test(drawn));
        const staff = drawStaff(doc, width, 4), signs = toBars(doc).flat().filter((sign) => sign.pitch !== null), svg = staff.map((line) => line.svg).join('');
        assert.strictEqual((svg.match(/<ellipse/g) ?? []).length, signs.length);
        assert(!/NaN|undefined/.test(svg) && staff.every((line) => line.width <= width + 3));
      }
    }
  },
};
