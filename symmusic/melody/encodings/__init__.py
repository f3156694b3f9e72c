"""The encodings: how events become tokens (classes of a softmax) and back.

An encoding is one file here with a subclass of `vocabulary.PitchVocabulary`. To add one, add a line
to `VOCABULARIES` and its name to the values of `data.encoding` in config/fields/data.py.
"""

from collections.abc import Mapping

from symmusic.errors import UserError
from symmusic.melody.encodings.melody import MelodyVocabulary
from symmusic.melody.encodings.pianoroll import FaithfulPianorollVocabulary, PianorollVocabulary
from symmusic.melody.encodings.pitches import NoteVocabulary
from symmusic.melody.encodings.vocabulary import PitchVocabulary as Vocabulary

VOCABULARIES: dict[str, type[Vocabulary]] = {
    each.encoding: each
    for each in (
        MelodyVocabulary,
        PianorollVocabulary,
        FaithfulPianorollVocabulary,
        NoteVocabulary,
    )
}
OF_STEPS = tuple(name for name, each in VOCABULARIES.items() if each.of_steps)


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
