"""Makes the report on a data directory: looks at it once, asks the Hub what is published, and writes the sections.

In go a folder and what to look at; out comes the HTML of one page. The same data give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.check.configs import configs_with_data
from tools.check.images.proven import Proven
from tools.check.images.walk import Depth
from tools.use.report.counts import Counted, counted
from tools.use.report.page import page
from tools.use.report.published import compare_all, find
from tools.use.report.show_agreement import show_agreement
from tools.use.report.show_changes import show_changes
from tools.use.report.show_clip import show_clip
from tools.use.report.show_contents import show_contents
from tools.use.report.show_distributions import show_distributions
from tools.use.report.show_duplicates import show_duplicates
from tools.use.report.show_findings import show_findings
from tools.use.report.show_gaps import show_gaps
from tools.use.report.tree import Tree, look_at


@dataclass(frozen=True)
class Settings:
    """What to report on: `configs` empty for all that have data, `repo_id` None to leave out what is published."""

    configs: Sequence[str] = ()
    depth: Depth = "deep"
    card: Path | None = None
    repo_id: str | None = None
    revision: str | None = None


def make_report(
    data_dir: Path,
    settings: Settings,
    *,
    proven: Proven | None = None,
    advance: Callable[[int], object] = lambda images: None,
    say: Callable[[str], None] = lambda line: None,
) -> str:
    """Return the page. `advance` is told how many more pictures were looked at, `say` of every wait for the Hub,
    and why the changes are not known.

    Raises ValueError, in one line, where there is nothing to report on, a card cannot be read, or a revision that was
    asked for is not there.
    """
    configs = configs_with_data(settings.configs, data_dir)
    published = None
    if settings.repo_id:  # first, for a name that is wrong is better said before a long look
        published = find(settings.repo_id, settings.revision, say)
        if published.why:
            say(f"the report will not say what has changed: {published.why}")
    tree = look_at(
        data_dir,
        configs,
        depth=settings.depth,
        card=settings.card,
        proven=proven,
        advance=advance,
    )
    if published and published.commit and settings.repo_id:
        compare_all(tree, published, settings.repo_id, say)
    counts = {size: _counted(tree, size) for size in tree.of_sizes()}
    sections = [
        show_contents(tree, published),
        show_findings(tree),
        show_distributions(tree, counts),
        show_gaps(tree, counts),
        show_agreement(tree),
        show_duplicates(tree),
        show_clip(tree),
        show_changes(tree, published),
    ]
    return page("DiffusionFER: report before a release", f"On {', '.join(configs)}.", sections)


def _counted(tree: Tree, size: str) -> Counted | str:
    rows = tree.of_sizes()[size].rows
    try:
        return counted(size, rows) if rows else "there is no sheet"
    except ValueError as error:
        return str(error)
