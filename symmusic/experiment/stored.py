"""The stored measures of an arm, and whether they are still valid. Files are written atomically, so
one that exists is complete.
"""

import logging
import pathlib

from ml_collections import ConfigDict

from symmusic.config import runs
from symmusic.config.field import Change
from symmusic.config.fields import names_of
from symmusic.config.protocol import base_config
from symmusic.errors import UserError
from symmusic.files import read_digested

log = logging.getLogger(__name__)
MEASURED = 4  # version of the stored measures of a replica: increased with any change of a measure
# `FREE` fields that do not affect an arm's pieces or their measures
UNMEASURED = (
    *(name for name in names_of(Change.FREE) if not name.startswith(('sample.', 'evaluate.'))),
    'sample.keep_distributions',
    'sample.wav',
    'sample.sound_font',
)


def key_of(config: ConfigDict) -> dict:
    """The settings that an arm's measures depend on; stored with these."""
    return {'version': MEASURED, 'config': runs.to_dict(config)}


def read_stored(path: pathlib.Path, wanted: dict) -> dict | None:
    """The stored measures of an arm with the same settings; None if there are none. The stored
    config may lack newer fields, or differ in `UNMEASURED` ones. A damaged file is reported and
    replaced.
    """
    try:
        stored = read_digested(path)
        of = stored.get('of', stored)
        base = base_config()
        known, now = (runs.from_dict(each['config'], base) for each in (of, wanted))
        is_same = not runs.differences(known, now, UNMEASURED)
        return stored if is_same and of | {'config': wanted['config']} == wanted else None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UserError) as error:
        log_damaged(path, error)
        return None


def log_damaged(path: pathlib.Path, error: Exception) -> None:
    """Logs that a file is damaged."""
    log.info(f'{path} is damaged ({" ".join(str(error).split())[:200]}); it is made again')
