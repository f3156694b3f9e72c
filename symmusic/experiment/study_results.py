"""The results of a listening study, in the form of `results.json`."""

from collections.abc import Mapping, Sequence

import numpy as np

from symmusic.experiment.answers import Answers
from symmusic.experiment.ratings import LEAST, MOST, QUESTIONS, rate_pieces, rate_questions
from symmusic.experiment.study import KINDS, SIMULATED, Study


def make_study_results(
    study: Study, answers: Sequence[Answers], left_out: Mapping[str, str], seed: int
) -> dict:
    """The content of `results.json`, for answers of at least one listener."""
    ratings = {
        question: np.array([each.ratings[index] for each in answers])
        for index, question in enumerate(QUESTIONS)
    }
    experience = np.array([each.experience for each in answers])
    pieces = [
        {'piece': number, 'kind': excerpt.kind, 'origin': excerpt.origin, **row}
        for number, (excerpt, row) in enumerate(
            zip(study.excerpts, rate_pieces(ratings), strict=True), 1
        )
    ]
    return {
        'study': study.id,
        **study.about,
        'num_listeners': len(answers),
        'num_simulated': sum(each.listener.startswith(SIMULATED) for each in answers),
        'num_pieces': {
            kind: sum(excerpt.kind == kind for excerpt in study.excerpts) for kind in KINDS
        },
        'experience': np.bincount(experience, minlength=MOST + 1)[LEAST:].tolist(),
        'questions': rate_questions(ratings, study.is_generated, experience, seed),
        'pieces': pieces,
        'listeners': [
            {'file': each.file, 'listener': each.listener, 'experience': each.experience}
            for each in answers
        ],
        'left_out': dict(left_out),
    }
