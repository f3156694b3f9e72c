'use strict';
// Metres, the steps in their bars, and the bars left.

const NOT_KNOWN = 255; // of the bars left

// {index, steps, strong, cadence_steps} of a metre that the model knows, or one with equal bars.
function barOf(meter, network) {
  const bar = network.bars[meter];
  if (!bar)
    throw new Fault(
      `The model does not know the metre ${meter}; it knows ${network.meters.join(', ')}.`,
      'meter',
    );
  return bar;
}

// The lookbacks in steps: in bars where the model knows several metres.
function lagsOf(bar, architecture) {
  return architecture.lookback.map((num) => num * (architecture.bars.length > 1 ? bar.steps : 1));
}

// [section, tune] bars left at each of `numSteps` steps of a tune that ends with them; null where
// that is not known.
function barsLeft(numSteps, barSteps, ends, architecture) {
  if (!ends || !architecture.left_sizes.length) return null;
  const numBars = Math.ceil(numSteps / barSteps);
  const left = new Uint8Array(2 * numSteps).fill(NOT_KNOWN);
  for (let step = 0; step < numSteps; step++) {
    left[2 * step + 1] = Math.min(
      numBars - 1 - Math.floor(step / barSteps),
      architecture.left_sizes[1] - 1,
    );
  }
  return left;
}
