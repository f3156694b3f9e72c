"""The section of an evaluation's report that compares the run with the figures of the thesis."""

from symmusic.measures.feature_table import Briefly
from symmusic.measures.features import FEATURES
from symmusic.originality.plagiarism import Similarity
from symmusic.report.blocks import Code, Items, Section, Spans, Strong, Text, table
from symmusic.thesis.published import GROUPS, Published
from symmusic.wording import number, spread

HEADING = 'Beside the published figures'


def published_section(
    published: Published, own: Briefly, similarity: Similarity, protocol: str
) -> Section:
    """The figures of the matching arms of the thesis next to the run's; a sentence if there are
    none.
    """
    arms = published.arms
    if not arms:
        return Section(HEADING, (Text(published.note),))
    head = ['', 'this run: KLD', 'OA']
    for arm in arms:
        head += [f'table {arm.table}: KLD', 'OA']
    rows = []
    for group, names in (('features', FEATURES), ('averages', GROUPS)):
        for name in names:
            pairs = [getattr(each, group)[name] for each in (own, *arms)]
            cells = [value for pair in pairs for value in (pair.kld, pair.oa)]
            title = f'{name} average' if group == 'averages' else name
            rows.append([title, *map(number, cells)])
    scores = [similarity, *(arm.similarity for arm in arms)]
    rows.append(['plagiarism: mean (SD), unusable'])
    for each in scores:
        rows[-1] += [spread(each.mean, each.sd), str(each.unusable)]
    titles = '; '.join(f'table {arm.table}: {arm.title}' for arm in arms)
    about = (
        f'{published.source}: {titles}. ',
        Strong('The corpora differ'),
        f': the published figures are of its own {arms[0].corpus}, 100,000 windows, one seed,'
        ' one draw of 100 pieces. Those of this run are means over its draws; plagiarism is of the'
        ' first.',
    )
    items: list[Spans] = [
        f'what else differs from table {arm.table}, its own in brackets:'
        f' {"; ".join(arm.differences)}'
        for arm in arms
        if arm.differences
    ]
    if protocol != 'thesis':
        what = "KLD and OA of this run are not by the thesis's definitions; "
        items.append((what, Code('--config.evaluate.protocol=thesis'), ' takes those'))
    listed = [Items(tuple(items))] if items else []
    return Section(HEADING, (table(head, rows, HEADING), Text(about), *listed))
