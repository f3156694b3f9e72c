'use strict';
// The network, step by step: rows of the input matrix -> LSTM layers -> attention -> logits. B
// melodies are read side by side; arrays are laid out melody by melody. What a step computes with
// is allocated once, in a `Reader`.

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const tanh = (x) => 1 - 2 / (1 + Math.exp(2 * x));

// What is remembered between two steps of B melodies; a plain object of typed arrays.
function initCarry(network, batch, memorySteps = network.memory_steps) {
  const {num_cells: size, num_layers: numLayers, attention_size: keySize} = network.architecture;
  const floats = (each) => new Float32Array(batch * each);
  const hasMemory = network.attention !== null;
  return {
    batch,
    memorySteps,
    numRead: 0,
    hidden: Array.from({length: numLayers}, () => floats(size)),
    cell: Array.from({length: numLayers}, () => floats(size)),
    keys: floats(hasMemory ? memorySteps * keySize : 0), // exp(2 key)
    states: floats(hasMemory ? memorySteps * size : 0),
    ...initHistory(network, batch),
  };
}

// The carry of melodies `rows` of another one, so that one melody can go on in several ways; a
// snapshot where they are all rows.
function selectRows(carry, rows) {
  const select = (array) => {
    const size = array.length / carry.batch,
      chosen = new array.constructor(rows.length * size);
    rows.forEach((row, place) =>
      chosen.set(array.subarray(row * size, (row + 1) * size), place * size),
    );
    return chosen;
  };
  const of = (value) =>
    ArrayBuffer.isView(value) ? select(value) : Array.isArray(value) ? value.map(select) : value;
  return {
    ...Object.fromEntries(Object.entries(carry).map(([name, value]) => [name, of(value)])),
    batch: rows.length,
  };
}

// Reads tokens, one of each of B melodies at a time.
class Reader {
  constructor(network, batch) {
    const {
      num_cells: size,
      attention_size: keySize,
      num_classes: numClasses,
    } = network.architecture;
    this.network = network;
    this.batch = batch;
    this.gates = new Float32Array(batch * 4 * size);
    this.rows = new Int32Array(batch * network.blocks.length);
    this.query = new Float32Array(batch * keySize);
    this.scores = new Float64Array(network.memory_steps);
    this.context = new Float64Array(size);
    this.summary = new Float32Array(batch * 2 * size);
    this.logits = new Float32Array(batch * numClasses);
  }

  // Reads a token of each melody at a place in the bar; `left` are the bars left at the step to be
  // predicted, null if they are not known. `this.logits` are then those of the next tokens, unless
  // they are not wanted, as within a prompt. `ahead`: what is known in advance, of `aheadAt`, or
  // null.
  read(carry, tokens, bar, step, left = null, wantsLogits = true, ahead = null) {
    const {network, batch, rows} = this;
    findRows(rows, network, carry, tokens, bar, step, left, ahead);
    let below = null;
    network.layers.forEach((layer, index) => {
      this.project(layer, below, ahead && ahead.bridges[index]);
      advanceLayer(layer, this.gates, carry.hidden[index], carry.cell[index], batch);
      below = carry.hidden[index];
    });
    if (network.attention) this.remember(carry, below);
    carry.numRead++;
    if (!wantsLogits) return;
    const {num_cells: size, num_classes: numClasses} = network.architecture;
    const width = network.attention ? 2 * size : size;
    if (network.attention) this.attend(carry, below);
    for (let b = 0; b < batch; b++) this.logits.set(network.head.bias, b * numClasses);
    const summary = network.attention ? this.summary : below;
    addProduct(this.logits, network.head.kernel, summary, batch, numClasses, width);
    addScores(this.logits, network, rows, summary, batch);
  }

  // The gates before activation, without what the recurrent state adds.
  project(layer, below, bridged) {
    const {gates, batch, rows} = this,
      size = layer.bias.length,
      numRows = rows.length / batch;
    for (let b = 0; b < batch; b++) {
      const begin = b * size;
      gates.set(layer.bias, begin);
      if (bridged) for (let g = 0; g < size; g++) gates[begin + g] += bridged[g];
      if (!below)
        addRows(gates, begin, layer.input, rows.subarray(b * numRows, (b + 1) * numRows), size);
    }
    if (below) addProduct(gates, layer.input, below, batch, size, size / 4);
  }

  // Writes the states and their keys in place of the oldest ones.
  remember(carry, hidden) {
    const {
      batch,
      network: {
        attention,
        architecture: {num_cells: size, attention_size: keySize},
      },
    } = this;
    const {memorySteps} = carry,
      place = carry.numRead % memorySteps;
    this.query.fill(0);
    addProduct(this.query, attention.key, hidden, batch, keySize, size);
    for (let b = 0; b < batch; b++) {
      const begin = (b * memorySteps + place) * keySize;
      for (let a = 0; a < keySize; a++)
        carry.keys[begin + a] = squaredExp(this.query[b * keySize + a]);
      carry.states.set(hidden.subarray(b * size, (b + 1) * size), (b * memorySteps + place) * size);
    }
  }

  // Each melody's context and state, side by side, in `this.summary`. As tanh(q + k) = 1 - 2 / (1 +
  // exp(2 q) exp(2 k)), a term of a score costs one division.
  attend(carry, hidden) {
    const {
      batch,
      query,
      scores,
      context,
      summary,
      network: {attention, architecture},
    } = this;
    const {num_cells: size, attention_size: keySize} = architecture,
      {memorySteps, keys, states} = carry,
      {score} = attention;
    const num = Math.min(carry.numRead, memorySteps),
      total = score.reduce((sum, each) => sum + each, 0);
    query.fill(0);
    addProduct(query, attention.query, hidden, batch, keySize, size);
    for (let i = 0; i < query.length; i++) query[i] = squaredExp(query[i]);
    for (let b = 0; b < batch; b++) {
      const q = b * keySize,
        firstKey = b * memorySteps * keySize;
      let most = -Infinity,
        sum = 0;
      for (let m = 0, k = firstKey; m < num; m++) {
        let parts = 0;
        for (let a = 0; a < keySize; a++, k++) parts += score[a] / (1 + query[q + a] * keys[k]);
        scores[m] = total - 2 * parts;
        most = Math.max(most, scores[m]);
      }
      for (let m = 0; m < num; m++) sum += scores[m] = Math.exp(scores[m] - most);
      for (let m = 0; m < num; m++) scores[m] /= sum;
      context.fill(0);
      addWeighted(context, scores, num, states, b * memorySteps * size);
      summary.set(context, 2 * b * size);
      summary.set(hidden.subarray(b * size, (b + 1) * size), (2 * b + 1) * size);
    }
  }
}

// A layer's states after a step, from its gates without what the recurrent state adds.
function advanceLayer(layer, gates, hidden, cell, batch) {
  const size = layer.bias.length / 4;
  addProduct(gates, layer.recurrent, hidden, batch, 4 * size, size);
  for (let b = 0; b < batch; b++) {
    for (let h = 0, i = 4 * b * size, at = b * size; h < size; h++, i++, at++) {
      const next =
        sigmoid(gates[i + size]) * cell[at] + sigmoid(gates[i]) * tanh(gates[i + 2 * size]);
      cell[at] = next;
      hidden[at] = sigmoid(gates[i + 3 * size]) * tanh(next);
    }
  }
}

// exp(2 x), where tanh is not yet 1.
function squaredExp(x) {
  return Math.exp(2 * Math.max(-43, Math.min(x, 43)));
}
