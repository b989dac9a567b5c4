"""IM008: an image is not whole."""

from __future__ import annotations

import re
from pathlib import Path

from tests.trees import png
from tools.check.findings import Finding
from tools.check.images.content import image_findings


def bad(data_dir: Path) -> list[Finding]:
    whole = png(1, 4)
    whole = re.sub(rb"....IDAT.*", b"", whole, flags=re.DOTALL)  # the packed pixels differ between versions of zlib
    flipped = bytearray(whole)
    flipped[20] ^= 1
    contents = {"cut": whole, "empty": b"", "flipped": bytes(flipped), "text": b"not found\n"}
    return [finding for name, content in contents.items() for finding in image_findings(f"{name}.png", content, "")]


def good(data_dir: Path) -> list[Finding]:
    contents = {"whole": png(1, 4), "more": png(1, 4) + b"bytes that no decoder reads"}
    return [finding for name, content in contents.items() for finding in image_findings(f"{name}.png", content, "")]
