"""Every field of a symmusic config with its default and its unit. A config file is a short diff
over this one.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """The defaults: what an experiment does not state."""
    config = ConfigDict()
    config.seed = 0  # of initialisation, dropout, batch order and sampling
    # the workdir of a finished run whose best parameters this one begins with; '' = random ones
    config.init_from = ''
    config.replicas = 1  # runs of the seeds seed, seed + 1, ... trained side by side in one program

    # 'auto' is what the protocol says, so fields of this group may change their type; they are
    # checked like all others.
    data = config.data = ConfigDict(type_safe=False)
    # a named corpus (README lists them), or the path of a MIDI/ABC file or of a folder of them
    data.corpus = 'folk'
    data.encoding = 'melody'  # or 'pianoroll', 'pianoroll_faithful': symmusic/melody/encodings
    # fills what is 'auto' below; 'thesis' = the thesis's rules, which also keep only tunes with
    # exactly one time signature and one instrument. An explicit value wins. Beside each: what
    # symmusic / thesis stand for
    data.protocol = 'symmusic'
    # ('4/4', '2/2') / ('4/4',): tunes in another metre are dropped; 'C' is 4/4, 'C|' is 2/2
    data.meters = 'auto'
    # True / False: bars of ABC begin at the tune's bar lines, not at its first note
    data.align_pickups = 'auto'
    # 'phrase' / 'end': a silence of a bar or more begins a new phrase, or is the end of the tune
    data.rests = 'auto'
    data.window_steps = 64  # steps; a step is a sixteenth, a bar has 16
    data.hop_steps = 'auto'  # 16 / 16: steps from one window's begin to the next one's
    # True / False: the last window of a tune that has several is kept
    data.keep_last_window = 'auto'
    # at most so many training windows (of split 'window': of both parts together), drawn by seed; 0
    # = all
    data.max_windows = 0
    data.max_tunes = 0  # at most so many tunes, drawn by seed before anything else; 0 = all
    # of the training tunes, drawn by seed, a smaller share of those of a larger; what is held out
    # stays as it is
    data.train_share = 1.0
    # 'tune' / 'window': 80/10/10 by tune family, or 80/20 without a test part at random over
    # windows, copies and all
    data.split = 'auto'
    data.split_seed = 0  # draws the split; `seed` does not

    model = config.model = ConfigDict()
    model.num_layers = 2
    model.num_cells = 64  # per direction
    model.bidirectional = False
    # or 'bahdanau' (additive), or 'weighted' (the source's: one vector, its context alone feeds the
    # head)
    model.attention = 'none'
    model.attention_size = 32  # width of the additive score's hidden layer
    model.dropout_rate = 0.4  # after each LSTM layer
    model.metric_position = False  # the step in the bar as a second input
    # steps: what stood so long before the step to be predicted, as further inputs (16 = a bar)
    model.lookback = ()

    train = config.train = ConfigDict()
    # the 'last' step of each window (any architecture), 'all' steps (unidirectional ones), or those
    # of a 'gap' before a bar line drawn each time a sequence is read, what follows it being known
    # (bidirectional ones): to draw bars between others
    train.targets = 'last'
    train.sequence_steps = 128  # steps in a training sequence where targets are 'all' or a 'gap'
    train.sequence_hop_steps = 64  # steps from one such sequence's begin to the next one's
    # steps read at once to measure such a model: each counts once, with half as many before it
    # where there are
    train.held_out_steps = 256
    train.num_epochs = 50
    train.batch_size = 128  # windows or sequences
    train.learning_rate = 0.005  # of Adam
    train.clip_norm = 1.0  # global norm of a gradient; 0 = no clipping
    train.warmup_updates = 0  # in which the learning rate rises in a line
    # in which it falls from there to 0 by half a cosine, in place of the plateau; 0 = by plateau
    train.cosine_epochs = 0
    # each time a window is read, in one of the twelve keys at random; measured in C major and A
    # minor as ever
    train.augment_keys = False
    # share of a target's probability spread over all classes; the losses reported are without it
    train.label_smoothing = 0.0
    # share of a parameter that an update takes off, times the learning rate; 0 = plain Adam
    train.weight_decay = 0.0
    # of the parameters' moving average, which is measured and sampled from; 0 = the parameters
    # themselves
    train.average_decay = 0.0
    train.plateau_factor = 0.5  # the learning rate's factor after a plateau of the validation loss
    train.plateau_patience = 3  # epochs without a better loss that make a plateau
    train.plateau_threshold = 0.0005  # nats per step that count as better
    # stop after so many epochs without a better validation loss; 0 = never
    train.early_stopping_epochs = 0
    # writes the metrics as TensorBoard's events as well; needs the package tensorboardX
    train.tensorboard = False
    # on a CPU replicas and batches are split over so many of its cores; 0 = all, 1 = one; changes
    # rounding only
    train.cpu_devices = 0
    # on a GPU only operations that give the same bits each time, slower ones; a CPU has no others
    train.deterministic = False
    # of LSTM layers: a loop of XLA's; 'fused' = one kernel for all steps, on a GPU, not yet
    # measured on one
    train.kernel = 'scan'
    # what LSTM layers' products round their operands to; 'bfloat16' is for GPUs and TPUs, slower on
    # a CPU
    train.product_dtype = 'float32'
    # updates that a device does by itself; 0 = 1 on a CPU, 16 elsewhere, where starting one takes
    # as long
    train.updates_per_dispatch = 0
    # saved after every epoch, and so often within one; changes nothing that is computed
    train.checkpoint_minutes = 2.0

    sample = config.sample = ConfigDict()
    sample.prompt = ''  # a MIDI or ABC file to continue; '' = the built-in one
    # of a MIDI prompt with several instruments, which is continued; of those that play notes, drums
    # apart, from 1
    sample.part = 1
    # which of the run's replicas draws; -1 = the one with the best validation loss
    sample.replica = -1
    sample.num_samples = 8  # pieces
    sample.num_bars = 4  # new bars in each
    sample.temperature = 1.0  # of the softmax; 0 = greedy
    sample.top_k = 0  # draw among the k likeliest classes; 0 = all
    sample.top_p = 1.0  # draw among the likeliest classes that hold this much probability; 1 = all
    # 'stateful' (carries the state), 'window' (reads the last window anew), 'auto' = the first that
    # the model allows
    sample.form = 'auto'
    sample.memory_steps = 128  # steps that attention looks back in the stateful form
    sample.max_redraws = 10  # rounds in which empty pieces are drawn again
    sample.redraw_stuck = False  # draw pieces of a single pitch again, too
    # read the prompt in the model's key and write the pieces in the prompt's
    sample.transpose = True
    # Wishes, which hold exactly; of models with config.data.encoding = 'melody'. Pitches as they
    # sound, in the prompt's key.
    # notes in it alone: 'prompt' = of the prompt's key, or as 'D dorian', 'A minor', 'G
    # pentatonic'; '' = all
    sample.scale = ''
    sample.lowest = 0  # MIDI pitch, 60 = middle C
    sample.highest = 127  # MIDI pitch
    sample.min_notes_per_bar = 0  # that begin in it
    sample.max_notes_per_bar = 16
    sample.rests = True  # False: no silence
    sample.end_on_tonic = False  # the last note is the tonic of the scale, or of the prompt's key
    # a MIDI or ABC file whose rhythm the pieces take, again and again; '' = drawn
    sample.rhythm = ''
    # a MIDI or ABC file whose pitches they take, in order, all of them; '' = drawn
    sample.pitches = ''
    # a MIDI or ABC file whose notes stand in the new bars, from the first on; where it is silent is
    # drawn
    sample.fixed = ''
    # bars of the prompt as '3-4' or '3' that alone are drawn anew, all others stay; '' = go on
    # after it
    sample.regenerate = ''
    # drawn for each piece kept: the likeliest are; of bars between others, left to right, those
    # that fit
    sample.num_candidates = 1
    # by which candidates are kept; or 'originality', the shortest copied run, or 'both' places
    # together
    sample.rank = 'likelihood'
    sample.max_copied_run = 0  # notes; no longer run of a training tune is drawn; 0 = any
    # draw pieces again that copy a longer run of a training tune than 95 % of unseen tunes do
    sample.redraw_copies = False
    # that plays the pieces, a General MIDI name such as 'flute'; '' = the prompt's, or a piano
    sample.instrument = ''
    sample.wav = False  # write the pieces as sound, too
    # for that, by FluidSynth; '' = an installed one, or else the built-in sound
    sample.sound_font = ''
    # keep and store every step's probabilities and attention weights
    sample.keep_distributions = False

    evaluate = config.evaluate = ConfigDict()
    # whose tunes give the prompts and real continuations; 'validation' = to choose settings by
    evaluate.part = 'test'
    # from those tunes; 'fixed' = sample.prompt for all pieces, as the source did: no real
    # continuations then
    evaluate.prompts = 'held_out'
    evaluate.num_pieces = 100  # of each set in a draw
    evaluate.num_draws = 20  # over which the overlap areas are averaged
    # of each class, to be told apart by critics; fewer where tunes give no more prompts; 0 = no
    # critics
    evaluate.critic_pieces = 1000
    # a run's workdir to compare an infilling one with at the same gaps; '' = the shipped model, if
    # it can be
    evaluate.left_to_right = ''
    # of the measures; 'thesis' = the source's definitions to the letter
    evaluate.protocol = 'corrected'

    study = config.study = ConfigDict()
    study.num_pieces = 10  # generated ones, and as many training excerpts, each of sample.num_bars
    study.qpm = 120.0  # quarters per minute at which all are played
    return config.lock()


def get_experiment() -> ConfigDict:
    """The defaults with what only an experiment has; its config file fills `experiment`."""
    config = get_config().unlock()
    config.replicas = 8
    config.sample.keep_distributions = True  # for the heat maps of the report
    config.evaluate.num_draws = 1  # of each replica
    config.quick = False  # minutes instead of hours, to try an experiment out; its report says so
    config.variant = 'sound'  # or 'source', as published, or 'both'
    # values of data.split_seed on whose splits all arms are repeated, to see what depends on the
    # split
    config.split_seeds = ()
    config.experiment = None  # a Hypothesis of symmusic/config/experiments.py
    return config


# What the variant 'source' of every experiment sets: how the 2019 thesis prepared, trained and
# measured.
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
# What the variant 'sound' sets where a model is bidirectional, sees the steps it would predict, and
# can learn from last steps only.
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
# What `quick` sets in every experiment: enough to see that it runs, and too little to answer
# anything.
QUICKLY = {
    'replicas': 2,
    'data.max_tunes': 200,
    'train.num_epochs': 2,
    'sample.num_samples': 2,
    'evaluate.num_pieces': 20,
}
