"""Files of answers: valid ones are read, others are reported with the reason, and none stops the
others.
"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symmusic.errors import UserError
from symmusic.experiment.answers import check_files, count_studies, read_files
from tests.experiment.studies import make_answers, make_study, write_answers

STUDY = make_study()


def changed(row=0, **changes):
    answers = make_answers(STUDY)
    answers['ratings'][row] |= changes
    return answers


def without(*names):
    answers = changed()
    for name in names:
        del answers['ratings'][1][name]
    return answers


def test_ratings_are_those_of_the_file(tmp_path):
    write_answers(
        tmp_path,
        a=make_answers(STUDY, rating=lambda piece, question: piece if question == 'rhythm' else 5),
    )
    (answers,), left_out = check_files(read_files(tmp_path), STUDY)
    assert left_out == {}
    assert answers.ratings.tolist() == [[1, 2, 3, 4], [5, 5, 5, 5]]
    assert (answers.experience, answers.listener) == (2, 'a')


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        ('', 'not JSON'),
        ('{"format": "sym', 'not JSON'),
        ('[' * 100_000, 'not JSON'),
        ('\0' * (2**20 + 1), 'too large'),
        ([], 'no answers'),
        ({'format': 'another'}, 'no answers'),
        (make_answers(STUDY, study='0123'), 'of another study: 0123'),
        (make_answers(STUDY, study=None), 'of another study: None'),
        (make_answers(STUDY, listener=''), 'the listener'),
        (make_answers(STUDY, saved=3), 'time of saving'),
        (make_answers(STUDY, ratings={}), 'no list'),
        (make_answers(STUDY, ratings=[3]), 'no list'),
        (changed(piece=5), 'piece 5 is unknown; pieces are 1 to 4'),
        (changed(piece=0), 'piece 0 is unknown'),
        (changed(piece='1'), 'piece 1 is unknown'),
        (changed(piece=True), 'piece True is unknown'),
        (changed(piece=2), 'piece 2 is rated twice'),
        (changed(rhythm=6), 'rhythm of piece 1 is 6; must be a whole number from 1 to 5'),
        (changed(melody=0), 'melody of piece 1 is 0'),
        (changed(melody=2.5), 'melody of piece 1 is 2.5'),
        (changed(melody='4'), 'melody of piece 1 is 4'),
        (changed(rhythm=True), 'rhythm of piece 1 is True'),
        (json.dumps(changed(rhythm=9)).replace(': 9', ': NaN'), 'rhythm of piece 1 is nan'),
        (changed(plays=-1), 'plays'),
        (make_answers(STUDY, experience=9), 'the experience is 9'),
        (without('rhythm'), 'unfinished: without 1 rating'),
        (without('rhythm', 'melody'), 'unfinished: without 2 ratings'),
        (make_answers(STUDY, ratings=[]), 'unfinished: without 8 ratings'),
        (make_answers(STUDY, experience=None), 'unfinished: without the experience'),
        (changed(plays=0), 'unfinished: without playing piece 1'),
        (make_answers(STUDY, complete=False), 'marked as unfinished'),
    ],
)
def test_bad_files_are_named_and_left_out(tmp_path, content, reason):
    write_answers(tmp_path, bad=content, good=make_answers(STUDY, 'b'))
    answers, left_out = check_files(read_files(tmp_path), STUDY)
    assert [each.file for each in answers] == ['good.json']
    assert list(left_out) == ['bad.json']
    assert reason in left_out['bad.json']


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)


@settings(max_examples=40)
@given(st.recursive(anything, lambda inner: st.lists(inner, max_size=3)))
def test_any_value_anywhere_is_handled(value):
    """Each part of a file replaced by anything: read, or left out with a one-line reason."""
    for name in make_answers(STUDY):
        answers, left_out = check_files({'x.json': make_answers(STUDY, **{name: value})}, STUDY)
        assert len(answers) + len(left_out) == 1
    for name in ('piece', 'plays', 'rhythm'):
        answers, left_out = check_files({'x.json': changed(**{name: value})}, STUDY)
        assert len(answers) + len(left_out) == 1


def test_of_one_listener_the_last_file_counts(tmp_path):
    earlier, later = (
        make_answers(STUDY, saved='2026-01-01T09:00:00.000Z'),
        make_answers(STUDY, saved='2026-01-01T10:00:00.000Z'),
    )
    write_answers(tmp_path, a=later, b=earlier, c=later, d=make_answers(STUDY, 'another'))
    answers, left_out = check_files(read_files(tmp_path), STUDY)
    assert [each.file for each in answers] == ['c.json', 'd.json']
    assert left_out == dict.fromkeys(
        ('a.json', 'b.json'), 'another file of the same listener was saved later: c.json'
    )


def test_folders(tmp_path):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'file.json').write_text('{}')
    for name, word in (
        ('nowhere', 'No such file'),
        ('file.json', 'Not a directory'),
        ('empty', 'holds no files'),
    ):
        with pytest.raises(UserError, match=word):
            read_files(tmp_path / name)
    (tmp_path / 'empty' / 'inner').mkdir()
    (tmp_path / 'empty' / 'notes.txt').write_text('x')
    (tmp_path / 'empty' / 'UPPER.JSON').write_text('{"study": "x"}')
    files = read_files(tmp_path / 'empty')
    assert sorted(files) == ['UPPER.JSON', 'notes.txt']
    assert check_files(files, STUDY)[1]['notes.txt'] == 'not a .json file'
    assert count_studies(files) == {'x': 1}
