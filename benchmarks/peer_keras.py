"""The network of `network.py` in Keras, with its flags and its one JSON line; does not need
symmusic.

    python -m venv keras && keras/bin/pip install tensorflow-cpu keras numpy
    keras/bin/python benchmarks/peer_keras.py --batch=128 --layers=2 --cells=64 [--bidirectional]
        [--attention=none|bahdanau|weighted]

`keras.layers.LSTM` on one-hot tokens, dropout 0.4 after each layer, Adam with clipping at a norm of
1, float32; the whole epoch is one `fit`. `sampling_one_piece_s` is the thesis's procedure, a single
piece with a `predict` per step; `sampling_s` draws all pieces at once.
"""

import argparse
import json
import os
import statistics
import time

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('KERAS_BACKEND', 'tensorflow')

import keras
import numpy as np
from keras import layers, ops

DRAWN_STEPS = 65


def build(options: argparse.Namespace) -> keras.Model:
    """Probabilities [B, V] of the token after windows of one-hot tokens [B, T, V]."""
    states = inputs = keras.Input((options.steps, options.vocab))
    sequences = options.attention != 'none'
    for layer in range(options.layers):
        lstm = layers.LSTM(options.cells, return_sequences=sequences or layer < options.layers - 1)
        states = (layers.Bidirectional(lstm) if options.bidirectional else lstm)(states)
        states = layers.Dropout(0.4)(states)
    summary = states
    if sequences:
        last, first = states[:, -1, : options.cells], states[:, 0, options.cells :]
        summary = layers.Concatenate()([last, first]) if options.bidirectional else last
        hidden = states
        if options.attention == 'bahdanau':
            query = layers.Dense(options.cells, use_bias=False)(summary)
            hidden = ops.tanh(
                layers.Dense(options.cells, use_bias=False)(states) + ops.expand_dims(query, 1)
            )
        weights = ops.softmax(layers.Dense(1)(hidden), axis=1)
        context = ops.sum(weights * states, axis=1)
        summary = (
            layers.Concatenate()([context, summary]) if options.attention == 'bahdanau' else context
        )
    return keras.Model(inputs, layers.Dense(options.vocab, activation='softmax')(summary))


def draw(model: keras.Model, window: np.ndarray, rng: np.random.Generator) -> None:
    """Draws the steps after windows [B, T, V] of one-hot tokens."""
    eye = np.eye(window.shape[-1], dtype=window.dtype)
    for _ in range(DRAWN_STEPS):
        probabilities = model.predict(window, verbose=0, batch_size=len(window))
        drawn = (probabilities.cumsum(axis=1) > rng.random((len(window), 1))).argmax(axis=1)
        window = np.concatenate([window[:, 1:], eye[drawn][:, None]], axis=1)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    defaults = {
        'batch': 128,
        'layers': 2,
        'cells': 64,
        'steps': 63,
        'vocab': 58,
        'updates': 20,
        'repeats': 7,
        'samples': 100,
    }
    for name, default in defaults.items():
        parser.add_argument(f'--{name}', type=int, default=default)
    parser.add_argument('--bidirectional', action='store_true')
    parser.add_argument('--attention', choices=['none', 'bahdanau', 'weighted'], default='none')
    options = parser.parse_args()
    model = build(options)
    model.compile(
        loss='categorical_crossentropy', optimizer=keras.optimizers.Adam(0.005, global_clipnorm=1.0)
    )
    rng = np.random.default_rng(0)
    eye = np.eye(options.vocab, dtype='float32')
    windows = eye[rng.integers(0, options.vocab, (options.batch * options.updates, options.steps))]
    targets = eye[rng.integers(0, options.vocab, options.batch * options.updates)]

    def run():
        model.fit(windows, targets, batch_size=options.batch, epochs=1, verbose=0)

    run()
    times = []
    for _ in range(options.repeats):
        begun = time.perf_counter()
        run()
        times.append((time.perf_counter() - begun) / options.updates)
    sampling = {}
    for name, num_pieces in (('sampling_s', options.samples), ('sampling_one_piece_s', 1)) * (
        options.samples > 0
    ):
        window = np.repeat(windows[:1], num_pieces, axis=0)
        model.predict(window, verbose=0, batch_size=num_pieces)
        begun = time.perf_counter()
        draw(model, window, rng)
        sampling[name] = time.perf_counter() - begun
    figures = {
        'peer': f'keras {keras.__version__} on {keras.backend.backend()}',
        'device': 'cpu',
        'threads': os.cpu_count(),
        'update_ms_median': 1e3 * statistics.median(times),
        'update_ms_min': 1e3 * min(times),
        'sequences_per_s': options.batch / statistics.median(times),
        'samples': options.samples,
        **sampling,
    }
    print(json.dumps(figures))


if __name__ == '__main__':
    main()
