"""Goes through the images of a config once, in threads or on a cluster, and yields what is wrong with each and between.

In go a raw folder, the names of its images and their rows in the sheet; out come findings, as they are found. An image
takes a few tens of bytes of memory while its config is checked: the digests that tell duplicates, and its size.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tools.check.findings import Finding
from tools.check.images.cluster import findings_of_workers
from tools.check.images.compare import Comparison
from tools.check.images.content import Recorded, check_sha256, not_recorded
from tools.check.images.examine import perceptual_hash
from tools.check.images.header import face_box_findings, header_findings
from tools.check.images.look import Depth, Eye, Looked
from tools.check.images.proven import Facts, Proven
from tools.check.images.recipe import COLUMNS, recipe_digest, recipe_findings
from tools.check.images.source import Source, Stamp
from tools.check.sheet.read import SHA256_COLUMNS, Sheet
from tools.engine import Engine

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
                # A table without any of the columns has no rows either, as pyarrow sees it.
                cells = (
                    table.take(pa.array(given, pa.int64())).to_pylist() if table.num_columns else [{} for _ in given]
                )
                rows = dict(zip(given, cells, strict=True))
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
    clean: bool = False  # nothing is wrong with the bytes in themselves: they may be remembered


def images_findings(
    images: Images,
    *,
    depth: Depth,
    proven: Proven | None,
    workers: int,
    advance: Callable[[int], object],
    engine: Engine | None = None,
) -> Iterator[Finding]:
    """Yield what is wrong with the images of a config. `advance` is told how many more are done.

    An engine that is a cluster looks at them, else `workers` threads of this process. No more than a few batches are
    under way at a time. Whoever stops reading, stops the threads after the image that each is at.
    """
    walk = Walk(images, depth, proven)
    compared = Comparison(images, looks=walk.looks, bytes_read=depth != "quick")

    def gather(outcomes: list[Outcome]) -> Iterator[Finding]:
        """Yield the findings of a batch; keep what is to be compared and remembered."""
        for outcome in outcomes:
            yield from outcome.findings
            if facts := outcome.facts:
                compared.add(outcome.image.place, facts, outcome.image.row)
                if proven and outcome.clean:
                    proven.remember(outcome.stamp, facts)
        advance(len(outcomes))

    try:
        if engine and engine.is_cluster:
            yield from findings_of_workers(images, walk, depth, engine, gather)
        else:
            yield from _findings_of_threads(images, walk, depth, workers, gather)
    finally:
        if proven:
            proven.flush()
    yield from compared.findings()


def _findings_of_threads(
    images: Images, walk: Walk, depth: Depth, workers: int, gather: Callable[[list[Outcome]], Iterator[Finding]]
) -> Iterator[Finding]:
    pool = ThreadPoolExecutor(workers, "check")
    under_way: deque[Future[list[Outcome]]] = deque()
    try:
        for batch in images.batches(BATCH[depth]):
            under_way.append(pool.submit(walk.batch, batch))
            if len(under_way) >= workers * AHEAD:
                yield from gather(under_way.popleft().result())
        while under_way:
            yield from gather(under_way.popleft().result())
    finally:
        walk.stop.set()
        pool.shutdown(cancel_futures=True)


class Walk:
    """Says what is wrong with single images, in any thread: by what is remembered, or by a look at their bytes."""

    def __init__(self, images: Images, depth: Depth, proven: Proven | None) -> None:
        self.stop = threading.Event()
        look = perceptual_hash() if depth == "deep" else None
        self.looks = look is not None
        self._source, self._eye = images.source, Eye(images.source, depth, look)
        self._depth, self._proven = depth, proven
        self._folder, self._variant = images.source.folder.name, images.variant
        self._sheet = images.sheet

    def batch(self, batch: list[Image]) -> list[Outcome]:
        """Return the outcome for each image of a batch, or for the first of them when the run is stopped."""
        seen: list[tuple[Image, Stamp | None, Outcome | Looked]] = []
        for image in batch:
            if self.stop.is_set():
                break
            stamp, known = self._remembered(image)
            outcome = self._by_memory(image, known)
            if outcome:
                seen.append((image, stamp, outcome))
            else:
                recall = None if known else self._recall_for(image)
                seen.append((image, stamp, self._eye.see(image.name, stamp, recall)))
        self._eye.add_looks([found for _, _, found in seen if isinstance(found, Looked)])
        return [
            found if isinstance(found, Outcome) else self.judge(image, stamp, found) for image, stamp, found in seen
        ]

    def consult(self, batch: tuple[int, list[Image]]) -> list[tuple[Image, Stamp | None, Outcome | None]]:
        """Return each image of a numbered batch with its stamp, and its outcome where what is remembered is enough."""
        consulted = []
        for image in batch[1]:
            stamp, known = self._remembered(image)
            consulted.append((image, stamp, self._by_memory(image, known)))
        return consulted

    def judge(self, image: Image, stamp: Stamp | None, looked: Looked) -> Outcome:
        """Return the outcome for an image that was looked at."""
        if known := looked.known:
            return Outcome(image, list(self._of_facts(image, known)), known, stamp, clean=True)
        findings, clean, digest = looked.findings, not looked.findings, None
        if looked.recipe:
            digest = recipe_digest(image.row)
            if self._sheet and image.row is not None and image.index is not None:
                file = f"{self._folder}/{image.name}"
                disagreeing = list(recipe_findings(file, looked.recipe, image.row, self._sheet, image.index))
                clean = clean and not disagreeing
                findings = findings + disagreeing
        if looked.header is None:
            return Outcome(image, findings)
        facts = Facts(looked.sha256, self._depth == "deep", looked.header, digest, looked.look)
        clean = clean and self._depth != "quick"
        return Outcome(image, [*findings, *self._of_facts(image, facts)], facts, stamp, clean)

    def _remembered(self, image: Image) -> tuple[Stamp | None, Facts | None]:
        """Return the stamp of an image and what is remembered of its file; a header alone is read anew each time."""
        if self._depth == "quick":
            return None, None
        stamp = self._source.stamp(image.name)
        return stamp, self._proven.of_file(stamp) if self._proven and stamp else None

    def _by_memory(self, image: Image, known: Facts | None) -> Outcome | None:
        """Return the outcome where what is remembered saves a look at the bytes."""
        if known is None or not self._enough(known, image):
            return None
        return Outcome(image, list(self._of_facts(image, known)), known)

    def _recall_for(self, image: Image) -> Callable[[bytes], Facts | None] | None:
        """Return what finds, by the SHA-256 of its bytes, what is remembered of an image, where that is enough."""
        proven = self._proven
        if proven is None or self._depth == "quick":
            return None

        def recall(sha256: bytes) -> Facts | None:
            known = proven.of_bytes(sha256)
            return known if known and self._enough(known, image) else None

        return recall

    def _enough(self, known: Facts, image: Image) -> bool:
        """Say whether what is remembered saves a look at the bytes."""
        if self._depth == "deep" and not (known.deep and (known.look is not None or not self.looks)):
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
