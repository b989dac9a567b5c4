"""IM030: nobody looked for images that look the same."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

from tests.check.pictures import check_with
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    with patch.dict(sys.modules, {"scipy.fft": None}):
        return check_with(data_dir, depth="deep")


def good(data_dir: Path) -> list[Finding]:
    with patch.dict(sys.modules, {"scipy.fft": None}):
        return check_with(data_dir, depth="default")
