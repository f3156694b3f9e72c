"""The critics of an evaluation: prompts of unseen tunes, with their real continuations and those of
the model and of a Markov model.
"""

import dataclasses
import logging
import time

import numpy as np

from symmusic.critics.trial import NoTrial, Trial, hold_trial
from symmusic.measures.excerpts import cut_excerpts
from symmusic.measures.markov import sample_markov
from symmusic.measures.material import PROMPT_BARS, as_given, in_meter
from symmusic.measures.registry import Ground, Sets
from symmusic.progress import bar
from symmusic.streams import Stream, generator

log = logging.getLogger(__name__)


class CriticMeasure:
    """Can the model's pieces be told apart from real ones? The AUC of trained critics."""

    name = 'critic'
    unit = 'AUC'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> Trial | NoTrial:
        """On pieces of its own: `config.evaluate.critic_pieces` prompts at different places in the
        held-out tunes, or fewer where there are fewer places.
        """
        settings, vocabulary = ground.config.evaluate, ground.model.card.vocabulary
        if not settings.critic_pieces:
            return NoTrial('config.evaluate.critic_pieces = 0')
        if settings.prompts == 'fixed':
            return NoTrial(
                "config.evaluate.prompts = 'fixed', whose real continuation is not known"
            )
        num_given, num_steps = (
            num_bars * ground.music.bar.steps
            for num_bars in (PROMPT_BARS, ground.config.sample.num_bars)
        )
        held_out = in_meter(ground.held_out, ground.music.meter)
        found = cut_excerpts(held_out, num_given, continued=num_steps)
        rng = generator(key, Stream.CRITIC_MATERIAL)
        size = min(settings.critic_pieces, len(found))
        rows = np.sort(rng.choice(len(found), size, replace=False))
        events_NT = as_given(ground.config, found.events_NT[rows], num_given, vocabulary)
        prompts = events_NT[:, :num_given]
        tokens = np.array([vocabulary.encode(events) for events in events_NT])
        made = sample_markov(ground.markovs[3], tokens[:, :num_given], num_steps, rng)
        continuations = {
            # Encoded and decoded like the others, so that losses of the encoding do not identify
            # the real ones.
            'real': np.array([vocabulary.decode(each) for each in tokens[:, num_given:]]),
            'markov_3': np.array([vocabulary.decode(each) for each in made]),
            'model': ground.draw(prompts, Stream.CRITIC_PIECES).events_NT,
        }
        files = [found.places[row][0] for row in rows]
        families = [ground.families[file] for file in files]
        begun = time.perf_counter()
        trial = hold_trial(
            prompts,
            continuations,
            families,
            vocabulary,
            settings.protocol,
            key,
            bar,
            ground.music.bar,
        )
        log.info(
            f'critics of {len(rows)} pieces of each class trained and applied in'
            f' {time.perf_counter() - begun:.1f} s'
        )
        if isinstance(trial, NoTrial):
            return trial
        return dataclasses.replace(trial, num_tunes=len(set(files)), num_places=len(found))
