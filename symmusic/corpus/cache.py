"""Prepared corpora on disk, under a key of everything they depend on."""

import dataclasses
import functools
import hashlib
import io
import json
import logging
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from symmusic.corpus.collections import (
    Collection,
    SourceFile,
    find_collections,
    list_collections,
    music21_version,
)
from symmusic.corpus.pieces import prepare_pieces
from symmusic.corpus.prepare import Settings, Tune, fingerprint, prepare_files
from symmusic.corpus.split import Split, find_families, split_by_names, split_styles
from symmusic.errors import UserError
from symmusic.files import cache_folder, write_whole
from symmusic.score.musicxml_reader import SUFFIXES as XML_SUFFIXES

log = logging.getLogger(__name__)
FORMAT = 16  # version of the cache's files and of preparation: increase it when either changes


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A prepared corpus: every tune, kept or dropped, in the order of file names, and the family of
    each kept one.

    `notices` are lines for the user: terms of use, and whether the cache was damaged or could not
    be written. `held_out` maps `VALIDATION` and `TEST` to the files of tunes that a model was not
    trained on, if these are known by name; if it is None, the split is drawn at random.
    """

    name: str
    num_files: int
    tunes: tuple[Tune, ...]
    families: np.ndarray
    from_cache: bool = False
    notices: tuple[str, ...] = ()
    held_out: Mapping[str, Iterable[str]] | None = None

    @property
    def kept(self) -> list[Tune]:
        """The tunes that were not dropped."""
        return [tune for tune in self.tunes if tune.kept]

    @functools.cached_property
    def family_of(self) -> dict[str, int]:
        """The family of each kept tune, keyed by the tune's file."""
        return {
            tune.file: int(family) for tune, family in zip(self.kept, self.families, strict=True)
        }

    def split(self, seed: int) -> Split:
        """The kept tunes of each part: drawn by `seed`, or as `held_out` says. Errors as in
        `split_styles`.
        """
        if self.held_out is not None:
            return split_by_names(self.kept, self.families, self.held_out)
        return split_styles(self.kept, self.families, seed)

    @property
    def fingerprint(self) -> str:
        """A short hash of the kept tunes."""
        return fingerprint(self.tunes)


def load_corpus(
    name: str,
    settings: Settings,
    *,
    max_tunes: int = 0,
    seed: int = 0,
) -> Corpus:
    """Loads a corpus from the cache, or prepares and caches it; each of its collections has its own
    cache file.

    The cache's key depends on the files, the settings and the format. A damaged cache is detected,
    reported in `notices` and replaced. Preparation is announced in the log, as it may take minutes.
    At most `max_tunes` are read (0: all), drawn by `seed`, equally many of each style.

    Raises:
      UserError: there is no such corpus.
    """
    found, names = find_collections(name), list_collections(name)
    shares = share_tunes([(collection.style, len(files)) for collection, files in found], max_tunes)
    parts = [
        _load_collection(own, collection, files, settings, max_tunes=share, seed=seed)
        for own, (collection, files), share in zip(names, found, shares, strict=True)
        if share or not max_tunes
    ]
    if len(found) == 1:
        return parts[0]
    tunes = sorted(
        (tune for part in parts for tune in part.tunes),
        key=lambda tune: tune.file.rpartition('#')[0] or tune.file,
    )
    return Corpus(
        name,
        sum(len(files) for _, files in found),
        tuple(tunes),
        find_families([tune for tune in tunes if tune.kept]),
        from_cache=all(part.from_cache for part in parts),
        notices=tuple(notice for part in parts for notice in part.notices),
    )


def share_tunes(sizes: Sequence[tuple[str, int]], max_tunes: int) -> list[int]:
    """How `max_tunes` tunes are shared among collections, given as (style, number of files):
    equally among the styles, and within a style in proportion to the files.
    """
    styles = list(dict.fromkeys(style for style, _ in sizes))
    shares = []
    left = {
        style: max_tunes // len(styles) + (rank < max_tunes % len(styles))
        for rank, style in enumerate(styles)
    }
    num_files = {style: sum(size for other, size in sizes if other == style) for style in styles}
    for style, size in sizes:
        share = round(left[style] * size / num_files[style])
        shares.append(share)
        left[style] -= share
        num_files[style] -= size
    return shares


