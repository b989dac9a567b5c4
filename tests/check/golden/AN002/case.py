"""AN002: an annotation cannot be read."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import write_upstream
from tests.check.material import EMONET, check
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_upstream(data_dir)
    with (data_dir / "emonet-face-hq/hq.csv").open("a") as file:
        file.write(
            "00001,,{},True\n00001,expert-9,__import__('os'),True\n00001,expert-9,\"{'X|Awe': 1, 'Awe': 2}\",True\n"
        )
    with (data_dir / "emonet-face-binary/binary.csv").open("a") as file:
        file.write("00000,human-1,maybe,Anger\n")
    (data_dir / "emonet-face-big/vlm/1.json").write_text("{}")
    return check(data_dir, *EMONET)


def good(data_dir: Path) -> list[Finding]:
    """A truth in capitals, an age among the ratings, and what a model wrote, which nobody reads."""
    write_upstream(data_dir)
    with (data_dir / "emonet-face-hq/hq.csv").open("a") as file:
        file.write("00001,gpt,no literal,False\n00001,expert-9,{'Extra Dimensions|Age': 'old'},True\n")
    with (data_dir / "emonet-face-binary/binary.csv").open("a") as file:
        file.write("00001,human-4, TRUE ,Anger\n")
    return check(data_dir, *EMONET)
