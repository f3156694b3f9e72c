"""The encodings: how events become tokens (classes of a softmax) and back.

An encoding is one file here with a subclass of `pitches.PitchVocabulary`. To add one, add a line to
`VOCABULARIES` and its name to the values of `data.encoding` in config/fields/data.py.
"""

from collections.abc import Mapping

from symmusic.errors import UserError
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.melody.encodings.pianoroll import FaithfulPianorollVocabulary, PianorollVocabulary
from symmusic.melody.encodings.pitches import PitchVocabulary as Vocabulary

VOCABULARIES: dict[str, type[Vocabulary]] = {
    each.encoding: each
    for each in (MelodyVocabulary, PianorollVocabulary, FaithfulPianorollVocabulary)
}


def vocabulary_from_json(fields: Mapping) -> Vocabulary:
    """The vocabulary that a checkpoint stores; the inverse of its `to_json`.

    Raises:
      UserError: the fields are not those of a known encoding.
    """
    try:
        fields = dict(fields)
        return VOCABULARIES[fields.pop('encoding')](**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f'damaged vocabulary {dict(fields)}: {error}; encodings are {", ".join(VOCABULARIES)}'
        ) from error
