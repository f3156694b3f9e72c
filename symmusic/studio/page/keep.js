// What is kept in the browser, and the project file: the tune and the log of all that was drawn and
// kept. Pure, but for `storage`, which is localStorage or anything like it.
const PREFIX = 'symmusic-studio',
  FORMAT = 'symmusic studio 1';

// Log entries: {time, kind, what, bars, candidates: [{notes: [[onset, length, pitch], ...],
// words}], kept: [index, ...], after: doc or null}
function packProject(doc, log) {
  return {format: FORMAT, doc, log};
}

// {doc, log} of a project's data; null if it is none. Entries that cannot be read are left out.
function unpackProject(data) {
  const doc = data?.format === FORMAT ? checkDocument(data.doc) : null;
  if (!doc) return null;
  return {doc, log: (Array.isArray(data.log) ? data.log : []).map(checkEntry).filter(Boolean)};
}

function checkEntry(entry) {
  const whole = (value) => Number.isInteger(value) && value >= 0 && value < 1e5;
  if (
    !entry
    || typeof entry.what !== 'string'
    || !Array.isArray(entry.candidates)
    || !Array.isArray(entry.kept)
    || !whole(entry.bars?.from)
    || !whole(entry.bars?.to)
  )
    return null;
  const isTriple = (each) =>
    Array.isArray(each) && each.length === 3 && each.every(whole) && each[1] > 0 && each[2] < 128;
  const candidates = entry.candidates.filter(
    (each) => Array.isArray(each?.notes) && each.notes.every(isTriple),
  );
  if (candidates.length !== entry.candidates.length) return null;
  return {
    time: Number(entry.time) || 0,
    kind: String(entry.kind),
    what: entry.what.slice(0, 200),
    bars: {from: entry.bars.from, to: entry.bars.to},
    candidates: candidates.map(({notes, words}) => ({
      notes,
      words: Array.isArray(words) ? words.map(String) : [],
    })),
    kept: entry.kept.filter((index) => whole(index) && index < candidates.length),
    after: checkDocument(entry.after),
  };
}

// Saves the tune under its name in the storage; what went wrong as a sentence, '' if nothing did.
function saveTune(storage, id, doc, log, time) {
  try {
    storage.setItem(`${PREFIX}-tune-${id}`, JSON.stringify({...packProject(doc, log), time}));
    storage.setItem(PREFIX, id);
    return '';
  } catch (error) {
    return /quota|exceeded|full/i.test(`${error?.name} ${error?.message}`)
      ? 'The browser has no room left: your tune is safe while this page is open. Save the '
          + 'project file before you close it, or delete older tunes.'
      : 'This browser keeps nothing after the page is closed: save the project file.';
  }
}

// What undo and redo go back to: as many steps as 300,000 characters and the storage hold.
function saveHistory(storage, id, history) {
  for (const most of [300, 100, 30, 10, 3]) {
    const text = JSON.stringify(packHistory(history, most));
    try {
      if (text.length > 300000) continue;
      storage.setItem(`${PREFIX}-undo-${id}`, text);
      return;
    } catch {
      /* fewer steps may fit */
    }
  }
  storage.removeItem(`${PREFIX}-undo-${id}`);
}

// Makes room for tunes, which come first; whether there was anything to forget.
function forgetHistories(storage) {
  const names = Array.from({length: storage.length}, (_, index) => storage.key(index)),
    found = names.filter((name) => name.startsWith(`${PREFIX}-undo-`));
  for (const name of found) storage.removeItem(name);
  return found.length > 0;
}

function readHistory(storage, id, doc) {
  try {
    return unpackHistory(readJson(storage.getItem(`${PREFIX}-undo-${id}`)), doc);
  } catch {
    return startHistory(doc);
  }
}

function forgetTune(storage, id) {
  for (const kind of ['tune', 'undo']) storage.removeItem(`${PREFIX}-${kind}-${id}`);
}

// The tunes that are kept, the latest first: [{id, title, time, numNotes}].
function listTunes(storage) {
  const found = [];
  try {
    for (let index = 0; index < storage.length; index++) {
      const name = storage.key(index);
      if (!name.startsWith(`${PREFIX}-tune-`)) continue;
      const data = readJson(storage.getItem(name)),
        opened = unpackProject(data);
      if (opened)
        found.push({
          id: name.slice(PREFIX.length + 6),
          title: opened.doc.title,
          time: Number(data.time) || 0,
          numNotes: opened.doc.notes.length,
        });
    }
  } catch {
    return [];
  }
  return found.sort((a, b) => b.time - a.time);
}

function readTune(storage, id) {
  try {
    return unpackProject(readJson(storage.getItem(`${PREFIX}-tune-${id}`)));
  } catch {
    return null;
  }
}

const readJson = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
