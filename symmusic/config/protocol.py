"""The values that `data.protocol` gives to fields that are 'auto'. Pure functions over configs."""

from typing import Any

from ml_collections import ConfigDict

AUTO = 'auto'
PROTOCOLS: dict[str, dict[str, Any]] = {
    'symmusic': {
        'data.meters': ('4/4', '2/2'),
        'data.align_pickups': True,
        'data.rests': 'phrase',
        'data.keep_last_window': True,
        'data.hop_steps': 16,
        'data.split': 'tune',
    },
    'thesis': {
        'data.meters': ('4/4',),
        'data.align_pickups': False,
        'data.rests': 'end',
        'data.keep_last_window': False,
        'data.hop_steps': 16,
        'data.split': 'window',
    },
}
FILLED = PROTOCOLS['symmusic']  # each field that a protocol fills, with a value of its type


def resolve(config: ConfigDict) -> ConfigDict:
    """A copy with the protocol's values in place of 'auto', which all that follows sees; an unknown
    protocol is left to `fields.check`.
    """
    values = config.to_dict()
    data = values.get('data')
    chosen = data.get('protocol') if isinstance(data, dict) else None
    if isinstance(chosen, str) and chosen in PROTOCOLS:
        for name, value in PROTOCOLS[chosen].items():
            leaf = name.removeprefix('data.')
            if isinstance(data.get(leaf), str) and data[leaf] == AUTO:
                data[leaf] = value
    return ConfigDict(values)


def deviation(config: ConfigDict) -> str:
    """How a resolved config departs from the thesis's protocol, in one line; '' if it does not, or
    follows another protocol.
    """
    if config.data.protocol != 'thesis':
        return ''
    values = {name: config.data[name.removeprefix('data.')] for name in FILLED}
    others = [
        f'{name} = {values[name]} (thesis: {value})'
        for name, value in PROTOCOLS['thesis'].items()
        if values[name] != value
    ]
    return f'data.protocol = thesis, except {", ".join(others)}' if others else ''
