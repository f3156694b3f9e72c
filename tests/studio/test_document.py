"""The studio's document: its pure changes, undo, keys, metres, what is kept and what is asked."""

from symmusic.score.bar import bar_of
from symmusic.score.detection import detect_key
from symmusic.score.key import MODES, Key
from symmusic.score.notation import spell, to_bars
from symmusic.score.notes import Note
from tests.studio.pure import METERS, check, documents, run_pure


def test_bars_are_those_of_symmusic():
    found = run_pure('return DATA.map((meter) => barOf(meter));', [*METERS, '7/4', '5/8', '6/4'])
    for bar in found:
        own = bar_of(bar['meter'])
        assert (bar['steps'], tuple(bar['groups'])) == (own.steps, own.groups)
    wrong = run_pure('return DATA.map((meter) => barOf(meter));', ['', '4', '3/64', '0/4', '99/4'])
    assert wrong == [None] * 5


def test_spelling_names_and_keys_are_those_of_symmusic():
    keys = [{'fifths': fifths, 'mode': mode} for fifths in range(-7, 8) for mode in MODES]
    found = run_pure(
        'return DATA.map((key) => [Array.from({length: 128}, (_, pitch) => spell(pitch, key)),'
        ' keyAbc(key), tonicClass(key), parseKey(keyAbc(key)), parseKey(keyName(key))]);',
        keys,
    )
    for stated, (spellings, short, tonic, *parsed) in zip(keys, found, strict=True):
        key = Key(**stated)
        assert (short, tonic) == (key.short_name, key.tonic)
        assert parsed == [stated, stated]
        for pitch, each in enumerate(spellings):
            own = spell(pitch, key)
            assert (each['letter'], each['alter'], each['octave']) == (
                own.letter,
                own.alter,
                own.octave,
            )


def test_signs_and_detected_keys_are_those_of_symmusic():
    given = documents(30, seed=1)
    found = run_pure(
        'return DATA.map((data) => [toBars(checkDocument(data)), detectKey(data.notes)]);', given
    )
    for doc, (bars, key) in zip(given, found, strict=True):
        notes = [Note(each['onset'], each['length'], each['pitch']) for each in doc['notes']]
        own = to_bars(notes, bar_of(doc['meter']), doc['numBars'], doc['pickupSteps'])
        assert [
            [(s['pitch'], s['step'], s['value'], s['tiedFrom'], s['tiedOn']) for s in signs]
            for signs in bars
        ] == [[(s.pitch, s.step, s.value, s.tied_from, s.tied_on) for s in signs] for signs in own]
        assert Key(**key) == detect_key(notes)


def test_changes_keep_one_voice_and_leave_the_document_before_alone():
    check('changes', documents(20, seed=2))


def test_single_changes():
    check('single')


def test_a_key_that_fits_better_is_offered():
    check('hearing')


def test_undo_has_no_end_and_merges_typing():
    check('undoing')


def test_what_undo_goes_back_to_is_packed():
    check('packing', documents(10, seed=6))


def test_what_is_kept_comes_back_and_a_full_storage_is_said():
    check('keeping')


def test_requests_and_answers():
    check('asking')


def test_every_note_has_a_place_in_the_roll():
    check('placing', documents(12, seed=3))
