// Undo without end: {past: [doc, ...], present: doc, future: [doc, ...]}, all pure.
const startHistory = (doc) => ({past: [], present: doc, future: []});

// A change; `merge` is a name: changes of the same name in a row, such as the letters of a title,
// are undone together.
function change(history, doc, merge = '') {
  if (doc === history.present) return history;
  const isMerged = merge && merge === history.merge;
  return {
    past: isMerged ? history.past : [...history.past, history.present],
    present: doc,
    future: [],
    merge,
  };
}

function undo({past, present, future}) {
  return past.length
    ? {past: past.slice(0, -1), present: past.at(-1), future: [present, ...future]}
    : {past, present, future};
}

function redo({past, present, future}) {
  return future.length
    ? {past: [...past, present], present: future[0], future: future.slice(1)}
    : {past, present, future};
}

// A history for the storage: its first document, and each further one as what differs from the one
// before, {change: {field: value}, at, cut, put}: `cut` notes from the note `at` on are replaced by
// `put`. With at most `most` documents on either side of the present one, whose place is `present`.
function packHistory({past, present, future}, most = 300) {
  const before = past.slice(-most),
    docs = [...before, present, ...future.slice(0, most)];
  return {
    first: docs[0],
    steps: docs.slice(1).map((doc, index) => difference(docs[index], doc)),
    present: before.length,
  };
}

const differences = new WeakMap(); // of a document: from which one it differs, and how
function difference(one, other) {
  const known = differences.get(other);
  if (known?.one === one) return known.found;
  const isSame = (left, right) => JSON.stringify(left) === JSON.stringify(right);
  const change = Object.fromEntries(
    Object.entries(other).filter(([name, value]) => name !== 'notes' && !isSame(value, one[name])),
  );
  const most = Math.min(one.notes.length, other.notes.length),
    same = (left, right) => left === right || isSame(left, right);
  let at = 0,
    end = 0;
  while (at < most && same(one.notes[at], other.notes[at])) at += 1;
  while (end < most - at && same(one.notes.at(-1 - end), other.notes.at(-1 - end))) end += 1;
  const put = other.notes.slice(at, other.notes.length - end);
  const found = {change, at, cut: one.notes.length - end - at, put};
  differences.set(other, {one, found});
  return found;
}

// The history of packed data whose present document is `doc`; without undo where it is not.
function unpackHistory(data, doc) {
  const start = startHistory(doc);
  if (!data || !Array.isArray(data.steps)) return start;
  const docs = [checkDocument(data.first)];
  for (const {change, at, cut, put} of data.steps) {
    const last = docs.at(-1);
    if (!last || !Array.isArray(put)) return start;
    const notes = [...last.notes.slice(0, at), ...put, ...last.notes.slice(at + cut)];
    docs.push(checkDocument({...last, ...change, notes}));
  }
  if (docs.includes(null) || JSON.stringify(docs[data.present]) !== JSON.stringify(doc))
    return start;
  return {past: docs.slice(0, data.present), present: doc, future: docs.slice(data.present + 1)};
}
