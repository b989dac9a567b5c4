"""EmoNet folders that keep to upstream's protocol, and ways to write their annotations for a case."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from tests.check.material import check
from tests.trees import write_emonet
from tools.check.findings import Finding

RATINGS = "{'Negative|Anger': 1, 'Positive|Elation': 5}"
EXPERTS = tuple(f"expert-{number}" for number in range(1, 5))


def write_upstream(data_dir: Path) -> None:
    """Write the three EmoNet folders of `write_emonet` as upstream's card says they are: no rule is broken."""
    write_emonet(data_dir)
    write_ratings(data_dir, [(image, who, RATINGS) for image in ("00000.png", "00001.png") for who in EXPERTS])
    judgements = [("00000", "human-1", "True", "Anger"), ("00000", "human-3", "False", "Contentment")]
    write_judgements(data_dir, [*judgements, ("00001", "human-1", "True", "Helplessness")])
    write_side_file(data_dir, "00000.png,a close-up,Asian,woman,30\n")


def write_ratings(data_dir: Path, rows: Iterable[tuple[str, str, str]]) -> None:
    """Write the CSV of `emonet_hq`, and two rows of a model, from (image, annotator, ratings)."""
    with (data_dir / "emonet-face-hq/hq.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "annotator", "annotations", "human"))
        writer.writerows((*row, "True") for row in rows)
        writer.writerows((image, "gpt", RATINGS, "False") for image in ("00000.png", "00001.png"))


def write_judgements(data_dir: Path, rows: Iterable[tuple[str, str, str, str]]) -> None:
    """Write the CSV of `emonet_binary` from (path, annotator, value, emotion)."""
    with (data_dir / "emonet-face-binary/binary.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "annotator", "value", "emotion"))
        writer.writerows(rows)


def write_side_file(data_dir: Path, rows: str) -> None:
    """Write the side file of `emonet_big`."""
    (data_dir / "emonet-face-big/metadata.csv").write_text("file_name,prompt,ethnicity,gender,age\n" + rows)


def judged(data_dir: Path, *rows: tuple[str, str, str, str]) -> list[Finding]:
    """Check `emonet_binary` with these judgements."""
    write_upstream(data_dir)
    write_judgements(data_dir, rows)
    return check(data_dir, "emonet_binary")


def rated(data_dir: Path, *rows: tuple[str, str, str]) -> list[Finding]:
    """Check `emonet_hq` with these ratings."""
    write_upstream(data_dir)
    write_ratings(data_dir, rows)
    return check(data_dir, "emonet_hq")


def described(data_dir: Path, rows: str) -> list[Finding]:
    """Check `emonet_big` with these rows of its side file."""
    write_upstream(data_dir)
    write_side_file(data_dir, rows)
    return check(data_dir, "emonet_big")