def _load_collection(
    name: str,
    collection: Collection,
    files: Sequence[SourceFile],
    settings: Settings,
    *,
    max_tunes: int,
    seed: int,
) -> Corpus:
    path = cache_folder() / f'corpus-{_key(collection, files, settings, max_tunes, seed)}.bin'
    notices = [collection.notice] if collection.notice else []
    if path.exists():
        try:
            return dataclasses.replace(
                _from_bytes(path.read_bytes(), path.name),
                name=name,
                from_cache=True,
                notices=tuple(notices),
            )
        except (OSError, ValueError) as error:
            notices.append(f'the cached corpus {path} is damaged ({error}); preparing it again')
    log.info(f'preparing corpus {name} (once; then it is in the cache)')
    how = {'max_tunes': max_tunes, 'seed': seed}
    if collection.has_voices:
        tunes = prepare_pieces(files, collection, settings, **how)
    else:
        tunes = [
            dataclasses.replace(tune, style=collection.style)
            for tune in prepare_files(files, settings, **how)
        ]
    corpus = Corpus(
        name, len(files), tuple(tunes), find_families([tune for tune in tunes if tune.kept])
    )
    try:
        write_whole(path, _to_bytes(corpus, path.name))
    except UserError as error:
        notices.append(f'the prepared corpus is not cached: {error} (SYMMUSIC_CACHE names it)')
    return dataclasses.replace(corpus, notices=tuple(notices))


def _key(
    collection: Collection,
    files: Sequence[SourceFile],
    settings: Settings,
    max_tunes: int,
    seed: int,
) -> str:
    def content(file: SourceFile) -> str:
        try:
            with open(file.path, 'rb') as content:
                return hashlib.file_digest(content, 'sha256').hexdigest()
        except OSError:
            return 'unreadable'  # preparation will drop and count it

    contents = [(file.name, content(file)) for file in files]
    subset = (max_tunes, seed) if max_tunes else ()
    kind = [
        collection.style,
        collection.meter,
        collection.num_bars,
        music21_version() if _needs_music21(collection, files) else '',
    ]
    return hashlib.sha256(
        json.dumps([FORMAT, contents, dataclasses.asdict(settings), subset, kind]).encode()
    ).hexdigest()[:24]


def _needs_music21(collection: Collection, files: Sequence[SourceFile]) -> bool:
    return collection.has_voices or any(file.path.suffix.lower() in XML_SUFFIXES for file in files)


def _to_bytes(corpus: Corpus, name: str) -> bytes:
    """A checksum, then a zip file of the tunes' fields as JSON and all events in one array. The
    checksum covers the zip file and the name of the cache file, which identifies its contents.
    """
    fields = [
        {
            **dataclasses.asdict(dataclasses.replace(tune, phrases=())),
            'phrases': [len(phrase) for phrase in tune.phrases],
        }
        for tune in corpus.tunes
    ]
    header = json.dumps(
        {'format': FORMAT, 'name': corpus.name, 'num_files': corpus.num_files, 'tunes': fields}
    ).encode()
    phrases = [phrase for tune in corpus.tunes for phrase in tune.phrases]
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        header=np.frombuffer(header, np.uint8),
        events=np.concatenate([np.zeros(0, np.int8), *phrases]),
        families=corpus.families,
    )
    content = buffer.getvalue()
    return hashlib.sha256(name.encode() + content).digest() + content


def _from_bytes(data: bytes, name: str) -> Corpus:
    digest, content = data[:32], data[32:]
    if hashlib.sha256(name.encode() + content).digest() != digest:
        raise ValueError('its checksum differs')
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        header, events, families = (arrays[name] for name in ('header', 'events', 'families'))
    header = json.loads(header.tobytes())
    if header['format'] != FORMAT:
        raise ValueError(f'format {header["format"]}, not {FORMAT}')
    tunes, begin = [], 0
    for fields in header['tunes']:
        ends = begin + np.cumsum(fields['phrases'], dtype=np.int64)
        phrases = tuple(np.split(events[begin : ends[-1]], ends[:-1] - begin)) if len(ends) else ()
        begin = int(ends[-1]) if len(ends) else begin
        lists = {name: tuple(fields[name]) for name in ('gaps', 'notices', 'sections')}
        tunes.append(Tune(**{**fields, **lists, 'phrases': phrases}))
    if begin != len(events) or len(families) != sum(tune.kept for tune in tunes):
        raise ValueError('its parts do not fit together')
    return Corpus(header['name'], header['num_files'], tuple(tunes), families)
