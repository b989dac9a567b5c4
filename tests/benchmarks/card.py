"""`python tests/benchmarks/card.py`: how long checking a card takes, against reading its YAML and its Markdown once.

Every card of the project and of the real material is checked in this process, imports aside, in rounds; the reference
reads the same card with `yaml.safe_load` and markdown-it-py. Printed are milliseconds by card, the slowest last.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

if __package__ in (None, ""):  # run as a script
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

import yaml
from huggingface_hub.repocard import REGEX_YAML_BLOCK
from markdown_it import MarkdownIt

from tools.check.card.check import check_card
from tools.check.card.header_check import header_findings
from tools.check.card.read import read_card

ROOT = Path(__file__).resolve().parent.parent.parent
REAL = ROOT.parent / "shared" / "data" / "cards"
AIM = "Aim: check_card of the project's own card in less than 50 ms."


def reference(content: bytes) -> None:
    """Read a card as huggingface_hub does, and its body as Markdown."""
    text = content.decode("utf-8", "replace")
    match = REGEX_YAML_BLOCK.search(text)
    yaml.safe_load(match[2] if match else "")
    MarkdownIt("commonmark").enable("table").parse(text[match.end() if match else 0 :])


def header_alone(content: bytes) -> None:
    """Read a card and check its header."""
    list(header_findings(read_card("README.md", content, ROOT)))


def whole(content: bytes) -> None:
    """Check a card, with the files beside it."""
    list(check_card("README.md", content, ROOT))


def milliseconds(work: Callable[[bytes], None], content: bytes, rounds: int) -> float:
    """Return the median time of some rounds, after one that is not counted."""
    work(content)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work(content)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def main() -> None:
    """Time every card and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rounds", type=int, default=7, help="how often each card is checked (default: %(default)s)")
    rounds = parser.parse_args().rounds
    cards = [ROOT / "README.md", *sorted(REAL.glob("*.md")), *sorted((REAL / "hub").glob("*.md"))]
    start = time.perf_counter()
    whole(cards[0].read_bytes())
    first = (time.perf_counter() - start) * 1000
    print(f"first check of the project's own card, with what is read once: {first:.0f} ms\n")
    rows = []
    for card in cards:
        content = card.read_bytes()
        name = "the project's own" if card.parent == ROOT else card.name
        times = [milliseconds(work, content, rounds) for work in (whole, header_alone, reference)]
        rows.append((times[0], name, len(content), times))
    print(f"{'card':32}{'KB':>6}{'ms':>8}{'header':>8}{'reading':>9}{'ratio':>7}")
    for total, name, size, (_, header, read) in sorted(rows):
        print(f"{name:32}{size / 1000:6.1f}{total:8.1f}{header:8.1f}{read:9.1f}{total / read:7.2f}")
    print(f"\n{AIM}")


if __name__ == "__main__":
    main()
