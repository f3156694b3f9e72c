"""Turns pieces of several voices into tunes, one per voice. Worker processes do this, as music21
takes a tenth of a second for each piece.
"""

import concurrent.futures
import dataclasses
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence

from symmusic.corpus.collections import Collection, SourceFile
from symmusic.corpus.prepare import Settings, Tune, prepare_score
from symmusic.errors import ScoreError, UserError
from symmusic.progress import track
from symmusic.score.meter import sounding_meters
from symmusic.score.notes import Meter, Score
from symmusic.score.voices import read_voices
from symmusic.streams import tunes_generator

VOICES_PER_PIECE = 4  # voices in most pieces, so a subset needs a quarter as many pieces as tunes
_FILES_PER_TASK = 4
_FEW = 4  # up to this many files are read without starting workers


def prepare_voice(score: Score, file: str, collection: Collection, settings: Settings) -> Tune:
    """Prepares one voice with `prepare_score`, in the collection's own metre if it has one; a voice
    that is not kept has the reason.
    """
    meter = str(next(iter(sounding_meters(score)), ''))
    try:
        tune = prepare_score(
            _in_common_time(score, collection) if collection.meter else score, file, settings
        )
    except ScoreError as error:
        tune = Tune(file, title=score.title, reason=error.reason)
    return dataclasses.replace(tune, meter=meter, style=collection.style)


def _in_common_time(score: Score, collection: Collection) -> Score:
    """The score, whose bars must all be of the collection's metre, with each bar read as `num_bars`
    bars of 4/4.
    """
    other = [str(found) for found in sounding_meters(score) if str(found) != collection.meter]
    if other:
        raise ScoreError('meter', f'{other[0]}; kept is {collection.meter}')
    numerator, denominator = map(int, collection.meter.split('/'))
    ticks_per_quarter = score.ticks_per_quarter * numerator // (denominator * collection.num_bars)
    return dataclasses.replace(
        score,
        ticks_per_quarter=ticks_per_quarter,
        meters=tuple(Meter(found.tick, 4, 4) for found in score.meters),
        pickup=score.pickup % (4 * ticks_per_quarter),
    )


def prepare_piece(file: SourceFile, collection: Collection, settings: Settings) -> list[Tune]:
    """Every voice of a piece, numbered from the top; for a bad file a single tune with the
    reason.
    """
    try:
        voices = read_voices(file.path)
    except ScoreError as error:
        return [Tune(file.name, reason=error.reason, style=collection.style)]
    except OSError:
        return [Tune(file.name, reason='unreadable file', style=collection.style)]
    return [
        prepare_voice(score, f'{file.name}#{number}', collection, settings)
        for number, score in enumerate(voices, 1)
    ]


def prepare_pieces(
    files: Sequence[SourceFile],
    collection: Collection,
    settings: Settings,
    *,
    max_tunes: int = 0,
    seed: int = 0,
    num_workers: int = 0,
) -> list[Tune]:
    """Prepares every voice of the files, in their order, whatever the number of workers.

    Args:
      files: where the pieces are.
      collection: what they are.
      settings: how they are prepared.
      max_tunes: at most this many voices, from pieces drawn by `seed`: a quarter as many pieces,
        so that few files are read; 0 takes all.
      seed: of that draw.
      num_workers: processes; 0 takes one per core that this process may use.

    Raises:
      UserError: a worker was killed.
    """
    num_files = -(-max_tunes // VOICES_PER_PIECE)
    if 0 < num_files < len(files):
        drawn = tunes_generator(seed, max_tunes).choice(len(files), num_files, replace=False)
        files = [files[index] for index in sorted(drawn)]
    num_workers = min(num_workers or _num_cores(), -(-len(files) // _FILES_PER_TASK))
    if num_workers <= 1 or len(files) <= _FEW:
        tunes = [
            tune
            for file in track(files, 'piece')
            for tune in prepare_piece(file, collection, settings)
        ]
    else:
        tunes = _in_workers(files, collection, settings, num_workers)
    return tunes[:max_tunes] if max_tunes else tunes


def _in_workers(files, collection, settings, num_workers) -> list[Tune]:
    # Spawned, not forked: JAX's threads do not survive a fork.
    pool = concurrent.futures.ProcessPoolExecutor(
        num_workers, multiprocessing.get_context('spawn'), initializer=_begin_worker
    )
    try:
        with pool:
            num = len(files)
            found = pool.map(
                prepare_piece,
                files,
                [collection] * num,
                [settings] * num,
                chunksize=_FILES_PER_TASK,
            )
            try:
                return [
                    tune
                    for _, tunes in zip(track(files, 'piece'), found, strict=True)
                    for tune in tunes
                ]
            except BaseException:  # mainly for Ctrl-C: cancel tasks that have not started
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    except concurrent.futures.process.BrokenProcessPool as error:
        raise UserError(
            'a process that reads the corpus was killed; free memory and start again'
        ) from error


def _begin_worker() -> None:
    """Sets up a worker. It ignores Ctrl-C, which reaches every process of the terminal, as the main
    process ends the workers. If the main process dies, the worker detects it and ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow():
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _num_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
