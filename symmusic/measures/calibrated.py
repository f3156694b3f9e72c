"""The calibration of a run's replicas on its validation tunes."""

import dataclasses

import numpy as np
from ml_collections import ConfigDict

from symmusic.generate.manner import manner_of, settle
from symmusic.measures.given import predict_tunes
from symmusic.measures.temperature import calibrate, log_softmax
from symmusic.training import build
from symmusic.training.replicas import replica
from symmusic.training.run import Trained


def calibrate_run(config: ConfigDict, trained: Trained) -> Trained:
    """The run with the calibration of each replica added to its summary and, if there are several,
    that of their `ensemble`; None if no tune is long enough. Unchanged under the thesis's protocol
    and for models of notes, which sample at temperature 1.
    """
    card = trained.card
    if config.data.protocol == 'thesis' or not card.vocabulary.of_steps:
        return trained
    tunes = build.split_as_trained(config, trained.corpus).validation
    manner = manner_of(settle(config, None), card, may_wish=True)
    replicas, sums_KV, labels_K = [], -np.inf, None
    for index, each in enumerate(trained.summary['replicas']):
        params = replica(trained.states.best_params, index)
        calibration = None
        if found := predict_tunes(params, card, tunes, manner):
            logits_KV, labels_K = found
            sums_KV = np.logaddexp(sums_KV, log_softmax(logits_KV))
            calibration = dataclasses.asdict(calibrate(logits_KV, labels_K))
        replicas.append(each | {'calibration': calibration})
    summary = trained.summary | {'replicas': replicas}
    if len(replicas) > 1:  # The mean's constant factor 1 / R is left out: logits may be shifted.
        found = None if labels_K is None else dataclasses.asdict(calibrate(sums_KV, labels_K))
        summary['ensemble'] = {'calibration': found}
    return dataclasses.replace(trained, summary=summary)
