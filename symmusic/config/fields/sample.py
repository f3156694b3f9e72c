"""Fields of `config.sample` other than constraints: what is drawn, how, and what is written."""

import functools

from symmusic.config.field import ALL, AUTO, Change, Field
from symmusic.config.rules import choice, flag, letters, metre, real, text, whole, word_or

_Field = functools.partial(Field, change=Change.FREE)  # read only after training

FIELDS = {
    'sample.prompt': _Field(
        '',
        text(empty=True),
        "a MIDI, ABC or MusicXML file to continue; 'none' = start from nothing; '' = the built-in"
        ' one',
    ),
    'sample.meter': _Field(
        '',
        metre(),
        "of a tune that starts from nothing (sample.prompt = 'none'); '' = the model's first",
    ),
    'sample.key': _Field(
        '',
        text(empty=True),
        "such as 'D', 'Ebm' or 'Ador', instead of the key that the prompt states (the notes stay as"
        " they are); '' = the prompt's, detected if it states none. For a tune that starts from"
        " nothing: its key, where 'D' takes the mode of sample.scale; '' = that of sample.scale, or"
        ' C major',
    ),
    'sample.tune': _Field(
        1,
        whole(1, 100_000),
        'which tune of a book of ABC is continued, from 1',
    ),
    'sample.part': _Field(
        1,
        whole(1, 256),
        'which part of a MIDI or MusicXML prompt is continued: from 1, without drums and silent'
        ' parts',
    ),
    'sample.replica': _Field(
        -1,
        word_or(ALL, whole(-1, 4095)),
        "which replica of the run samples; -1 = the one with the best loss; 'all' = an ensemble:"
        ' the mean of their probabilities, to which sample.temperature applies',
        usual=-1,
        word=ALL,
    ),
    'sample.num_samples': _Field(8, whole(1, 100_000), 'how many are sampled', unit='pieces'),
    'sample.num_bars': _Field(4, whole(1, 1024), 'new ones in each piece', unit='bars'),
    'sample.structure': _Field(
        '',
        letters(64),
        "makes a whole tune of sections, such as 'AABA', that ends with a cadence: a new letter is"
        ' a new section, the first one with the prompt at its start; a letter that occurs again'
        " repeats its section; '' = only continue",
    ),
    'sample.bars_per_section': _Field(
        8, whole(2, 64), 'in each section of sample.structure', unit='bars'
    ),
    'sample.half_cadences': _Field(
        False,
        flag(),
        'sections of sample.structure that lead on end on the fifth of the key, as end_on_tonic'
        ' does on the tonic',
    ),
    'sample.ends': _Field(
        True,
        flag(),
        'a model that reads the bars left is told that the tune ends after num_bars; False = it is'
        ' not told, as always when bars are redrawn',
    ),
    'sample.temperature': _Field(
        'auto',
        word_or(AUTO, real(0, 100)),
        "of the softmax; 0 = greedy; 'auto' = the temperature at which real continuations of"
        ' validation tunes are likeliest under the model, found at the end of training; 1 under'
        " data.protocol = 'thesis'",
        usual=1.0,
    ),
    'sample.top_k': _Field(
        0,
        whole(0, 1024),
        'sample among the k likeliest classes; 0 = all',
        unit='classes',
    ),
    'sample.top_p': _Field(
        1.0,
        real(0, 1, above=True),
        'sample among the likeliest classes that hold this probability; 1 = all',
    ),
    'sample.particles': _Field(
        32,
        whole(1, 1024),
        'number drawn for each piece by sequential Monte Carlo, if rhythm, pitches, fixed, notes'
        ' per bar or end_on_tonic constrain it; divided among its candidates. The more, the closer'
        " the pieces are to the model's distribution given the wishes; 1 = none",
        unit='particles',
    ),
    'sample.form': _Field(
        'auto',
        choice('auto', 'stateful', 'window'),
        "'stateful' carries the state, 'window' rereads the last window for each step, 'auto' ="
        ' the first of these that the model allows',
    ),
    'sample.memory_steps': _Field(
        128,
        whole(1, 16384),
        'how far attention looks back in the stateful form',
        unit='steps',
    ),
    'sample.max_redraws': _Field(
        10,
        whole(0, 10_000),
        'how often pieces that are empty or the same as another are redrawn',
        unit='rounds',
    ),
    'sample.redraw_stuck': _Field(
        False,
        flag(),
        'also redraws pieces of a single pitch',
    ),
    'sample.transpose': _Field(
        True,
        flag(),
        "reads the prompt in the model's key and writes the pieces in the prompt's",
    ),
    'sample.rank': _Field(
        'likelihood',
        choice('likelihood', 'originality', 'both'),
        'which candidates are kept: the likeliest, those with the shortest run copied from a'
        " training tune or the prompt ('originality'), or 'both' ranks together",
    ),
    'sample.instrument': _Field(
        '',
        text(empty=True),
        "General MIDI name such as 'flute'; '' = the prompt's, or a piano",
    ),
    'sample.wav': _Field(False, flag(), 'also writes WAV files'),
    'sample.sound_font': _Field(
        '',
        text(empty=True),
        "for WAV files, played by FluidSynth; '' = an installed one, or else the built-in"
        ' synthesiser',
    ),
    'sample.keep_distributions': _Field(
        False,
        flag(),
        "stores each step's probabilities and attention weights",
    ),
}
