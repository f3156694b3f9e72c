"""The encodings: how events become tokens (classes of a softmax) and back.

An encoding is one file here with a frozen dataclass that holds its vocabulary and offers what `melody.MelodyVocabulary` offers:
`fit`, `encode`, `decode`, `num_classes`, `class_names`, `to_json`. It joins by a line in `VOCABULARIES`.
"""

from collections.abc import Mapping

from symmusic.errors import UserError
from symmusic.melody.encodings.melody import MelodyVocabulary

Vocabulary = MelodyVocabulary  # what the rooms after this one handle, whichever encoding it is of
VOCABULARIES = {'melody': MelodyVocabulary}


def vocabulary_from_json(fields: Mapping) -> Vocabulary:
    """The vocabulary that a checkpoint stores; the way back of its `to_json`.

    Raises:
      UserError: the fields are not those of a known encoding.
    """
    try:
        fields = dict(fields)
        return VOCABULARIES[fields.pop('encoding')](**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f'damaged vocabulary {dict(fields)}: {error}; encodings are {", ".join(VOCABULARIES)}') from error
