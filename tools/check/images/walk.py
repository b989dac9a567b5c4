"""Goes through the images of a config once, in threads, and yields what is wrong with each and between them.

In go a raw folder, the names of its images and their rows in the sheet; out come findings, as they are found. An image
takes a few tens of bytes of memory while its config is checked: the digests that tell duplicates, and its size.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal

import pyarrow as pa
from PIL.Image import Image as Pixels

from tools.check.findings import Finding
from tools.check.images.compare import Comparison
from tools.check.images.content import Recorded, check_sha256, content_findings, not_recorded, unreadable
from tools.check.images.examine import Look, examine, perceptual_hash
from tools.check.images.formats import format_of, header_of_head, too_large
from tools.check.images.header import face_box_findings, header_findings
from tools.check.images.proven import Facts, Proven
from tools.check.images.recipe import COLUMNS, parse_parameters, recipe_digest, recipe_findings
from tools.check.images.rules import BOMB, IMAGE_BROKEN
from tools.check.images.source import Source, Stamp
from tools.check.sheet.read import SHA256_COLUMNS, Sheet

Depth = Literal["quick", "default", "deep"]
# Images a thread takes at a time: handing them over costs more than a look at a small PNG; but at the end one thread
# waits for what another still has to decode.
BATCH: dict[Depth, int] = {"quick": 32, "default": 32, "deep": 8}
AHEAD = 3  # batches a thread, that are being worked on or wait for it


@dataclass(frozen=True)
class Image:
    """One image: its place among those of its config, its name below the raw folder, and what the sheet says of it.

    `index` is that of its row in the sheet's table and `row` the cells that rules on images use; None without a row.
    """

    place: int
    name: str
    index: int | None = None
    row: dict[str, Any] | None = None


@dataclass(frozen=True)
class Images:
    """The images of a config: their names below the raw folder, and where in `sheet` each has its row (null: none)."""

    config: str
    source: Source
    names: pa.Array
    sheet: Sheet | None = None
    index: pa.Array | None = None

    @property
    def variant(self) -> str:
        """Original, cropped, or for EmoNet the name of the set."""
        return self.config.rpartition("_")[2]

    def batches(self, size: int) -> Iterator[list[Image]]:
        """Yield the images in order, `size` at a time."""
        wanted = [*COLUMNS, "split", "face_box", *SHA256_COLUMNS.values()]
        table = self.sheet.table.select([c for c in wanted if self.sheet.has(c)]) if self.sheet else None
        for start in range(0, len(self.names), size):
            names = self.names[start : start + size].to_pylist()
            indices: list[int | None] = [None] * len(names)
            rows: dict[int, dict[str, Any]] = {}
            if table is not None and self.index is not None:
                indices = self.index[start : start + size].to_pylist()
                given = [index for index in indices if index is not None]
                rows = dict(zip(given, table.take(pa.array(given, pa.int64())).to_pylist(), strict=True))
            yield [
                Image(start + number, name, index, None if index is None else rows[index])
                for number, (name, index) in enumerate(zip(names, indices, strict=True))
            ]


@dataclass
class Outcome:
    """What became of an image: its findings, and, where its bytes are whole, what is known of them."""

    image: Image
    findings: list[Finding]
    facts: Facts | None = None
    stamp: Stamp | None = None
    thumbnail: Pixels | None = None  # of which the perceptual hash is to be made
    clean: bool = False  # nothing is wrong with the bytes in themselves: they may be remembered


def images_findings(
    images: Images, *, depth: Depth, proven: Proven | None, workers: int, advance: Callable[[int], object]
) -> Iterator[Finding]:
    """Yield what is wrong with the images of a config. `advance` is told how many more are done.

    No more than a few batches are under way at a time. Whoever stops reading, stops the threads after the image that
    each is at.
    """
    look = perceptual_hash() if depth == "deep" else None
    walk = _Walk(images, depth, proven, look)
    compared = Comparison(images, looks=look is not None, bytes_read=depth != "quick")
    pool = ThreadPoolExecutor(workers, "check")
    under_way: deque[Future[list[Outcome]]] = deque()
    try:
        for batch in images.batches(BATCH[depth]):
            under_way.append(pool.submit(walk.batch, batch))
            if len(under_way) >= workers * AHEAD:
                yield from walk.gather(under_way.popleft().result(), compared, advance)
        while under_way:
            yield from walk.gather(under_way.popleft().result(), compared, advance)
    finally:
        walk.stop.set()
        pool.shutdown(cancel_futures=True)
        if proven:
            proven.flush()
    yield from compared.findings()


def _add_looks(outcomes: Sequence[Outcome], look: Look) -> None:
    """Add the perceptual hashes to the facts of those images that have a thumbnail, all at once: that is faster."""
    seen = [(outcome, outcome.facts, outcome.thumbnail) for outcome in outcomes if outcome.facts and outcome.thumbnail]
    if seen:
        hashes = look([thumbnail for _, _, thumbnail in seen])
        for (outcome, facts, _), bits in zip(seen, hashes, strict=True):
            outcome.facts, outcome.thumbnail = replace(facts, look=bits), None


class _Walk:
    """Looks at images, in any thread."""

    def __init__(self, images: Images, depth: Depth, proven: Proven | None, look: Look | None) -> None:
        self.stop = threading.Event()
        self._source, self._depth, self._proven, self._look = images.source, depth, proven, look
        self._folder, self._variant = images.source.folder.name, images.variant
        self._sheet = images.sheet

    def batch(self, batch: list[Image]) -> list[Outcome]:
        """Return the outcome for each image of a batch, or for the first of them when the run is stopped."""
        outcomes = []
        for image in batch:
            if self.stop.is_set():
                break
            outcomes.append(self._quick(image) if self._depth == "quick" else self._whole(image))
        if self._look:
            _add_looks(outcomes, self._look)
        return outcomes

    def gather(
        self, outcomes: list[Outcome], compared: Comparison, advance: Callable[[int], object]
    ) -> Iterator[Finding]:
        """Yield the findings of a batch; keep what is to be compared and remembered."""
        for outcome in outcomes:
            yield from outcome.findings
            if facts := outcome.facts:
                compared.add(outcome.image.place, facts, outcome.image.row)
                if self._proven and outcome.clean:
                    self._proven.remember(outcome.stamp, facts)
        advance(len(outcomes))

    def _quick(self, image: Image) -> Outcome:
        file = f"{self._folder}/{image.name}"
        try:
            head = self._source.head(image.name)
        except (ValueError, OSError) as error:
            return Outcome(image, [unreadable(file, error)])
        header = header_of_head(head)
        if not head or not format_of(head):
            problem = examine(head).problem
            return Outcome(image, [IMAGE_BROKEN.at(file, f"image {problem}", "copy or generate the image again")])
        if header is None:  # longer than what was read, or damaged: for a deeper look to say
            return Outcome(image, [])
        if bomb := too_large(header.width, header.height):
            return Outcome(image, [BOMB.at(file, f"image {bomb}")])
        facts = Facts(b"", False, header)
        return Outcome(image, list(self._of_facts(image, facts)), facts)

    def _whole(self, image: Image) -> Outcome:
        file, stamp = f"{self._folder}/{image.name}", self._source.stamp(image.name)
        known = self._proven.of_file(stamp) if self._proven and stamp else None
        if known and self._enough(known, image):
            return Outcome(image, list(self._of_facts(image, known)), known)
        try:
            content = self._source.read(image.name, stamp)
        except (ValueError, OSError) as error:
            return Outcome(image, [unreadable(file, error)])
        sha256 = hashlib.sha256(content).digest()
        known = self._proven.of_bytes(sha256) if self._proven and not known else None
        if known and self._enough(known, image):  # copied or touched: known by its bytes
            return Outcome(image, list(self._of_facts(image, known)), known, stamp, clean=True)
        found = examine(content, pixels=self._depth == "deep")
        findings = list(content_findings(file, content, found))
        clean, digest = not findings, None
        if recipe := parse_parameters(found.metadata.parameters):
            digest = recipe_digest(image.row)
            if self._sheet and image.row is not None and image.index is not None:
                disagreeing = list(recipe_findings(file, recipe, image.row, self._sheet, image.index))
                clean = clean and not disagreeing
                findings += disagreeing
        if found.header is None or found.problem or found.bomb:
            return Outcome(image, findings)
        facts = Facts(sha256, self._depth == "deep", found.header, digest, b"" if self._look else None)
        return Outcome(image, [*findings, *self._of_facts(image, facts)], facts, stamp, found.thumbnail, clean)

    def _enough(self, known: Facts, image: Image) -> bool:
        """Say whether what is remembered saves a look at the bytes."""
        if self._depth == "deep" and not (known.deep and (known.look is not None or not self._look)):
            return False
        return known.recipe is None or known.recipe == recipe_digest(image.row)

    def _of_facts(self, image: Image, facts: Facts) -> Iterator[Finding]:
        """Yield what the header and the SHA-256 of an image break, which is found anew in each run."""
        file = f"{self._folder}/{image.name}"
        yield from header_findings(file, facts.header, is_crop=self._variant == "cropped")
        if self._sheet is None or image.row is None or image.index is None:
            return
        if self._variant == "original":
            yield from face_box_findings(file, facts.header, image.row.get("face_box"), self._sheet, image.index)
        column = SHA256_COLUMNS[self._variant]
        if facts.sha256 and (recorded := image.row.get(column)):
            sheet, sha256 = self._sheet, facts.sha256.hex()
            if check_sha256(sha256, str(recorded)):
                yield from not_recorded(
                    file, sha256, Recorded(sheet.name, sheet.row(image.index), column, str(recorded))
                )
