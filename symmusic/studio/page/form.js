// Whole tunes in a form from the engine's parts: a part is started, another one continues it, and
// parts that come again are copied.
const FORMS = {AA: 1, AABB: 2, ABA: 2}; // how many different parts

// Asks for first parts, and for each, as it comes, for a second where the form has one;
// `onCandidate` gets the whole tune.
function askForm(request, chosen, onCandidate) {
  let running = null,
    isCancelled = false;
  const {form} = chosen,
    size = barOf(request.meter).steps,
    lead = request.pickupSteps ? 1 : 0,
    numBars = request.numBars;
  const starts = [];
  const finished = (async () => {
    running = engine.ask(
      {...request, ends: FORMS[form] === 1, numCandidates: Math.min(4, request.numCandidates)},
      (answer) => starts.push(answer),
    );
    await running.finished;
    for (const start of starts) {
      if (isCancelled) break;
      const first = start.notes.map(toEngine);
      let second = [];
      if (FORMS[form] > 1) {
        const played =
          form === 'AABB'
            ? [...first, ...shifted(repeatable(first, size, lead), numBars * size)]
            : first;
        const bars = form === 'AABB' ? 2 * numBars : numBars;
        const tune = {
          meter: request.meter,
          key: request.key,
          pickupSteps: request.pickupSteps,
          notes: played,
          numBars: bars + lead,
        };
        running = engine.ask(
          {
            kind: 'continue',
            tune,
            numBars,
            ends: form === 'AABB',
            numCandidates: 1,
            temperature: request.temperature,
            seed: request.seed,
            wishes: request.wishes,
          },
          (answer) =>
            (second = answer.notes
              .filter((each) => each.onset >= (bars + lead) * size)
              .map((each) => ({...toEngine(each), onset: each.onset - bars * size}))),
        );
        await running.finished;
        if (!second.length) continue;
      }
      onCandidate({...start, ...assemble(form, first, second, numBars, size, lead)});
    }
    return {cancelled: isCancelled};
  })();
  return {
    finished,
    cancel: () => {
      isCancelled = true;
      running?.cancel();
    },
  };
}

const shifted = (notes, steps) => notes.map((each) => ({...each, onset: each.onset + steps}));
// A part without its pickup, as it comes again inside the tune.
const repeatable = (notes, size, lead) => notes.filter((each) => each.onset >= lead * size);

// {notes, newBars, numBars} of a form, pure. The parts start at the first full bar, `lead` bars
// after the start.
function assemble(form, first, second, numBars, size, lead) {
  const parts = {A: repeatable(first, size, lead), B: second},
    notes = first.filter((each) => each.onset < lead * size);
  [...form].forEach((letter, place) =>
    notes.push(...shifted(parts[letter], place * numBars * size)),
  );
  const total = form.length * numBars + lead;
  return {
    notes: notes.map((each) => ({...each, isNew: true})),
    newBars: {from: 0, to: total - 1},
    numBars: total,
    repeatedBars: 0,
    repeatedShare: 0,
  };
}
