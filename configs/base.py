"""Every field of a symmusic config with its default and its unit. Other configs are diffs over it.

The comment beside or directly above a field is its text in docs/config.md (config/document.py).
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """The defaults: what an experiment does not state."""
    config = ConfigDict()
    config.seed = 0  # of initialisation, dropout, batch order and sampling
    # workdir of a run whose best parameters this run starts from, or 'shipped' = those of the
    # shipped model; '' = random ones
    config.init_from = ''
    config.replicas = 1  # runs of seeds seed, seed + 1, ..., trained side by side in one program

    # A field that is 'auto' takes the protocol's value, so fields of this group may change type;
    # they are checked like all others.

    data = config.data = ConfigDict(type_safe=False)
    # a named corpus (docs/guide.md lists them), or a path of a MIDI or ABC file or of a folder
    data.corpus = 'folk'
    data.encoding = 'melody'  # how events become tokens (symmusic/melody/encodings)
    # fills the fields that are 'auto'; 'thesis' also keeps only tunes with exactly one time
    # signature and one instrument
    data.protocol = 'symmusic'
    data.meters = 'auto'  # tunes in other metres are dropped; 'C' is 4/4 and 'C|' is 2/2
    data.align_pickups = 'auto'  # bars of ABC start at bar lines, not at the first note
    # a silence of a bar or more starts a new phrase ('phrase') or ends the tune ('end')
    data.rests = 'auto'
    data.window_steps = 64  # steps; a step is a sixteenth, a bar has 16
    data.hop_steps = 'auto'  # steps between consecutive window starts
    data.keep_last_window = 'auto'  # keeps the last window of a tune that has several
    # at most this many training windows (split 'window': of both parts), drawn by seed; 0 = all
    data.max_windows = 0
    data.max_tunes = 0  # at most this many tunes, drawn by seed before all else; 0 = all
    # share of the training tunes, drawn by seed; a smaller share is part of a larger one, and
    # held-out tunes stay the same
    data.train_share = 1.0
    # 'tune' = 80/10/10 by tune family, 'window' = 80/20 at random over windows, without a test part
    data.split = 'auto'
    data.split_seed = 0  # draws the split; `seed` does not

    model = config.model = ConfigDict()
    model.num_layers = 2  # LSTM layers
    model.num_cells = 64  # per layer and direction
    model.bidirectional = False  # layers read in both directions
    # 'bahdanau' is additive; 'weighted' is the thesis's: one learned vector, and the head sees only
    # the context
    model.attention = 'none'
    model.attention_size = 32  # width of the additive score's hidden layer
    model.dropout_rate = 0.4  # after each LSTM layer
    model.metric_position = False  # the step in the bar as a second input
    model.lookback = ()  # steps: tokens that far before the target as further inputs (16 = a bar)

    train = config.train = ConfigDict()
    # 'last' = the last step of each window (any architecture), 'all' = all steps (unidirectional),
    # 'gap' = the steps of a gap, given what follows (bidirectional, to fill bars between others)
    train.targets = 'last'
    train.sequence_steps = 128  # steps in a training sequence where targets are 'all' or 'gap'
    train.sequence_hop_steps = 64  # steps between consecutive sequence starts
    # steps read at once to measure such a model; each counts once, with half as many before it if
    # the tune has them
    train.held_out_steps = 256
    train.num_epochs = 50  # at most
    train.batch_size = 128  # windows or sequences
    train.learning_rate = 0.005  # of Adam
    train.clip_norm = 1.0  # global norm to which a gradient is clipped; 0 = no clipping
    train.warmup_updates = 0  # updates in which the learning rate rises linearly
    # epochs in which it falls to 0 by half a cosine; 0 = by plateau instead
    train.cosine_epochs = 0
    # reads each training window in one of the twelve keys at random
    train.augment_keys = False
    # share of a target's probability spread over all classes; reported losses are without it
    train.label_smoothing = 0.0
    train.weight_decay = 0.0  # of AdamW, times the learning rate; 0 = Adam
    # of the parameters' moving average, which is measured and sampled from; 0 = no average
    train.average_decay = 0.0
    train.plateau_factor = 0.5  # the learning rate's factor after a plateau of the validation loss
    train.plateau_patience = 3  # epochs without a better loss that make a plateau
    train.plateau_threshold = 0.0005  # nats per step that count as better
    train.early_stopping_epochs = 0  # epochs without a better loss that stop the run; 0 = never
    train.tensorboard = False  # also writes TensorBoard's events; needs the package tensorboardX
    train.cpu_devices = 0  # CPU cores over which replicas and batches are split; 0 = all
    train.deterministic = False  # only operations that give the same bits each time, on a GPU
    # how LSTM layers are computed: 'scan' = XLA's loop, 'fused' = one GPU kernel for all steps
    # (never measured on one)
    train.kernel = 'scan'
    # to what LSTM layers' products round their operands; 'bfloat16' is slower on a CPU
    train.product_dtype = 'float32'
    # updates that a device does in one dispatch; 0 = 1 on a CPU, 16 elsewhere
    train.updates_per_dispatch = 0
    train.checkpoint_minutes = 2.0  # minutes between checkpoints within an epoch

    sample = config.sample = ConfigDict()
    sample.prompt = ''  # a MIDI or ABC file to continue; '' = the built-in one
    # which instrument of a MIDI prompt is continued: from 1, drums and silent ones not counted
    sample.part = 1
    sample.replica = -1  # which replica of the run samples; -1 = the one with the best loss
    sample.num_samples = 8  # pieces
    sample.num_bars = 4  # new bars in each
    sample.temperature = 1.0  # of the softmax; 0 = greedy
    sample.top_k = 0  # sample among the k likeliest classes; 0 = all
    sample.top_p = 1.0  # sample among the likeliest classes that hold this probability; 1 = all
    # 'stateful' carries the state, 'window' reads the last window again, 'auto' = the first that
    # the model allows
    sample.form = 'auto'
    sample.memory_steps = 128  # steps that attention looks back in the stateful form
    sample.max_redraws = 10  # rounds in which empty pieces are sampled again
    sample.redraw_stuck = False  # also samples pieces of a single pitch again
    # reads the prompt in the model's key and writes the pieces in the prompt's
    sample.transpose = True

    # Constraints, which hold exactly; only of models with config.data.encoding = 'melody'. Pitches
    # as they sound, in the prompt's key.

    # notes of a scale only: 'prompt' = of the prompt's key, or for example 'D dorian', 'A minor',
    # 'G pentatonic'; '' = all notes
    sample.scale = ''
    sample.lowest = 0  # MIDI pitch, 60 = middle C
    sample.highest = 127  # MIDI pitch
    sample.min_notes_per_bar = 0  # notes that start in each bar
    sample.max_notes_per_bar = 16  # notes that start in each bar
    sample.rests = True  # False = no silence
    sample.end_on_tonic = False  # the last note is the tonic of the scale, or of the prompt's key
    # a MIDI or ABC file whose rhythm the pieces take, from its first full bar on, repeated; '' =
    # sampled
    sample.rhythm = ''
    # a MIDI or ABC file whose pitches the pieces take, in order, all of them; '' = sampled
    sample.pitches = ''
    # a MIDI or ABC file whose notes stand in the new bars, from its first full bar; where it is
    # silent is sampled
    sample.fixed = ''
    # bars of the prompt, as '3-4' or '3', that are sampled again while all others stay (a pickup is
    # bar 0); '' = continue after the prompt
    sample.regenerate = ''
    sample.num_candidates = 1  # pieces sampled for each one kept
    # which candidates are kept: the likeliest, those with the shortest copied run ('originality'),
    # or 'both' ranks together
    sample.rank = 'likelihood'
    sample.max_copied_run = 0  # notes; no longer run of a training tune is sampled; 0 = any
    # samples pieces again that copy a longer run of a training tune than 95 % of unseen tunes do
    sample.redraw_copies = False
    sample.instrument = ''  # General MIDI name such as 'flute'; '' = the prompt's, or a piano
    sample.wav = False  # also writes WAV files
    # for WAV files, played by FluidSynth; '' = an installed one, or else the built-in synthesiser
    sample.sound_font = ''
    sample.keep_distributions = False  # stores each step's probabilities and attention weights

    evaluate = config.evaluate = ConfigDict()
    # whose tunes give prompts and real continuations; 'validation' = to choose settings by
    evaluate.part = 'test'
    # 'held_out' = bars of those tunes, 'fixed' = sample.prompt for all pieces, as in the thesis
    evaluate.prompts = 'held_out'
    evaluate.num_pieces = 100  # of each set in a draw
    # of --mode=compare: bars of the excerpt taken from each piece; 0 = whole pieces
    evaluate.num_bars = 0
    evaluate.num_draws = 20  # over which overlap areas are averaged
    # pieces of each class for the critics, fewer if the tunes give fewer prompts; 0 = no critics
    evaluate.critic_pieces = 1000
    # workdir of a run with which an infilling run is compared; '' = the shipped model, if possible
    evaluate.left_to_right = ''
    # definitions of the measures; 'thesis' = the thesis's to the letter
    evaluate.protocol = 'corrected'

    study = config.study = ConfigDict()
    study.num_pieces = 10  # generated ones, and as many excerpts, each of sample.num_bars
    study.qpm = 120.0  # quarters per minute at which all are played
    return config.lock()


def get_experiment() -> ConfigDict:
    """The defaults with what only an experiment has; its config file fills `experiment`."""
    config = get_config().unlock()
    config.replicas = 8
    config.sample.keep_distributions = True  # for the heat maps of the report
    config.evaluate.num_draws = 1  # of each replica
    config.quick = False  # minutes instead of hours, to try an experiment out; the report says so
    config.variant = 'sound'  # 'source' = as published, 'both' = both
    config.split_seeds = ()  # further values of data.split_seed on which all arms are repeated
    config.experiment = None  # a Hypothesis of symmusic/config/experiments.py
    return config


# Set by the variant 'source' of every experiment: how the 2019 thesis prepared, trained, measured.
AS_PUBLISHED = {
    'data.protocol': 'thesis',
    'train.targets': 'last',
    'train.num_epochs': 50,
    'train.batch_size': 128,
    'train.learning_rate': 0.005,
    'train.clip_norm': 0.0,
    'train.plateau_patience': 3,
    'train.early_stopping_epochs': 0,
    'evaluate.prompts': 'fixed',
    'evaluate.protocol': 'thesis',
}
# Set by the variant 'sound' for bidirectional models, which can learn from last steps only because
# they see all others.
LAST_STEPS = {
    # shares no factor with 16: every step of the bar is a target, and half an hour is enough for
    # configs/exp4.py
    'data.hop_steps': 7,
    'train.targets': 'last',
    'train.batch_size': 128,
    'train.num_epochs': 8,
    'train.cosine_epochs': 8,
    'train.early_stopping_epochs': 3,
}
# Set by `quick` in every experiment: enough to see that it runs, too little to answer anything.
QUICKLY = {
    'replicas': 2,
    'data.max_tunes': 200,
    'train.num_epochs': 2,
    'sample.num_samples': 2,
    'evaluate.num_pieces': 20,
}
