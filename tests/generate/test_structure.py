"""Whole tunes: what is drawn and what repeats, exact endings, and written forms that play the same;
a start from nothing; mistakes.
"""

import dataclasses
import itertools
import json
import re

import jax
import music21
import numpy as np
import pytest

from symmusic.api.task import prepare
from symmusic.config.protocol import base_config
from symmusic.errors import UserError
from symmusic.generate import masks as module
from symmusic.generate.compose import compose
from symmusic.generate.control import RepeatRow, Repeats
from symmusic.generate.draw import Conditions
from symmusic.generate.masks import DRAWN, REPEATED, STATED, Cadence, Wishes
from symmusic.generate.names import check_names
from symmusic.generate.sections import plan_structure
from symmusic.generate.whole import put_together
from symmusic.melody.events import NO_EVENT, NOTE_OFF, from_events, quantize, to_notes
from symmusic.report.forms import written_forms
from symmusic.report.gallery import write_gallery
from symmusic.report.staff import engrave
from symmusic.score.abc import read_abc_tune
from symmusic.score.bar import bar_of
from symmusic.score.key import Key
from symmusic.score.layout import lay_out
from symmusic.score.midi import parse_midi
from symmusic.score.musicxml_reader import read_musicxml
from symmusic.score.notation import to_bars
from tests.generate.test_control import ALL, BAR, EVENTS, THREE, TINY
from tests.generate.toy import ARCHITECTURE, VOCABULARY, make_prompt, manner
from tests.model.compiled import init_params

METERS = ('4/4', '6/8')
TONIC = 'tonic'


def settings_of(**fields):
    """A config with these fields of `config.sample`."""
    config = base_config()
    with config.sample.unlocked(), config.sample.ignore_type():
        for name, value in fields.items():
            config.sample[name] = value
    return config


def task_of(given=None, /, **fields):
    return prepare(settings_of(**fields), VOCABULARY, METERS, given)


def planned(structure, prompt, **fields):
    fields = {'bars_per_section': 2, **fields}
    return plan_structure(settings_of(structure=structure, **fields).sample, prompt)


def compose_for(task, seed=0, num_samples=1):
    """The pieces that a random network draws for a task."""
    steps = task.prompt.bar.steps
    architecture = dataclasses.replace(ARCHITECTURE, num_positions=steps, bars=(steps,))
    return compose(
        init_params(jax.random.key(seed), architecture),
        architecture,
        VOCABULARY,
        task.prompt,
        manner(num_samples=num_samples, num_bars=task.num_bars),
        jax.random.key(seed),
        Conditions(task.masks),
    )


def drawn(task, seed=0, num_samples=16):
    """The whole tunes that a random network draws for a task."""
    pieces = compose_for(task, seed, num_samples)
    return [put_together(task.prompt, piece, VOCABULARY, task.structure) for piece in pieces]


def closes_on(pitch_class, events, bar, rest=None):
    """Whether the last note of a bar's events is a cadence on a pitch class, with at most `rest`
    steps of silence after it.
    """
    onsets = np.flatnonzero(events >= 0)
    if not len(onsets):
        return False
    after = events[onsets[-1] + 1 :].tolist()
    length = 1 + (after.index(NOTE_OFF) if NOTE_OFF in after else len(after))
    is_strong = onsets[-1] in bar.strong
    if rest is not None and 1 + len(after) - length > rest:
        return False
    return events[onsets[-1]] % 12 == pitch_class and is_strong and length >= bar.cadence_steps


@pytest.mark.parametrize(('rests', 'rest'), [(True, None), (True, 0), (True, 1), (False, 0)])
@pytest.mark.parametrize('classes', [(0, 1), (1, 0), (0, None), (None, 1)])
def test_masks_of_cadences_allow_exactly_these(classes, rests, rest):
    """Of all pieces of two bars, the second of which starts with a stated step."""
    kept = np.full(2 * BAR, DRAWN)
    kept[BAR] = STATED
    spans = [(place * BAR, (place + 1) * BAR, each) for place, each in enumerate(classes)]
    cadences = tuple(Cadence(*span, rest) for span in spans if span[2] is not None)
    wish = Wishes(cadences=cadences, rests=rests)
    expected = np.array(
        [
            events[BAR] != NO_EVENT
            and all(
                closes_on(each.pitch_class, events[each.begin : each.end], THREE, rest)
                for each in cadences
            )
            and (rests or (events[0] >= 0 and NOTE_OFF not in events))
            for events in EVENTS
        ]
    )
    masks = module._try(wish, TINY, np.array([0], np.uint8), 0, THREE, kept)
    state, through = masks.init(len(ALL)), np.full(len(ALL), True)
    for at, token_B in enumerate(ALL.T):
        row = jax.tree.map(lambda leaf, at=at: leaf[at], masks.rows)
        allowed_BV = np.asarray(masks.allow(row, state, np.True_)[0])
        assert allowed_BV[through].any(axis=1).all()
        through = through & allowed_BV[np.arange(len(ALL)), token_B]
        state = masks.advance(row, state, token_B)
    np.testing.assert_array_equal(through, expected)


