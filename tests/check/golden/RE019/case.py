"""RE019: a file holds a secret."""

from __future__ import annotations

from pathlib import Path

from tests.check.repos import checked
from tools.check.findings import Finding

HUB = "hf_" + "a1B2c3D4e5F6" * 3  # made up here, so that no scanner finds a token in the project
GITHUB, AMAZON = "ghp_" + "a1B2c3D4e5F6" * 3, "AKIA" + "A1B2C3D4" * 2
KEY = "-----BEGIN " + "OPENSSH PRIVATE KEY-----\n" + "a1B2c3D4e5F6" * 5


def bad(data_dir: Path) -> list[Finding]:
    text = f"token: {HUB}\n\n{GITHUB} {AMAZON}\n{KEY}\n"
    return checked(data_dir, {"README.md": f"# Card\n\nlogin('{HUB}')\n", "more/notes.yaml": text})


def good(data_dir: Path) -> list[Finding]:
    """Placeholders, masks, names that begin so, and bytes that are no text."""
    text = (
        "hf_xxxxxxxx hf_transfer hf_hub_download_of_many_many_many_files_at_once ghp_ AKIA\nghp_"
        + "x" * 36
        + " hf_"
        + "*" * 36
    )
    return checked(
        data_dir, {"notes.md": text, "weights.bin": b"\0" + HUB.encode(), "face.bin": b"\x89PNG" + HUB.encode()}
    )
