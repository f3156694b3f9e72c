// The bar of a metre, as in score/bar.py: its length, beats and beams, in steps. A step is a
// sixteenth.
const QUARTER = 4; // steps
const METERS = [
  '4/4',
  '3/4',
  '2/4',
  '2/2',
  '3/8',
  '6/8',
  '9/8',
  '12/8',
  '5/4',
  '6/4',
  '3/2',
  '5/8',
  '7/8',
  '7/4',
];
const MOST_WHOLES = 4; // in a bar

// {meter, steps, beats, groups}, or null where a metre has no bar of whole steps. `beats` and
// `groups` are the steps at which beats and beams start: in 6/8 every three eighths, in 7/8 after
// three, two and two.
function barOf(meter) {
  const found = /^(\d{1,2})\/(\d{1,2})$/.exec(meter);
  if (!found) return null;
  const [count, value] = [Number(found[1]), Number(found[2])];
  const unit = (4 * QUARTER) / value,
    steps = count * unit;
  if (
    ![1, 2, 4, 8, 16].includes(value)
    || !Number.isInteger(steps)
    || !Number.isInteger(unit)
    || count < 1
    || count > MOST_WHOLES * value
  )
    return null;
  const beats = [0];
  for (const length of beatLengths(count, unit)) beats.push(beats.at(-1) + length);
  beats.pop();
  const quarters = Array.from({length: Math.ceil(steps / QUARTER)}, (_, index) => index * QUARTER);
  return {meter, steps, beats, groups: unit >= QUARTER ? quarters : beats};
}

function beatLengths(count, unit) {
  const isShort = unit < QUARTER;
  if (count % 3 === 0 && (count > 3 || isShort)) return Array(count / 3).fill(3 * unit);
  if (!isShort || count === 1) return Array(count).fill(unit);
  return [(2 + (count % 2)) * unit, ...Array(Math.floor(count / 2) - 1).fill(2 * unit)];
}

function groupAt(bar, step) {
  const index = bar.groups.findLastIndex((start) => start <= step);
  return [bar.groups[index], bar.groups[index + 1] ?? bar.steps];
}

// The note value of a tempo's beat, in quarters: 1.5 in 6/8, 9/8 and 12/8, else 1.
function beatQuarters(meter) {
  const [count, value] = meter.split('/').map(Number);
  return count % 3 === 0 && (count > 3 || value > 4) ? 12 / value : 1;
}

// As of score/tempo.py: the beat in quarters that a tempo is marked in, and how many of it a minute
// has.
function markTempo(qpm, meter) {
  const isWhole = (number) => Math.abs(number - Math.round(number)) < 1e-6;
  const beat = [beatQuarters(meter), 1].find((each) => isWhole(qpm / each)) ?? beatQuarters(meter);
  return {beat, number: String(Number((qpm / beat).toFixed(3)))};
}

const VALUE_NAMES = {
  1: 'sixteenth',
  2: 'eighth',
  3: 'dotted eighth',
  4: 'quarter',
  6: 'dotted quarter',
  8: 'half',
  12: 'dotted half',
  16: 'whole',
  24: 'dotted whole',
};

// A length in words: 'quarter', or '5 sixteenths'.
function nameLength(steps) {
  return VALUE_NAMES[steps] ?? `${steps} sixteenths`;
}