def test_repeated_steps_take_the_tokens_of_those_they_repeat():
    """After two given steps; class 3 starts no note. The last step is unlike two others, one of
    which starts no note, and the one before has no other class left.
    """
    sources = np.array([-1, 1, 2, -1, -1], np.int32)
    unlike = np.array([[-1, -1]] * 3 + [[2, -1], [1, 0]], np.int32)
    repeats = Repeats(RepeatRow(sources, unlike), np.array([3, 1]), np.arange(4) != 3)
    state = repeats.init(2)
    tokens_BN = np.array([[0, 1, 0, 0, 2], [2, 1, 2, 2, 0]])
    allowed = [
        [[0, 1, 2, 3]] * 2,
        [[1], [1]],
        [[0], [2]],
        [[0], [2]],
        [[0, 2, 3]] * 2,
    ]
    for step, (token_B, expected) in enumerate(zip(tokens_BN.T, allowed, strict=True)):
        row = jax.tree.map(lambda leaf, step=step: leaf[step], repeats.rows)
        may_BV = np.arange(4) == token_B[:, None] if step == 3 else np.full((2, 4), True)
        may_BV, state = repeats.allow(row, state, may_BV)
        assert [np.flatnonzero(each).tolist() for each in np.asarray(may_BV)] == expected
        state = repeats.advance(row, state, token_B)


