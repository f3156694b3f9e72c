"""Fields of `config.model`: the network."""

from symmusic.config.field import Field
from symmusic.config.rules import choice, flag, real, steps, whole

FIELDS = {
    'model.kind': Field(
        'lstm',
        choice('lstm', 'transformer', 'hybrid'),
        "'transformer' is decoder-only, with rotary positions; 'hybrid' is an LSTM whose last"
        ' states attend to earlier ones as in a Transformer',
        before='lstm',
    ),
    'model.num_layers': Field(2, whole(1, 64), 'LSTM or Transformer layers'),
    'model.num_cells': Field(
        64, whole(1, 8192), 'per layer and direction; the width of a Transformer'
    ),
    'model.num_heads': Field(
        4,
        whole(1, 4096),
        'heads of attention of a Transformer or hybrid; an even number of cells for each',
        before=4,
    ),
    'model.bidirectional': Field(False, flag(), 'layers read in both directions'),
    'model.backward_layers': Field(
        0,
        whole(0, 64),
        "how many layers read what follows a gap, if train.targets is 'gap'; 0 = model.num_layers",
        before=0,
    ),
    'model.backward_cells': Field(
        0,
        whole(0, 8192),
        'cells of each of these layers; 0 = model.num_cells',
        before=0,
    ),
    'model.attention': Field(
        'none',
        choice('none', 'bahdanau', 'weighted'),
        "of an LSTM: 'bahdanau' is additive; 'weighted' is the thesis's: one learned vector, and"
        ' the head sees only the context',
    ),
    'model.attention_size': Field(
        32,
        whole(1, 8192),
        "width of the additive score's hidden layer",
    ),
    'model.dropout_rate': Field(
        0.4,
        real(0, 1, below=True),
        'after each LSTM layer; in a Transformer after the inputs and each sublayer',
    ),
    'model.metric_position': Field(False, flag(), 'the step in the bar as a second input'),
    'model.lookback': Field(
        (),
        steps(1, 1024),
        'tokens this far before the target as further inputs; n whole bars of 4/4 (16 steps each,'
        ' or 48 with data.steps_per_quarter = 12) mean n bars of the tune',
        unit='steps',
    ),
    'model.bars_left': Field(
        False,
        flag(),
        'the bars left in the section and in the tune, if they are known, as further inputs; in'
        ' training each is given in half of the windows',
        before=False,
    ),
    'model.agreement': Field(
        False,
        flag(),
        'for each lookback, for how many steps the melody has agreed with itself that far before,'
        ' as a further input (none compared yet, 0, 1, 2-3, 4-7, ... 64 or more)',
        before=False,
    ),
    'model.agreement_ahead': Field(
        False,
        flag(),
        'with model.agreement, also the agreement with what is known that far ahead, if'
        " train.targets is 'gap'",
        before=False,
    ),
    'model.last_notes': Field(
        False,
        flag(),
        'the last four notes as further inputs: steps since the last onset, whether a note sounds,'
        ' the last pitch and pitch class, intervals and lengths of those before',
        before=False,
    ),
    'model.recall': Field(
        False,
        flag(),
        'what followed the last three notes when they last sounded, at most 16 bars of 4/4 before,'
        ' and for how long it has gone on, as further inputs; with model.last_notes',
        before=False,
    ),
    'model.copying': Field(
        False,
        flag(),
        'adds scores to the logits of the tokens that model.lookback (with model.agreement) and'
        ' model.recall predict',
        before=False,
    ),
    'model.relative_scores': Field(
        False,
        flag(),
        'adds scores of the interval from the last note and of the pitch class to the logits of'
        ' pitches; with model.last_notes',
        before=False,
    ),
    'model.last_notes_dropout': Field(
        0.3,
        real(0, 1, below=True),
        'how often each input of model.last_notes is withheld in training',
        before=0.3,
    ),
}
