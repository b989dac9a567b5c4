"""IM005: a file of a raw folder or zip must not be read."""

from __future__ import annotations

import os
import stat
import warnings
import zipfile
from pathlib import Path

from tests.check.material import CROPS, ORIGINALS, check
from tests.trees import png, write_faces, zip_folder
from tools.check.findings import Finding


def bad_folder(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 4, 2)
    folder, outside = data_dir / ORIGINALS, data_dir.parent / "outside.png"
    outside.write_bytes(png(1, 2))
    for name in ("neutral/aaaaaaaa_0.png", "happy/aaaaaaab_1.png", "sad/aaaaaaac_2.png"):
        (folder / name).unlink()
    (folder / "neutral/aaaaaaaa_0.png").symlink_to(outside)
    (folder / "happy/aaaaaaab_1.png").symlink_to(folder / "surprise/aaaaaaad_3.png")  # a link that stays is fine
    os.mkfifo(folder / "sad/aaaaaaac_2.png")
    (folder / "more").symlink_to(folder / "surprise")
    return check(data_dir)


def bad_not_utf8(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    Path(os.fsdecode(os.fsencode(data_dir / ORIGINALS) + b"/caf\xe9.png")).write_bytes(png(1, 2))
    return check(data_dir)


def bad_zip(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    archive = zip_folder(data_dir / CROPS)
    link = zipfile.ZipInfo(f"{CROPS}/fear/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as zip_file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the name that is there twice
        zip_file.writestr(f"{CROPS}/neutral/aaaaaaaa_0.png", b"another one of that name")
        for name in ("../../etc/cron.d/x", "/etc/passwd", f"{CROPS}\\fear\\x.png", "C:/x.png", "elsewhere/x.png",
                     f"{CROPS}/../x.png", "\x1b]0;title\x07\u202egnp.exe"):  # fmt: skip
            zip_file.writestr(name, b"attack")
        zip_file.writestr(link, "/etc/passwd")
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 4, 2)
    image = data_dir / ORIGINALS / "happy/aaaaaaab_1.png"
    image.rename(data_dir / "elsewhere.png")
    image.symlink_to(data_dir / "elsewhere.png")
    (data_dir / ORIGINALS / "happy/\u7b11 \u00e9.png").write_bytes(png(1, 2))
    return check(data_dir)
