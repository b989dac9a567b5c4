"""One look at a data directory: what the linter finds, and what the pictures are, for all sections of the report.

In go the names of configs and a folder; out comes a Tree. It holds some hundred bytes of a picture, and of findings the
first few of each rule, however many there are. The rules are those of `validate`, with the same findings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import SPLITS
from tools.check.card.file import check_card_file
from tools.check.configs import check_lists
from tools.check.findings import Finding
from tools.check.images.compare import Comparison
from tools.check.images.duplicates import Seen
from tools.check.images.examine import HASH_SIDE
from tools.check.images.listing import Listing, read_listing, without_machine
from tools.check.images.proven import Proven
from tools.check.images.walk import BATCH, Depth, Images, Walk
from tools.check.sheet.read import Sheet, size_of
from tools.engine import threads
from tools.use.report.problems import Problems
from tools.use.rows import RawRows

SHA256_BYTES = 32


@dataclass
class Pictures:
    """The pictures of one config: what was read of each, by its place in `images.names`.

    `headers` counts (format, width, height); `sha256` and `looks` have the digests of the bytes and the perceptual
    hashes, as far as the depth of the look reaches.
    """

    images: Images
    sha256: Seen
    looks: Seen
    headers: Counter[tuple[str, int, int]] = field(default_factory=Counter)

    @property
    def config(self) -> str:
        """The name of the config."""
        return self.images.config

    @property
    def folder(self) -> str:
        """The name of the raw folder or zip."""
        return str(self.images.source.folder.name)

    @property
    def rows(self) -> Sheet | None:
        """The rows of the sheet of this size; None for EmoNet, or where there is no sheet that can be read."""
        return self.images.sheet

    @cached_property
    def files(self) -> pa.Array:
        """The name below the folder that each row of the sheet gives its picture."""
        if self.rows is None:
            return pa.array([], pa.string())
        return pc.replace_substring_regex(self.rows.text("path"), "^[^/]+/", "")

    @cached_property
    def splits(self) -> npt.NDArray[np.int64]:
        """The split of each picture by its place in SPLITS; -1 where it has no row, or a split that is none."""
        count, rows, index = len(self.images.names), self.rows, self.images.index
        if rows is None or index is None or not rows.has("split"):
            return np.full(count, -1, np.int64)
        codes = pc.index_in(rows.text("split"), pa.array(SPLITS)).take(index)
        return np.asarray(pc.fill_null(codes.cast(pa.int64()), -1).to_numpy(zero_copy_only=False))

    def name(self, place: int) -> str:
        """Return the name of a picture below the folder."""
        return str(self.images.names[place].as_py())


@dataclass
class Tree:
    """What is known of a data directory: its pictures by config, the problems, and how deep the look was."""

    data_dir: Path
    configs: list[str]
    depth: Depth
    problems: Problems
    pictures: dict[str, Pictures]
    looks: bool = False
    _raw: dict[str, RawRows | str] = field(default_factory=dict)

    def listing(self, config: str) -> Listing | None:
        """Return the files of a config, listed anew, for a list takes much memory; None where that fails."""
        return read_listing(config, str(self.data_dir))[0]

    def plain(self, error: Exception) -> str:
        """Return what an error says, on a line, without the path of the data directory: reports are sent to others."""
        said = str(getattr(error, "strerror", None) or error).partition("\n")[0]
        above = self.data_dir.resolve().parent  # a clone of upstream may be given itself
        said = without_machine(said, str(self.data_dir))
        said = without_machine(said, str(above)) if above.name else said
        for path in (self.data_dir.absolute(), self.data_dir.resolve()):
            said = said.replace(str(path), "the data directory") if path.name else said
        return said

    def raw(self, config: str) -> RawRows | str:
        """Return the rows of a config of EmoNet, read once, or why they cannot be read."""
        if config not in self._raw:
            try:
                self._raw[config] = RawRows(config, self.data_dir)
            except (OSError, ValueError) as error:
                self._raw[config] = self.plain(error)
        return self._raw[config]

    def of_sizes(self) -> dict[str, Pictures]:
        """Return for each size of faces the config whose pictures are shown, the originals where they are there."""
        found: dict[str, Pictures] = {}
        for config, pictures in self.pictures.items():
            if pictures.rows is not None:
                found.setdefault(size_of(config), pictures)
        return found


def look_at(
    data_dir: Path,
    configs: Sequence[str],
    *,
    depth: Depth,
    card: Path | None = None,
    proven: Proven | None = None,
    advance: Callable[[int], object] = lambda images: None,
) -> Tree:
    """Look at configs once: their lists, rows, annotations and, as deep as is asked for, every picture.

    `card` is a dataset card that is checked, too. What `proven` remembers is not read again. Raises ValueError for a
    card that cannot be read.
    """
    problems = Problems()
    if card:
        problems.add(check_card_file(card, card.name))
    findings, images = check_lists(configs, str(data_dir))
    problems.add(findings)
    del findings
    tree = Tree(data_dir, list(configs), depth, problems, {})
    for one in images:
        walk = Walk(one, depth, proven)
        tree.looks = walk.looks
        count = len(one.names)
        looked = Pictures(
            one,
            Seen(count if depth != "quick" else 0, SHA256_BYTES),
            Seen(count if walk.looks else 0, HASH_SIDE**2 // 8),
        )
        problems.add(_walked(looked, walk, depth, proven, advance))
        tree.pictures[one.config] = looked
    return tree


def _walked(
    looked: Pictures,
    walk: Walk,
    depth: Depth,
    proven: Proven | None,
    advance: Callable[[int], object],
) -> Iterator[Finding]:
    """Yield what is wrong with the pictures of a config, each by itself and among each other; keep what they are."""
    compared = Comparison(looked.images, looks=walk.looks, bytes_read=depth != "quick")
    try:
        with threads() as engine:
            for _, outcomes in engine.run(walk.batch, looked.images.batches(BATCH[depth])):
                for outcome in outcomes:
                    yield from outcome.findings
                    if not (facts := outcome.facts):
                        continue
                    place, header = outcome.image.place, facts.header
                    compared.add(place, facts, outcome.image.row)
                    looked.headers[header.format, header.width, header.height] += 1
                    if facts.sha256 and len(looked.sha256):
                        looked.sha256.add(place, facts.sha256)
                    if facts.look and len(looked.looks):
                        looked.looks.add(place, facts.look)
                    if proven and outcome.clean:
                        proven.remember(outcome.stamp, facts)
                advance(len(outcomes))
    finally:
        walk.stop.set()
        if proven:
            proven.flush()
    yield from compared.findings()
