"""IM020: metadata say where an image was taken."""

from __future__ import annotations

from pathlib import Path

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, exif, saved, with_chunk
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    gps = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)}
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0<rdf:Description exif:GPSLatitude='52,31.2N'/>"
    originals = {
        NEUTRAL: saved(drawn(0), exif=exif(Orientation=1, GPS=gps)),
        HAPPY: saved(drawn(1), "JPEG", exif=exif(GPS=gps)),
    }
    return check_with(data_dir, {**originals, SAD: with_chunk(saved(drawn(2)), b"iTXt", xmp)})


def good(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {NEUTRAL: saved(drawn(0), "JPEG", exif=exif(GPS={0: b"\2\3\0\0"}))})  # only a version
