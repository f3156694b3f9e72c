"""Statistics of a corpus: counts, ranges and distributions as numbers, text, JSON lines, plots."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from symmusic.corpus.cache import Corpus
from symmusic.corpus.drops import count_dropped_meters, count_drops, count_notices
from symmusic.corpus.duplicates import distinct
from symmusic.corpus.meters import find_meters
from symmusic.corpus.overlap import measure_overlap
from symmusic.corpus.prepare import Tune
from symmusic.corpus.split import LEAST_FAMILIES
from symmusic.corpus.windows import count_windows, cut_windows
from symmusic.melody.encodings import VOCABULARIES, Vocabulary
from symmusic.melody.events import NO_EVENT, NOTE_OFF, from_events
from symmusic.score.bar import SIXTEENTHS

# the result of `_of_music` without any tune
NOTHING = {
    'num_windows': 0,
    'num_distinct_windows': 0,
    'num_classes': 0,
    'min_pitch': None,
    'max_pitch': None,
    'num_steps': 0,
    'num_notes': 0,
    'num_encoded_notes': 0,
    'num_notes_read': 0,
    'num_notes_moved': 0,
    'num_tunes_moved': 0,
    'share_moved': None,
    'class_frequencies': {},
    'event_frequencies': {},
    'note_lengths': {},
    'keys': {},
    'styles': {},
}


def compute_statistics(
    corpus: Corpus,
    *,
    encoding: str,
    window_steps: int,
    hop_steps: int,
    keep_last: bool,
    split_seed: int | None = None,
    steps_per_quarter: int = SIXTEENTHS,
) -> dict:
    """The numbers of `stats.json`; if no tune is kept, counts are zero and measures null.

    `event_frequencies` are shares of all steps of the kept tunes (each pitch by its number);
    `note_lengths` are shares of all notes by length in steps, those of a whole note or more
    together; of the `num_notes_read` in the files of the kept tunes, `num_notes_moved` start or end
    between the steps and were moved to the nearest, a share of `share_moved`, in `num_tunes_moved`
    tunes;
    `kept_meters` count the kept tunes by metre, `dropped_meters` those that `dropped` counts under
    'meter'; `keys` count kept tunes; `styles` are those of named corpora. Windows, classes,
    `class_frequencies` (shares of all tokens; 'blank' is no class) and `num_encoded_notes` (notes
    that the tokens distinguish) depend on the encoding. `overlap` is that of the held-out tunes
    with the training tunes, as split by `split_seed`; null without one and if the corpus is too
    small to split.
    """
    kept = corpus.kept
    sizes = np.unique(corpus.families, return_counts=True)[1]
    statistics = {
        'corpus': corpus.name,
        'fingerprint': corpus.fingerprint,
        'num_files': corpus.num_files,
        'num_tunes': len(corpus.tunes),
        'num_kept': len(kept),
        'num_families': len(sizes),
        'largest_family': int(sizes.max(initial=0)),
        'overlap': _overlap(corpus, split_seed),
        'dropped': count_drops(corpus.tunes),
        'notices': count_notices(corpus.tunes),
        'kept_meters': _counted(tune.meter for tune in kept),
        'dropped_meters': count_dropped_meters(corpus.tunes),
        'encoding': encoding,
        'steps_per_quarter': steps_per_quarter,
        'window_steps': window_steps,
        'hop_steps': hop_steps,
    }
    if not kept:
        return statistics | NOTHING
    return (
        statistics
        | NOTHING
        | _of_music(kept, encoding, window_steps, hop_steps, keep_last, steps_per_quarter)
    )


def _of_music(
    kept: Sequence[Tune],
    encoding: str,
    window_steps: int,
    hop_steps: int,
    keep_last: bool,
    steps_per_quarter: int,
) -> dict:
    """Statistics of the kept tunes: windows, classes, events, notes, keys and styles."""
    cut = {
        'window_steps': window_steps,
        'hop_steps': hop_steps,
        'keep_last': keep_last,
        'encoding': VOCABULARIES[encoding],
    }
    phrases = [phrase for tune in kept for phrase in tune.phrases]
    vocabulary = VOCABULARIES[encoding].fit(phrases)
    windows = cut_windows(
        kept,
        vocabulary,
        window_steps,
        hop_steps,
        keep_last=keep_last,
        meters=find_meters(kept),
        steps_per_quarter=steps_per_quarter,
    )
    return (
        {'num_windows': len(windows), 'num_distinct_windows': distinct(windows)}
        | _of_classes(vocabulary, phrases)
        | _of_events(np.concatenate([tune.events for tune in kept]))
        | _of_notes(phrases, 4 * steps_per_quarter)
        | _of_moved(kept)
        | {'keys': _count_keys(kept), 'styles': _count_styles(kept, cut)}
    )


def _of_classes(vocabulary: Vocabulary, phrases: Sequence[np.ndarray]) -> dict:
    """The classes of the encoding, and how often each occurs."""
    tokens = [vocabulary.encode(phrase) for phrase in phrases]
    counts = np.bincount(np.concatenate(tokens), minlength=vocabulary.num_classes + 1)
    return {
        'num_classes': vocabulary.num_classes,
        'min_pitch': vocabulary.min_pitch,
        'max_pitch': vocabulary.max_pitch,
        'num_encoded_notes': sum(int((vocabulary.decode(each) >= 0).sum()) for each in tokens),
        'class_frequencies': {
            name: float(count / counts.sum())
            for name, count in zip([*vocabulary.class_names, 'blank'], counts, strict=True)
            if count
        },
    }


def _of_events(events: np.ndarray) -> dict:
    """How many steps there are, and the share of each event."""
    names = {NO_EVENT: 'no event', NOTE_OFF: 'note off'}
    return {
        'num_steps': len(events),
        'event_frequencies': {
            names.get(int(event), str(event)): count / len(events)
            for event, count in zip(*np.unique(events, return_counts=True), strict=True)
        },
    }


def _of_moved(tunes: Sequence[Tune]) -> dict:
    """How many notes of the files are off the grid."""
    num_read, num_moved = (
        sum(getattr(tune, name) for tune in tunes) for name in ('num_read', 'num_moved')
    )
    return {
        'num_notes_read': num_read,
        'num_notes_moved': num_moved,
        'num_tunes_moved': sum(tune.num_moved > 0 for tune in tunes),
        'share_moved': num_moved / num_read if num_read else None,
    }


def _of_notes(phrases: Sequence[np.ndarray], most_steps: int) -> dict:
    """How many notes there are, and the share of each length; those of `most_steps` and longer ones
    are counted together.
    """
    notes = [note for phrase in phrases for note in from_events(phrase)]
    lengths = np.bincount(
        [min(note.end - note.onset, most_steps) for note in notes], minlength=most_steps + 1
    )[1:] / len(notes)
    return {
        'num_notes': len(notes),
        'note_lengths': {
            f'{length}{"+" if length == most_steps else ""}': float(share)
            for length, share in enumerate(lengths, 1)
            if share > 0
        },
    }


def _count_keys(tunes: Sequence[Tune]) -> dict[str, int]:
    """How many tunes are in each key, the most common first."""
    return _counted(tune.key for tune in tunes)


def _counted(names: Iterable[str]) -> dict[str, int]:
    """How often each name occurs, the most common first; ties in alphabetical order."""
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))


def _count_styles(tunes: Sequence[Tune], cut: dict) -> dict[str, dict[str, int]]:
    """How many tunes and windows each style has; `cut` are arguments of `count_windows`."""
    return {
        style: {
            'num_kept': sum(tune.style == style for tune in tunes),
            'num_windows': sum(count_windows(tune, **cut) for tune in tunes if tune.style == style),
        }
        for style in sorted({tune.style for tune in tunes if tune.style})
    }


def _overlap(corpus: Corpus, split_seed: int | None) -> dict | None:
    if split_seed is None or len(set(corpus.families.tolist())) < LEAST_FAMILIES:
        return None
    split = corpus.split(split_seed)
    return dataclasses.asdict(measure_overlap([*split.validation, *split.test], split.train))
