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
