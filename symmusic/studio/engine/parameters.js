'use strict';
// The network's parameters, from 16-bit floats in base64.

function halfToFloat(half) {
  const sign = half & 0x8000 ? -1 : 1,
    exponent = (half >> 10) & 0x1f,
    fraction = half & 0x3ff;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return (
    sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024))
  );
}

// {name: {shape, values}} of the arrays of an exported network.
function readArrays({arrays, parameters}) {
  const text = atob(parameters),
    bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  const halves = new Uint16Array(bytes.buffer); // little endian, as all browsers' machines are
  return Object.fromEntries(
    arrays.map(({name, shape, offset}) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [
        name,
        {shape, values: Float32Array.from(halves.subarray(offset, offset + size), halfToFloat)},
      ];
    }),
  );
}

// The transpose of a matrix: each output's weights side by side, as `addProduct` reads them.
function transposed({shape: [rows, columns], values}) {
  const turned = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = values[row * columns + column];
  }
  return turned;
}

// The network that the other functions take: its header with the parameters laid out for them.
function readNetwork(exported) {
  const found = readArrays(exported),
    {architecture} = exported;
  const layers = Array.from({length: architecture.num_layers}, (_, index) => {
    const direction = (name) => {
      const of = (part) => found[`layers.${index}.${name}.${part}`];
      return {
        // the first layer's is read by rows
        input: index ? transposed(of('input')) : of('input').values,
        recurrent: transposed(of('recurrent')),
        bias: of('bias').values,
      };
    };
    if (!found[`layers.${index}.bridge`]) return direction('forward');
    return {
      ...direction('forward'),
      backward: direction('backward'),
      bridge: transposed(found[`layers.${index}.bridge`]),
    };
  });
  const attention =
    architecture.attention === 'none'
      ? null
      : {
          query: transposed(found['attention.query']),
          key: transposed(found['attention.key']),
          score: found['attention.score'].values,
        };
  const copies = found['copies.kernel'] && {
    kernel: transposed(found['copies.kernel']),
    bias: found['copies.bias'].values,
    num: found['copies.kernel'].shape[1],
  };
  const relative = found['relative.interval'] && {
    interval: transposed(found['relative.interval']),
    degree: transposed(found['relative.degree']),
  };
  const head = {kernel: transposed(found['head.kernel']), bias: found['head.bias'].values};
  return {
    ...exported,
    parameters: null,
    layers,
    attention,
    head,
    copies,
    relative,
    ownBlocks: exported.blocks.slice(0, exported.num_own_blocks),
  };
}
