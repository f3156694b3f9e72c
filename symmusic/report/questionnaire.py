"""The page of a listening study: one self-contained file that does not reveal which pieces are
generated.
"""

from symmusic.experiment.answers import FORMAT
from symmusic.experiment.ratings import LEAST, MOST, QUESTIONS
from symmusic.experiment.study import Study
from symmusic.report.html import page, render, script_of

ASKED = {  # the question, and the meaning of the lowest and highest rating
    'rhythm': ('Rhythm: can you tap along?', 'not at all', 'easily'),
    'melody': ('Melody: how pleasing is it?', 'not at all', 'very'),
    'experience': ('How experienced are you in music?', 'no experience', 'professional'),
}


def questionnaire(study: Study) -> str:
    """HTML of a page on which a listener hears and rates the pieces, and saves the answers as a
    JSON file.
    """
    num, seconds = len(study.excerpts), study.seconds
    minutes = max(1, round(num * (2 * seconds + 10) / 60))
    body = render(
        'questionnaire.html',
        num=num,
        seconds=f'{seconds:.0f}',
        minutes=minutes,
        asked=ASKED,
        questions=QUESTIONS,
        values=range(LEAST, MOST + 1),
    )
    data = {
        'format': FORMAT,
        'study': study.id,
        'qpm': study.qpm,
        'numSteps': study.num_steps,
        'stepsPerQuarter': study.steps_per_quarter,
        'questions': QUESTIONS,
        'pieces': [excerpt.notes for excerpt in study.excerpts],
    }
    script = script_of('player', 'questionnaire', data=data)
    return page('A listening study', body, render('questionnaire.css'), script)
