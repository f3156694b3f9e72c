"""The critics of an evaluation: prompts of unseen tunes, with their real continuations and those of
the model and of a Markov model.
"""

import dataclasses
import functools
import logging
import time

import numpy as np

from symmusic.critics.classify import CriticData, run_critics
from symmusic.critics.findings import CriticResults, NoCritics
from symmusic.critics.ratio import Losses, markov_nats, ratio_scores
from symmusic.generate.manner import manner_of
from symmusic.measures.excerpts import cut_excerpts
from symmusic.measures.markov import sample_markov
from symmusic.measures.material import PROMPT_BARS, as_given, in_meter
from symmusic.measures.piece_nats import network_nats
from symmusic.measures.registry import Ground, Network, Sets
from symmusic.progress import track
from symmusic.streams import Stream, generator
from symmusic.wording import count

PLAIN = {'temperature': 1.0, 'top_k': 0, 'top_p': 1.0}  # the network's own distribution
log = logging.getLogger(__name__)


class CriticMeasure:
    """How well critics distinguish the model's pieces from real ones: lower bounds on how well they
    can be distinguished.
    """

    name = 'critic'
    unit = 'AUC'

    def measure(self, ground: Ground, pieces: Sets, key: int) -> CriticResults | NoCritics:
        """Draws separate pieces after `config.evaluate.critic_pieces` prompts at different places
        in the held-out tunes, or fewer if there are fewer places.
        """
        settings, vocabulary = ground.config.evaluate, ground.model.card.vocabulary
        if not settings.critic_pieces:
            return NoCritics('config.evaluate.critic_pieces = 0')
        if settings.prompts == 'fixed':
            return NoCritics(
                "config.evaluate.prompts = 'fixed', whose real continuation is not known"
            )
        num_given, num_steps = (
            num_bars * ground.music.bar.steps
            for num_bars in (PROMPT_BARS, ground.config.sample.num_bars)
        )
        held_out = in_meter(ground.held_out, ground.music.bar)
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
        data = CriticData(
            prompts,
            continuations,
            np.array([ground.families[file] for file in files]),
            vocabulary,
            settings.protocol,
            ground.music.bar,
        )
        begun = time.perf_counter()
        ratios, notes = _ratios(ground, data)
        results = run_critics(data, ratios, key)
        log.info(
            f'critics of {count(len(rows), "piece")} of each class trained and applied in'
            f' {time.perf_counter() - begun:.1f} s'
        )
        if isinstance(results, NoCritics):
            return results
        return dataclasses.replace(
            results, num_tunes=len(set(files)), num_places=len(found), notes=notes
        )


def _ratios(
    ground: Ground, data: CriticData
) -> tuple[dict[str, dict[str, dict[str, np.ndarray]]], tuple[str, ...]]:
    """The scores of the critics that compare likelihoods, keyed by critic, context and set; and
    notes on why a critic is missing.
    """
    if not ground.config.sample.temperature:
        return {}, ('no likelihood ratio: at temperature 0 each piece has probability 1 or 0',)

    def of(network: Network, changed: dict, tokens_NT: np.ndarray, start: int) -> np.ndarray:
        manner = dataclasses.replace(manner_of(ground.config, network.card), **changed)
        return network_nats(network, manner, tokens_NT, start, network.place(ground.music.meter))

    others: dict[str, Losses] = {}
    if ground.baselines.count_model:
        others['likelihood_ratio'] = functools.partial(
            ground.baselines.count_model.nats, position=ground.model.place(ground.music.meter)
        )
    if ground.second:
        others['second_network'] = functools.partial(of, ground.second, PLAIN)
    drawn_by = {
        'model': functools.partial(of, ground.model, {}),
        'markov_3': functools.partial(markov_nats, ground.markovs[3], data.vocabulary.num_classes),
    }
    found = {
        name: ratio_scores(data.tokens, data.prompts_NP.shape[1], drawn_by, other)
        for name, other in track(others.items(), 'ratio')
    }
    return found, (ground.baselines.note,) * bool(ground.baselines.note)