@pytest.mark.parametrize(
    ('text', 'half', 'closings', 'bars'),
    [
        ('AABB', False, ['', TONIC, '', TONIC], [0, 1, 0, 3, 4, 5, 4, 7]),
        ('AABA', True, ['fifth', TONIC, 'fifth', TONIC], [0, 1, 0, 3, 4, 5, 0, 3]),
        ('ABAC', False, ['', '', '', TONIC], [0, 1, 2, 3, 0, 1, 6, 7]),
        ('ABA', True, ['fifth', 'fifth', TONIC], [0, 1, 2, 3, 0, 5]),
        ('AAA', False, ['', '', TONIC], [0, 1, 0, 1, 0, 5]),
    ],
)
def test_a_structure_says_what_each_bar_repeats(text, half, closings, bars):
    """Sections of two bars after a prompt of one, without a pickup."""
    found = planned(text, make_prompt(), half_cadences=half)
    assert list(found.closings) == closings
    assert (found.sources_T.reshape(-1, 16)[:, 0] // 16).tolist() == bars
    assert found.num_drawn == 16 * (len(bars) - 1)
    kept = found.kept(make_prompt(), VOCABULARY).reshape(-1, 16)
    for number, source in enumerate(bars[1:], 1):
        row = kept[number - 1]
        if source == 0:
            assert row.tolist() == make_prompt().tokens.tolist()
        else:
            expected = {REPEATED} if source < number else {STATED, DRAWN}
            assert set(row.tolist()) == expected
    rows = found.repeats(make_prompt(), VOCABULARY).rows
    np.testing.assert_array_equal(rows.source >= 0, kept.ravel() == REPEATED)
    assert (rows.source[kept.ravel() == REPEATED] >= 16).all()


def test_a_pickup_leads_back_to_the_first_section():
    prompt = make_prompt(num_bars=2)
    events = prompt.events.copy()
    events[:12] = NO_EVENT
    prompt = dataclasses.replace(prompt, events=events, pickup=4, first_bar=0)
    found = planned('AABA', prompt)
    assert [section.first for section in found.sections] == [1, 3, 5, 7]
    ends = found.sources_T.reshape(-1, 16)[2::2, -4:]
    pickup = [12, 13, 14, 15]
    # the second A leads on to B, and the last ends the tune, without the steps of the pickup
    assert ends[0].tolist() == pickup
    assert ends[2].tolist() == pickup
    assert ends[1].tolist() == list(range(5 * 16 - 4, 5 * 16))
    assert ends[3].tolist() == list(range(9 * 16 - 4, 9 * 16))
    assert found.kept(prompt, VOCABULARY)[-5:].tolist() == [
        DRAWN,
        *VOCABULARY.encode(np.array([NOTE_OFF, *[NO_EVENT] * 3])),
    ]
    assert found.own_T[-1] == 9 * 16 - 5


def section_of(*, closes=True, has_room=True, pickup=4):
    """A prompt of a pickup, A and G, and two bars; in C, whose last note is C or E."""
    last = [64, *[NO_EVENT] * 7, 60 if closes else 64, *[NO_EVENT] * 7]
    if has_room:
        last[12] = NOTE_OFF
    upbeat = [NO_EVENT] * 16
    upbeat[-pickup], upbeat[-2] = 69, 67
    events = np.array([*upbeat, 60, *[NO_EVENT] * 7, 62, *[NO_EVENT] * 7, *last], np.int8)
    tokens = VOCABULARY.encode(events)
    return dataclasses.replace(
        make_prompt(), events=events, tokens=tokens, pickup=pickup, first_bar=0
    )


@pytest.mark.parametrize('text', ['AABB', 'ABA', 'AAAB', 'ABAA'])
@pytest.mark.parametrize('closes', [True, False])
@pytest.mark.parametrize('has_room', [True, False])
def test_a_prompt_that_is_a_section_comes_again_as_written(text, closes, has_room):
    """Its pickup leads back to it, and its last bar closes, where they can; if not, it is said."""
    task = task_of(section_of(closes=closes, has_room=has_room), structure=text, bars_per_section=2)
    last, pickup = section_of(has_room=has_room).events[-16:-4], [69, NO_EVENT, 67, NO_EVENT]
    num_said = (not has_room and 'AA' in text) + (not closes)
    assert len(task.notices) == num_said
    for whole in drawn(task, num_samples=3):
        bars = whole.events.reshape(-1, 16)
        for place, (closing, label) in enumerate(
            zip(task.structure.closings, task.structure.text, strict=True)
        ):
            end, leads = bars[2 * place + 2], text[place + 1 : place + 2] == 'A'
            is_given = label == 'A' and (closes or not closing)
            if closing == TONIC:
                assert closes_on(0, end, bar_of('4/4'), rest=4)
            if leads and (has_room or not is_given):
                assert end[-4:].tolist() == pickup
            if is_given and closes:
                assert end[:12].tolist() == last.tolist()
            if is_given and not (leads and has_room):
                assert (end[-4:] < 0).all()


def test_a_pickup_that_leaves_no_room_for_a_closing_note_is_said():
    prompt = section_of(has_room=False, pickup=13)
    assert len(task_of(prompt, structure='ABBA', bars_per_section=3).notices) == 1
    # a section that closes on any note needs no room
    task = task_of(prompt, structure='AAB', bars_per_section=3)
    assert task.notices == ()
    for whole in drawn(task, num_samples=2):
        assert whole.events.reshape(-1, 16)[3, 3:].tolist() == prompt.events[3:16].tolist()
    assert task_of(prompt, structure='AB', bars_per_section=3).notices == ()


CASES = [
    ('AABB', {}, 'none', '4/4'),
    ('AABA', {'half_cadences': True}, 'none', '4/4'),
    ('ABAC', {'half_cadences': True, 'rests': False}, 'none', '6/8'),
    ('AAB', {'half_cadences': True, 'min_notes_per_bar': 2}, 'walk', '4/4'),
    ('AAA', {}, 'pickup', '4/4'),
]


def prompt_of(name):
    prompt = make_prompt(transposed_by=2)
    if name == 'pickup':
        events = np.concatenate(
            [np.full(12, NO_EVENT), [60, NO_EVENT, 62, NO_EVENT], prompt.events]
        )
        tokens = VOCABULARY.encode(np.where(events >= 0, events + 2, events))
        prompt = dataclasses.replace(
            prompt, events=events.astype(np.int8), tokens=tokens, pickup=4, first_bar=0
        )
    return dataclasses.replace(prompt, key=Key(-2), velocities=())


def asked(text, fields, name, meter, num_bars=2):
    given = None if name == 'none' else prompt_of(name)
    where = {'prompt': 'none', 'key': 'Bb', 'meter': meter} if given is None else {}
    return task_of(given, structure=text, bars_per_section=num_bars, **where, **fields)


@pytest.mark.parametrize(('text', 'fields', 'name', 'meter'), CASES)
def test_whole_tunes_repeat_and_close_exactly(text, fields, name, meter, tmp_path):
    """50 tunes each of random networks; those of the first network are also written and read."""
    task = asked(text, fields, name, meter)
    bar, structure = task.prompt.bar, task.structure
    classes = {'tonic': 10, 'fifth': 5}  # of B flat major
    wholes = [whole for seed in range(2) for whole in drawn(task, seed, 25)]
    for whole in wholes:
        events = whole.events.astype(int)
        alike = {NO_EVENT: NOTE_OFF}
        for step, source in enumerate(structure.sources_T):
            same = (events[step], events[source])
            assert len(set(same)) == 1 or same == (NOTE_OFF, NO_EVENT), (step, alike)
        for place, (section, closing) in enumerate(
            zip(structure.sections, structure.closings, strict=True)
        ):
            # the pickup leads back, and the last bar is shorter by it
            leads = text[place + 1 : place + 2] in (text[0], '')
            own = bar.steps - task.prompt.pickup * leads
            last = events[section.bars[-1] * bar.steps :][:own]
            rest = 0 if leads else task.prompt.pickup
            assert not closing or closes_on(classes[closing], last, bar, rest)
        assert (events[len(events) - task.prompt.pickup :] < 0).all()
        if fields.get('rests') is False:
            assert NOTE_OFF not in events
        drawn_bars = (structure.sources_T == np.arange(len(events))).reshape(-1, bar.steps)
        for is_own, played in zip(drawn_bars, events.reshape(-1, bar.steps), strict=True):
            if is_own.all():
                assert (played >= 0).sum() >= fields.get('min_notes_per_bar', 0)
    for number, whole in enumerate(wholes[:6]):
        check_written(whole, task.prompt, tmp_path, with_musicxml=number < 2)


def check_written(whole, prompt, folder, *, with_musicxml):
    """All forms play the notes of the whole tune."""
    forms = written_forms(whole.events, prompt, 0, 'Whole', whole.sections)
    notes = from_events(whole.events)
    assert quantize(parse_midi(forms['.mid'])) == notes
    score = read_abc_tune(forms['.abc'])
    assert quantize(score) == notes
    assert score.notices == ()
    if with_musicxml:
        path = folder / 'whole.musicxml'
        path.write_text(forms['.musicxml'])
        assert quantize(read_musicxml(path)) == notes


def test_the_last_bar_is_written_without_the_steps_of_the_pickup(tmp_path):
    """As books do; notation programs read a last bar of three quarters."""
    task = asked('AAB', {}, 'pickup', '4/4')
    (whole,) = drawn(task, num_samples=1)
    forms = written_forms(whole.events, task.prompt, 0, 'Whole', whole.sections)
    (tmp_path / 'a.musicxml').write_text(forms['.musicxml'])
    bars = music21.converter.parse(tmp_path / 'a.musicxml').parts[0].getElementsByClass('Measure')
    lengths = [bar.highestTime for bar in bars]
    assert (lengths[0], lengths[-1], set(lengths[1:-1])) == (1, 3, {4})
    assert read_abc_tune(forms['.abc']).notices == ()
    full = whole.events.copy()  # a note that lasts to the end is written to the end
    full[-1] = 60
    written = written_forms(full, task.prompt, 0, 'Whole', whole.sections)['.abc']
    assert quantize(read_abc_tune(written)) == from_events(full)


def test_new_sections_start_with_other_notes():
    """In their first bars, compared with the same places of all earlier sections."""
    task = asked('ABC', {'num_bars': 8}, 'walk', '4/4', num_bars=3)
    for whole in drawn(task):
        sections = whole.events.reshape(3, 48)[:, :32]
        for one, other in itertools.combinations(sections, 2):
            assert not ((one == other) & (one >= 0)).any()


def test_given_bars_stay_given_where_they_are_repeated():
    """The prompt's bar is grey wherever it is played, and drawn bars are blue."""
    task = asked('AABA', {}, 'walk', '4/4')
    whole = drawn(task, num_samples=1)[0]
    assert whole.is_drawn.reshape(-1, 16)[:, 0].tolist() == [
        *[False, True, False, True],
        *[True, True, False, True],
    ]
    assert [each.label for each in whole.sections] == list('AABA')


def test_a_tune_starts_from_nothing():
    task = task_of(prompt='none', key='Ador', meter='6/8', num_bars=3, scale='prompt')
    prompt = task.prompt
    assert (prompt.meter, prompt.key, len(prompt.events)) == ('6/8', Key(1, 'dorian'), 0)
    assert set(prompt.tokens.tolist()) == {VOCABULARY.padding}
    assert prompt.transposed_by == 0  # to A minor
    for whole in drawn(task, num_samples=20):
        assert len(whole.events) == 36
        assert whole.events[0] != NO_EVENT
        notes = whole.events[whole.events >= 0]
        assert set((notes % 12).tolist()) <= {9, 11, 0, 2, 4, 6, 7}
    default = task_of(prompt='none').prompt
    assert (default.meter, default.key) == ('4/4', Key(0))


@pytest.mark.parametrize(
    ('scale', 'key'),
    [
        ('', Key(0)),
        ('prompt', Key(0)),
        ('D dorian', Key(0, 'dorian')),
        ('Ebm', Key(-6, 'minor')),
        ('G pentatonic', Key(1)),
        ('E blues', Key(1, 'minor')),
        ('A harmonic minor', Key(0, 'minor')),
    ],
)
def test_a_tune_from_nothing_is_in_the_key_of_its_scale(scale, key):
    """It is moved to the model's key in any case."""
    prompt = task_of(prompt='none', scale=scale).prompt
    assert prompt.key == key
    assert (key.tonic + prompt.transposed_by) % 12 == (0 if key.is_major else 9)
    own = task_of(prompt='none', scale=scale, transpose=False).prompt
    assert own.transposed_by == prompt.transposed_by


@pytest.mark.parametrize(
    ('key', 'scale', 'expected'),
    [
        ('D', 'D dorian', Key(0, 'dorian')),
        ('D', 'D blues', Key(-1, 'minor')),
        ('d', 'D pentatonic', Key(2)),
        ('D#', 'Ebm', Key(-6, 'minor')),
        ('Dm', 'D dorian', Key(-1, 'minor')),
        ('D major', 'D mixolydian', Key(2)),
        ('Ddor', 'prompt', Key(0, 'dorian')),
    ],
)
def test_a_scale_beside_a_key_says_its_mode(key, scale, expected):
    """Where the key states none."""
    assert task_of(prompt='none', key=key, scale=scale).prompt.key == expected


@pytest.mark.parametrize(
    ('key', 'scale'),
    [
        ('D', 'Ebm'),
        ('D', 'E dorian'),
        ('D major', 'D dorian'),
        ('Dm', 'D lydian'),
        ('Am', 'C major'),
    ],
)
def test_a_scale_that_contradicts_the_key_is_refused(key, scale):
    fields = {'prompt': 'none', 'key': key, 'scale': scale}
    with pytest.raises(UserError):
        check_names(settings_of(**fields).sample)
    with pytest.raises(UserError) as error:
        task_of(**fields)
    for stated in (f'config.sample.key = {key!r}', f'config.sample.scale = {scale!r}'):
        assert stated in str(error.value)
    assert '\n' not in str(error.value)


def test_a_tune_in_a_mode_has_only_its_notes():
    """As the model is told major or minor only; in these two all notes are sampled."""
    task = task_of(prompt='none', key='Gmix', num_bars=3)
    events = np.concatenate([whole.events for whole in drawn(task, num_samples=20)])
    assert set((events[events >= 0] % 12).tolist()) <= {7, 9, 11, 0, 2, 4, 5}
    assert task_of(prompt='none', key='Gm').masks.rows.tokens_V.any(axis=0).all()


@pytest.mark.parametrize(
    ('fields', 'named'),
    [
        ({'structure': 'AB', 'regenerate': '1'}, 'regenerate'),
        ({'structure': 'AB', 'fixed': 'a.abc'}, 'fixed'),
        ({'structure': 'AB', 'pitches': 'a.abc'}, 'pitches'),
        ({'prompt': 'none', 'structure': 'AB', 'num_bars': 12}, 'num_bars'),
        ({'structure': 'A' * 64, 'bars_per_section': 64}, 'bars_per_section'),
        ({'prompt': 'none', 'regenerate': '1'}, 'regenerate'),
        ({'prompt': 'none', 'meter': '3/4'}, 'meter'),
        ({'prompt': 'none', 'key': 'H'}, 'key'),
        ({'structure': 'AB', 'highest': 50}, 'highest'),
    ],
)
def test_mistakes_name_the_field(fields, named):
    with pytest.raises(UserError) as error:
        task_of(**fields)
    assert f'config.sample.{named} = {fields[named]!r}' in str(error.value)
    assert '\n' not in str(error.value)


def test_a_prompt_fits_in_a_section():
    with pytest.raises(UserError) as error:
        task_of(make_prompt(num_bars=3), structure='AB', bars_per_section=2)
    assert '3 bars' in str(error.value)
    with pytest.raises(UserError):
        task_of(make_prompt(num_bars=2), structure='A', bars_per_section=2)
    task = task_of(make_prompt(num_bars=2), structure='AA', bars_per_section=2, num_bars=2)
    assert (task.num_bars, task.structure.closings) == (2, ('', TONIC))


def test_a_rhythm_fits_in_a_section(tmp_path):
    path = tmp_path / 'rhythm.abc'
    path.write_text('X:1\nM:4/4\nL:1/4\nK:C\nC2 C C|C4|C C C2|\n')
    fields = {'prompt': 'none', 'structure': 'AB', 'rhythm': str(path)}
    with pytest.raises(UserError) as error:
        task_of(**fields)
    assert '3 bars' in str(error.value)
    task = task_of(make_prompt(), bars_per_section=3, structure='AA', rhythm=str(path))
    for whole in drawn(task, num_samples=4):
        onsets = np.flatnonzero(whole.events.reshape(-1, 48)[1] >= 0)
        assert set(onsets.tolist()) >= {16, 32, 36, 40}


def test_the_folder_of_whole_tunes(undrawn, tmp_path):
    """Both places hold the whole tune; samples.json says of what it consists; the page plays it."""
    task = asked('AABA', {'half_cadences': True}, 'pickup', '4/4')
    pieces = compose_for(task, num_samples=2)
    write_gallery(
        tmp_path / 'out',
        task.prompt,
        pieces,
        VOCABULARY,
        is_window=False,
        temperature=1.0,
        seed=0,
        settings={},
        model='toy',
        repeated=[0.0, 0.0],
        structure=task.structure,
    )
    whole = put_together(task.prompt, pieces[0], VOCABULARY, task.structure)
    for suffix in ('.mid', '.abc', '.musicxml'):
        alone, joined = tmp_path / 'out' / f'01{suffix}', tmp_path / 'out/joined' / f'01{suffix}'
        assert alone.read_bytes() == joined.read_bytes()
    assert quantize(parse_midi(alone.with_suffix('.mid').read_bytes())) == from_events(whole.events)
    row = json.loads((tmp_path / 'out/samples.json').read_text())[0]
    assert row['structure'] == 'AABA'
    assert [list(each.values()) for each in row['sections']] == [
        ['A', 1, 2, 'fifth'],
        ['A', 3, 2, 'tonic'],
        ['B', 5, 2, 'fifth'],
        ['A', 7, 2, 'tonic'],
    ]
    page = (tmp_path / 'out/index.html').read_text()
    data = json.loads(re.search('const DATA = (.*);\n', page)[1])
    notes = [[each.onset, each.end, each.pitch] for each in from_events(whole.events)]
    assert [note[:3] for note in data['pieces'][0]['notes']] == notes
    assert (data['pieces'][0]['first'], data['pieces'][0]['end']) == (12, 9 * 16)
    assert '<h1>walk, continued as AABA</h1>' in page


def test_repeated_notes_on_the_staff_have_all_their_times():
    pytest.importorskip('verovio', reason='staff notation needs the package verovio')
    task = asked('AA', {}, 'walk', '4/4', num_bars=3)
    whole = put_together(task.prompt, compose_for(task)[0], VOCABULARY, task.structure)
    forms = written_forms(whole.events, task.prompt, 0, 'Whole', whole.sections)
    notes = to_notes(from_events(whole.events), 4)
    bars = to_bars(notes, bar_of('4/4'), 6)
    measures = lay_out(bars, whole.sections)
    svg = engrave(forms['.musicxml'], bars, 16, whole.is_drawn, 1, measures)
    found = re.findall(r'class="note (\w+)" data-at="([\d ]+)" data-end="([\d ]+)"', svg)
    assert [int(each) for _, at, _ in found for each in at.split()[:1]] == [
        16 * measure.played[0] + sign.step
        for measure in measures
        for sign in bars[measure.played[0]]
        if sign.pitch is not None
    ]
    # the prompt's bar is played twice, as is the second; the third has two endings, or none
    twice = [at for _, at, _ in found if int(at.split()[0]) < 32]
    assert all(np.diff(list(map(int, at.split()))).tolist() == [48] for at in twice)
    assert {kind for kind, at, _ in found if int(at.split()[0]) < 16} == {'given'}


@pytest.mark.parametrize('states_key', [True, False])
def test_the_user_s_key_counts(states_key):
    """It decides tonic and scale, and says so where the prompt states another; notes stay."""
    prompt = dataclasses.replace(make_prompt(), states_key=states_key)
    task = task_of(prompt, key='Ador', scale='prompt', end_on_tonic=True)
    assert (task.prompt.key, task.prompt.states_key) == (Key(1, 'dorian'), True)
    assert task.prompt.events is prompt.events
    said = [each for each in task.notices if 'C major' in each and 'A dorian' in each]
    assert len(said) == states_key == len(task.notices)
    assert task_of(prompt, key='C').prompt.key == Key(0)
    assert task_of(prompt, key='C').notices == ()
    with pytest.raises(UserError):
        task_of(prompt, key='H')


def test_fields_without_effect_are_said():
    fields = {'key': 'D', 'meter': '6/8', 'half_cadences': True, 'bars_per_section': 4}
    said = task_of(**fields).notices
    for name in fields:
        assert sum(f'config.sample.{name} =' in each for each in said) == 1
    whole = task_of(prompt='none', structure='AA', **fields).notices
    assert not any(f'config.sample.{name} =' in each for name in fields for each in whole)


@pytest.mark.parametrize(
    ('fields', 'other'),
    [
        ({'max_copied_from_prompt': 4, 'prompt': 'none'}, 'prompt'),
        ({'transpose': False, 'prompt': 'none'}, 'prompt'),
        ({'tune': 2, 'prompt': 'none'}, 'prompt'),
        ({'scale': 'prompt', 'prompt': 'none'}, 'prompt'),
        ({'tune': 2}, 'prompt'),
        ({'part': 2}, 'prompt'),
        ({'ends': False, 'regenerate': '2'}, 'regenerate'),
        ({'num_bars': 2, 'regenerate': '2'}, 'regenerate'),
        ({'redraw_stuck': True, 'max_redraws': 0}, 'max_redraws'),
        ({'rank': 'originality'}, 'num_candidates'),
    ],
)
def test_each_field_without_effect_is_said(fields, other):
    name, config = next(iter(fields)), settings_of(**fields).sample
    said = task_of(**fields).notices
    assert len(said) == 1
    assert f'config.sample.{name} = {config[name]!r}' in said[0]
    assert f'config.sample.{other} = {config[other]!r}' in said[0]
    assert task_of(**{name: config[name] for name in fields if name != 'prompt'}) is not None


def test_what_is_said_of_a_file_is_said_once(tmp_path):
    path = tmp_path / 'both.abc'
    path.write_text('X:1\nM:4/4\nL:1/4\nK:C\n"C"CEGE|"F"FAcA|\n')
    task = task_of(prompt=str(path), rhythm=str(path))
    said = [*task.prompt.notices, *task.notices]
    assert said == ['both.abc: chord symbols left out']


@pytest.mark.parametrize(
    ('key', 'scale', 'fields', 'num_said'),
    [
        ('D', 'Ebmajor', {'end_on_tonic': True}, 1),
        ('D', 'Ebmajor', {'structure': 'AB'}, 1),
        ('D', 'A mixolydian', {'end_on_tonic': True}, 1),
        ('D', 'Ebmajor', {}, 0),
        ('D', 'D mixolydian', {'end_on_tonic': True}, 0),
        ('D', 'prompt', {'end_on_tonic': True}, 0),
    ],
)
def test_the_tonic_of_another_scale_is_said(key, scale, fields, num_said):
    said = task_of(make_prompt(), key=key, scale=scale, **fields).notices
    told = [each for each in said if f'config.sample.scale = {scale!r}' in each]
    assert len(told) == num_said
    assert all('D major' in each for each in told)
