"""SH021: the bytes of an image are not those that the sheet records."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.check.material import CROPS
from tests.trees import png
from tools.check.findings import Finding
from tools.check.images.content import Recorded, image_findings


def bad(data_dir: Path) -> list[Finding]:
    content = png(1, 2)
    recorded = Recorded("dataset_sheet.csv", 7, "sha256_cropped", "0" * 64)
    digest = hashlib.sha256(b"a fixed text, for the bytes of a PNG differ between versions of zlib").hexdigest()
    return list(image_findings(f"{CROPS}/fear/aaaaaaaa_4.png", content, digest, recorded))


def good(data_dir: Path) -> list[Finding]:
    """Capitals make no other number."""
    content = png(1, 2)
    digest = hashlib.sha256(content).hexdigest()
    recorded = Recorded("dataset_sheet.csv", 7, "sha256", digest.upper())
    return list(image_findings("DifussionEmotion_S/fear/aaaaaaaa_4.png", content, digest, recorded))
