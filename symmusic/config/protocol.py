"""The values that `data.protocol` gives to fields that are 'auto'. Pure functions over configs."""

from ml_collections import ConfigDict

from symmusic.config.field import AUTO
from symmusic.config.fields import FIELDS, data, defaults

PROTOCOLS = {
    protocol: {name: field.protocols[protocol] for name, field in FIELDS.items() if field.protocols}
    for protocol in data.PROTOCOLS
}
FILLED = PROTOCOLS['symmusic']  # each field that a protocol fills, with a value of its type
# each field that may be a word such as 'auto', with a value of its other type
UNTYPED = FILLED | {name: field.usual for name, field in FIELDS.items() if field.usual is not None}


def resolve(config: ConfigDict) -> ConfigDict:
    """A copy with the protocol's values in place of 'auto', to be used from here on; an unknown
    protocol is left for `check` to report.
    """
    values = config.to_dict()
    group = values.get('data')
    chosen = group.get('protocol') if isinstance(group, dict) else None
    if isinstance(chosen, str) and chosen in PROTOCOLS:
        for name, value in PROTOCOLS[chosen].items():
            leaf = name.removeprefix('data.')
            if isinstance(group.get(leaf), str) and group[leaf] == AUTO:
                group[leaf] = value
                if leaf == 'hop_steps' and group.get('steps_per_quarter') == 12:
                    group[leaf] = 3 * value  # a bar of 4/4 on either grid
    if isinstance(group, dict) and group.get('meters') == 'all':
        group['meters'] = ('all',)
    return ConfigDict(values)


def base_config() -> ConfigDict:
    """Every field with its default, 'auto' values resolved."""
    return resolve(defaults()).lock()


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
