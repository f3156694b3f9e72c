'use strict';
// Limits on how long notes last, as the last axis of the automaton in `masks.js`: 0 where nothing
// sounds, else for how many steps the note has sounded, at most `lengths.most`. Without limits the
// axis says only whether a note sounds.

// {shortest, longest, most, areLimited} of the wishes; longest = Infinity where there is no limit.
function lengthsOf({shortest = 1, longest = Infinity}) {
  return {
    shortest,
    longest,
    most: Math.max(shortest, longest < Infinity ? longest : 1),
    areLimited: shortest > 1 || longest < Infinity,
  };
}

// The axis's value after a step of a kind.
function soundAfter(kind, sound, most) {
  if (kind === NONE) return sound ? Math.min(sound + 1, most) : 0;
  return kind === OFF ? 0 : Math.min(1, most);
}

// Whether a step of a kind may follow.
function lengthAllows(kind, sound, {shortest, longest}) {
  if (!sound) return true;
  return kind === NONE ? sound < longest : sound >= shortest;
}

// The value before the first step, of a note that has sounded for `held` steps: one that was given
// is long enough.
function firstSound(held, {shortest, most}) {
  return held ? Math.min(Math.max(held, shortest), most) : 0;
}
