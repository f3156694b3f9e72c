"""Hand-made pieces of several voices."""

from collections.abc import Sequence

# Two bars of 4/2; the lower voice, written first, is silent in the first.
FOUR_TWO = '\n'.join(
    [
        '!!!OTL: Agnus',
        '**kern\t**kern',
        '*Ibass\t*Icant',
        '*M4/2\t*M4/2',
        '=1\t=1',
        '0r\t1g',
        '.\t[1dd',
        '=2\t=2',
        '0G\t2dd]',
        '.\t2cc',
        '.\t1b',
        '==\t==',
        '*-\t*-',
        '',
    ]
)


def music_xml(
    bars: Sequence[Sequence[tuple[str, int, str]]],
    meter: tuple[int, int] = (4, 4),
    num_parts: int = 1,
) -> str:
    """One part in MusicXML, or several alike: bars of (name as 'C4', '+' before it joins it to a
    chord; quarters; further XML).
    """
    measures = ''
    for number, bar in enumerate(bars):
        measures += (
            '<measure'
            f' number="{number}"{" implicit=" + chr(34) + "yes" + chr(34) if number == 0 else ""}>'
        )
        if number == 0:
            measures += (
                f'<attributes><divisions>1</divisions><time><beats>{meter[0]}</beats>'
                f'<beat-type>{meter[1]}</beat-type></time></attributes>'
            )
        for name, quarters, further in bar:
            grace, other = (further, '') if 'grace' in further else ('', further)
            chord = '<chord/>' if name.startswith('+') else ''
            pitch = f'<pitch><step>{name[-2]}</step><octave>{name[-1]}</octave></pitch>'
            duration = '' if grace else f'<duration>{quarters}</duration>'
            measures += f'<note>{grace}{chord}{pitch}{duration}{other}</note>'
        measures += '</measure>'
    names = [f'P{number}' for number in range(1, num_parts + 1)]
    listed = ''.join(
        f'<score-part id="{name}"><part-name>{name}</part-name></score-part>' for name in names
    )
    parts = ''.join(f'<part id="{name}">{measures}</part>' for name in names)
    return (
        '<?xml version="1.0"?><score-partwise'
        f' version="3.1"><part-list>{listed}</part-list>{parts}</score-partwise>'
    )
