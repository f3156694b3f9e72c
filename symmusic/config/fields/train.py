"""Fields of `config.train`: from windows to parameters."""

from symmusic.config.field import Change, Field
from symmusic.config.rules import choice, flag, real, whole

FIELDS = {
    'train.targets': Field(
        'last',
        choice('last', 'all', 'gap'),
        "'last' = the last step of each window (any architecture), 'all' = all steps"
        " (unidirectional), 'gap' = the steps of a gap, given what follows (bidirectional, to fill"
        ' bars between others)',
    ),
    'train.gap_share': Field(
        1.0,
        real(0, 1, above=True),
        "where targets are 'gap', the share of sequences that have one; in the others every step is"
        ' predicted from those before it. The best epoch is that of the mean of both losses,'
        ' weighted by their shares',
        before=1.0,
    ),
    'train.sequence_steps': Field(
        128,
        whole(2, 4096),
        "length of a training sequence where targets are 'all' or 'gap'",
        unit='steps',
    ),
    'train.sequence_hop_steps': Field(
        64,
        whole(1, 4096),
        'distance between consecutive sequence starts',
        unit='steps',
    ),
    'train.held_out_steps': Field(
        256,
        whole(2, 4096),
        'length of a held-out sequence for such a model; each step counts once, with half as many'
        ' steps before it if the tune has them',
        unit='steps',
    ),
    'train.num_epochs': Field(
        50,
        whole(1, 1_000_000),
        'maximum number of epochs; early stopping may end the run sooner',
        unit='epochs',
        change=Change.LARGER,
    ),
    'train.batch_size': Field(
        128,
        whole(1, 65536),
        'size of a batch',
        unit='windows or sequences',
    ),
    'train.learning_rate': Field(0.005, real(0, 10, above=True), 'of Adam'),
    'train.clip_norm': Field(
        1.0,
        real(0, 1e9),
        'global norm to which a gradient is clipped; 0 = no clipping',
    ),
    'train.warmup_updates': Field(
        0,
        whole(0, 1_000_000),
        'how long the learning rate rises linearly',
        unit='updates',
    ),
    'train.cosine_epochs': Field(
        0,
        whole(0, 1_000_000),
        'how long the learning rate takes to fall to 0 by half a cosine; 0 = by plateau instead',
        unit='epochs',
    ),
    'train.augment_keys': Field(
        False,
        flag(),
        'reads each training window in one of the twelve keys at random',
    ),
    'train.label_smoothing': Field(
        0.0,
        real(0, 1, below=True),
        "share of a target's probability spread over all classes; reported losses are without it",
    ),
    'train.weight_decay': Field(
        0.0,
        real(0, 100),
        'of AdamW, times the learning rate; 0 = Adam',
    ),
    'train.average_decay': Field(
        0.0,
        real(0, 1, below=True),
        "decay of the parameters' moving average, which is evaluated and sampled; 0 = no average",
    ),
    'train.plateau_factor': Field(
        0.5,
        real(0, 1, above=True, below=True),
        "the learning rate's factor after a plateau of the validation loss",
    ),
    'train.plateau_patience': Field(
        3,
        whole(1, 1_000_000),
        'how long without a better loss makes a plateau',
        unit='epochs',
    ),
    'train.plateau_threshold': Field(
        0.0005,
        real(0, 100, above=True),
        'smallest improvement that counts as better',
        unit='nats per step',
    ),
    'train.early_stopping_epochs': Field(
        0,
        whole(0, 1_000_000),
        'how long without a better loss stops the run; 0 = never',
        unit='epochs',
    ),
    'train.originality_pieces': Field(
        0,
        whole(0, 1000),
        'how many continuations of 4 bars, after 4 bars of validation tunes, are drawn after each'
        ' epoch to measure how much they copy from training tunes (originality.csv); 0 = none',
        unit='pieces',
        change=Change.FREE,
    ),
    'train.tensorboard': Field(
        False,
        flag(),
        "also writes TensorBoard's events; needs the package tensorboardX",
        change=Change.FREE,
    ),
    'train.cpu_devices': Field(
        0,
        whole(0, 4096),
        'how many devices share the replicas and batches; 0 = all',
        unit='CPU cores',
        change=Change.ROUNDING,
        before=1,
    ),
    'train.deterministic': Field(
        False,
        flag(),
        'only operations that give the same bits each time, on a GPU',
        change=Change.ROUNDING,
        before=False,
    ),
    'train.kernel': Field(
        'scan',
        choice('scan', 'fused'),
        "how LSTM layers are computed: 'scan' = XLA's loop, 'fused' = one GPU kernel for all steps"
        ' (never measured on one)',
        change=Change.ROUNDING,
        before='scan',
    ),
    'train.product_dtype': Field(
        'float32',
        choice('float32', 'bfloat16'),
        "type to which operands of the layers' products are rounded; 'bfloat16' is slower on a CPU",
        before='float32',
    ),
    'train.updates_per_dispatch': Field(
        0,
        whole(0, 65536),
        'how many updates are dispatched together; 0 = 1 on a CPU, 16 elsewhere',
        unit='updates',
        change=Change.ROUNDING,
        before=0,
    ),
    'train.checkpoint_minutes': Field(
        2.0,
        real(0, 1e6, above=True),
        'time between checkpoints within an epoch',
        unit='minutes',
        change=Change.FREE,
    ),
}
