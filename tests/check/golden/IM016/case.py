"""IM016: an original is not as large as the others of its config."""

from __future__ import annotations

from pathlib import Path

from tests.check.pictures import HAPPY, NEUTRAL, SIDE, check_with, drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {NEUTRAL: saved(drawn(0, (SIDE, 2 * SIDE)))}, depth="quick")


def good(data_dir: Path) -> list[Finding]:
    two = {NEUTRAL: saved(drawn(0, (99, 99))), HAPPY: saved(drawn(1, (99, 99)))}  # of four: none is the usual size
    return check_with(data_dir, two, {NEUTRAL: saved(drawn(2, (77, 77)))})  # and crops are as large as faces are
