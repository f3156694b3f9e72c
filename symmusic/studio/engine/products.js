'use strict';
// Products of matrices and vectors, the part of the work that takes most of the time.

// out[b] += W x[b] for B vectors of `size` numbers each, `weights` holding each output's weights
// side by side: four outputs at a time, and two vectors where there are, so that each number that
// is read serves several products.
function addProduct(out, weights, vectors, batch, numOut, size) {
  for (let o = 0; o < numOut; o += 4) {
    const num = Math.min(4, numOut - o);
    let b = 0;
    if (num === 4) {
      for (; b + 1 < batch; b += 2)
        addPair(out, b * numOut + o, numOut, weights, o * size, vectors, b * size, size);
      for (; b < batch; b++)
        addOne(out, b * numOut + o, weights, o * size, vectors, b * size, size);
    }
    for (; b < batch; b++) {
      for (let each = o; each < o + num; each++) {
        let sum = 0;
        for (let i = 0, w = each * size, x = b * size; i < size; i++, w++, x++)
          sum += vectors[x] * weights[w];
        out[b * numOut + each] += sum;
      }
    }
  }
}

// Four outputs of a vector.
function addOne(out, y, weights, w, vectors, x, size) {
  let sum0 = 0,
    sum1 = 0,
    sum2 = 0,
    sum3 = 0;
  for (let i = 0, w0 = w, w1 = w0 + size, w2 = w1 + size, w3 = w2 + size; i < size; i++) {
    const value = vectors[x + i];
    sum0 += value * weights[w0 + i];
    sum1 += value * weights[w1 + i];
    sum2 += value * weights[w2 + i];
    sum3 += value * weights[w3 + i];
  }
  out[y] += sum0;
  out[y + 1] += sum1;
  out[y + 2] += sum2;
  out[y + 3] += sum3;
}

// Four outputs of two vectors.
function addPair(out, y, numOut, weights, w, vectors, x, size) {
  let sum0 = 0,
    sum1 = 0,
    sum2 = 0,
    sum3 = 0,
    other0 = 0,
    other1 = 0,
    other2 = 0,
    other3 = 0;
  for (
    let i = 0, w0 = w, w1 = w0 + size, w2 = w1 + size, w3 = w2 + size, next = x + size;
    i < size;
    i++
  ) {
    const value = vectors[x + i],
      other = vectors[next + i];
    const weight0 = weights[w0 + i],
      weight1 = weights[w1 + i],
      weight2 = weights[w2 + i],
      weight3 = weights[w3 + i];
    sum0 += value * weight0;
    sum1 += value * weight1;
    sum2 += value * weight2;
    sum3 += value * weight3;
    other0 += other * weight0;
    other1 += other * weight1;
    other2 += other * weight2;
    other3 += other * weight3;
  }
  const z = y + numOut;
  out[y] += sum0;
  out[y + 1] += sum1;
  out[y + 2] += sum2;
  out[y + 3] += sum3;
  out[z] += other0;
  out[z + 1] += other1;
  out[z + 2] += other2;
  out[z + 3] += other3;
}

// out[at ...] += the sum of rows of a table, two at a time; -1 = no row.
function addRows(out, at, table, rows, size) {
  let waiting = -1;
  for (let k = 0; k < rows.length; k++) {
    const row = rows[k];
    if (row < 0) continue;
    if (waiting < 0) {
      waiting = row;
      continue;
    }
    for (let g = 0, one = waiting * size, other = row * size; g < size; g++)
      out[at + g] += table[one + g] + table[other + g];
    waiting = -1;
  }
  if (waiting >= 0)
    for (let g = 0, one = waiting * size; g < size; g++) out[at + g] += table[one + g];
}

const NEGLIGIBLE = 1e-7; // weights that leave a sum as it is

// out += the sum of `num` vectors, side by side from `at` on, by their weights; four at a time.
function addWeighted(out, weights, num, vectors, at) {
  const size = out.length,
    fours = num - (num % 4);
  for (let m = 0, v0 = at; m < fours; m += 4, v0 += 4 * size) {
    const weight0 = weights[m],
      weight1 = weights[m + 1],
      weight2 = weights[m + 2],
      weight3 = weights[m + 3];
    if (weight0 + weight1 + weight2 + weight3 < NEGLIGIBLE) continue;
    for (let h = 0, v1 = v0 + size, v2 = v1 + size, v3 = v2 + size; h < size; h++) {
      out[h] +=
        weight0 * vectors[v0 + h]
        + weight1 * vectors[v1 + h]
        + weight2 * vectors[v2 + h]
        + weight3 * vectors[v3 + h];
    }
  }
  for (let m = fours, v = at + fours * size; m < num; m++, v += size)
    for (let h = 0; h < size; h++) out[h] += weights[m] * vectors[v + h];
}
