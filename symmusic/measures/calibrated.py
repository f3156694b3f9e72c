"""The calibration of a run's replicas on its validation tunes."""

import dataclasses

from ml_collections import ConfigDict

from symmusic.generate.manner import manner_of, settle
from symmusic.measures.given import calibrate_model
from symmusic.training import build
from symmusic.training.replicas import replica
from symmusic.training.run import Trained


def calibrate_run(config: ConfigDict, trained: Trained) -> Trained:
    """A run with the calibration of each replica in its summary, null where no tune is long enough
    or the protocol is the thesis's, which draws at temperature 1.
    """
    if config.data.protocol == 'thesis':
        return trained
    card = trained.card
    tunes = build.split_as_trained(config, trained.corpus).validation
    manner = manner_of(settle(config, None), card, may_wish=True)
    replicas = []
    for index, each in enumerate(trained.summary['replicas']):
        params = replica(trained.states.best_params, index)
        found = calibrate_model(params, card, tunes, manner)
        replicas.append(each | {'calibration': found and dataclasses.asdict(found)})
    return dataclasses.replace(trained, summary=trained.summary | {'replicas': replicas})
