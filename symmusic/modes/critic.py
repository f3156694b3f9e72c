"""The data of an evaluation's critics: prompts of unseen tunes, with their real continuations and
those of the model and of a Markov model.
"""

import time
from collections.abc import Callable

import numpy as np
from ml_collections import ConfigDict

from symmusic.corpus.cache import Corpus
from symmusic.corpus.split import Split
from symmusic.critics.trial import hold_trial, no_trial
from symmusic.measures.excerpts import cut_excerpts
from symmusic.measures.markov import Markov, sample_markov
from symmusic.measures.material import PROMPT_BARS
from symmusic.melody.encodings import Vocabulary
from symmusic.progress import bar
from symmusic.score.meter import STEPS_PER_BAR
from symmusic.streams import Stream, generator


def judge(
    config: ConfigDict,
    corpus: Corpus,
    tunes: Split,
    vocabulary: Vocabulary,
    markov_3: Markov,
    draw: Callable[[np.ndarray], np.ndarray],
) -> dict:
    """The block "critic" of `comparison.json`, from `config.evaluate.critic_pieces` prompts at
    different places in the held-out tunes, or fewer where there are fewer places. `draw` returns
    the model's continuations, events [N, T], of prompts, events [N, P].
    """
    settings = config.evaluate
    if not settings.critic_pieces:
        return no_trial('config.evaluate.critic_pieces = 0')
    if settings.prompts == 'fixed':
        return no_trial("config.evaluate.prompts = 'fixed', whose real continuation is not known")
    num_given, num_steps = PROMPT_BARS * STEPS_PER_BAR, config.sample.num_bars * STEPS_PER_BAR
    found = cut_excerpts(getattr(tunes, settings.part), num_given, continued=num_steps)
    rng = generator(config.seed, Stream.CRITIC_MATERIAL)
    rows = np.sort(rng.choice(len(found), min(settings.critic_pieces, len(found)), replace=False))
    prompts = found.events_NT[rows, :num_given]
    tokens = np.array([vocabulary.encode(events) for events in found.events_NT[rows]])
    made = sample_markov(markov_3, tokens[:, :num_given], num_steps, rng)
    continuations = {
        # Encoded and decoded like the others, or the losses of the encoding would give the real
        # ones away.
        'real': np.array([vocabulary.decode(each) for each in tokens[:, num_given:]]),
        'markov_3': np.array([vocabulary.decode(each) for each in made]),
        'model': draw(prompts),
    }
    files = [found.places[row][0] for row in rows]
    families = {
        tune.file: int(family) for tune, family in zip(corpus.kept, corpus.families, strict=True)
    }
    begun = time.perf_counter()
    trial = hold_trial(
        prompts,
        continuations,
        [families[file] for file in files],
        vocabulary,
        settings.protocol,
        config.seed,
        bar,
    )
    print(
        f'critics of {len(rows)} pieces of each class trained and applied in'
        f' {time.perf_counter() - begun:.1f} s'
    )
    return trial | {'num_tunes': len(set(files)), 'num_places': len(found)}
