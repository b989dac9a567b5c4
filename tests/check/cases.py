"""Bad trees, one for each golden text: a case takes an empty data directory, breaks something in it, and checks it.

The name of a case begins with the id of the rule that it is about; `golden/<name>.txt` holds what is printed for it.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.trees import png, write_emonet, write_faces, write_sheet, zip_folder
from tools.check.configs import check_configs
from tools.check.findings import Finding
from tools.check.images import Recorded, image_findings, unreadable

BOTH = ["small_original", "small_cropped"]
ORIGINALS, CROPS = "DifussionEmotion_S", "DiffusionEmotion_S_cropped"
Case = Callable[[Path], list[Finding]]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Register a case under its name, with the rule's id in capitals."""
    CASES[function.__name__.upper().partition("_")[0] + function.__name__[len("sh000") :]] = function
    return function


def check(data_dir: Path, *configs: str) -> list[Finding]:
    """Check both small configs, or those given."""
    return check_configs(list(configs) or BOTH, str(data_dir))


def sheet(data_dir: Path) -> Path:
    """Return the path of the sheet."""
    return data_dir / "dataset_sheet.csv"


def broken_cells(data_dir: Path, **columns: list[Any]) -> list[Finding]:
    """Check a good tree in whose sheet the first cells of some columns were replaced by those given."""
    rows = write_faces(data_dir, 14, 2)
    for column, values in columns.items():
        for row, value in zip(rows, values, strict=False):
            row[column] = value
    write_sheet(sheet(data_dir), rows)
    return check(data_dir)


@case
def sh001(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).unlink()
    return check(data_dir)


@case
def sh002(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / "dataset_sheet.parquet").write_bytes(b"")
    return check(data_dir)


@case
def sh003_empty(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).write_bytes(b"")
    return check(data_dir)


@case
def sh003_latin1(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).write_bytes(b"path,emotion,prompt\nx.png,sad,plain\ny.png,sad,une \xe9motion\n")
    return check(data_dir)


@case
def sh003_parquet(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).unlink()
    (data_dir / "dataset_sheet.parquet").write_bytes(b"path,emotion\nx.png,sad\n")
    return check(data_dir)


@case
def sh003_link(data_dir: Path) -> list[Finding]:
    inner = data_dir / "inner"
    write_faces(inner, 3, 2)
    sheet(inner).rename(data_dir / "elsewhere.csv")
    sheet(inner).symlink_to(data_dir / "elsewhere.csv")
    return check(inner)


@case
def sh003_pipe(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).unlink()
    os.mkfifo(sheet(data_dir))
    return check(data_dir)


@case
def sh004(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    lines = [
        "path,emotion,valence,arousal",
        "x.png,sad,0,5,1",
        'y.png,"sad",0,0',
        '"a',
        '\x1b[2Jlong",b',
        "",
        "z.png,sad,0,0",
    ]
    sheet(data_dir).write_text("\n".join(lines))
    return check(data_dir)


@case
def sh005(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    head, _, rest = sheet(data_dir).read_text().partition("\n")
    head = head.replace("path", "file").replace("emotion", "Emotion").replace("valence", "valance")
    sheet(data_dir).write_text(f"{head}\n{rest}")
    return check(data_dir)


@case
def sh003_semicolons(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).write_text("path;emotion;valence;arousal\nx;angry;0,5;1\n")
    return check(data_dir)


@case
def sh006(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).write_text(sheet(data_dir).read_text().replace("seed", "valence", 1).replace("steps", "path", 1))
    return check(data_dir)


@case
def sh007(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 3, 2)
    table = {column: [row[column] for row in rows] for column in ("path", "emotion", "valence", "arousal")}
    table |= {"seed": [[1], [2], [3]], "prompt": [{"text": "a"}] * 3}
    pq.write_table(pa.table(table), data_dir / "dataset_sheet.parquet")
    sheet(data_dir).unlink()
    return check(data_dir)


@case
def sh008(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    write_sheet(sheet(data_dir), [])
    return check(data_dir)


@case
def sh009(data_dir: Path) -> list[Finding]:
    paths = ["", "/etc/passwd", "DifussionEmotion_S/../secret.png", "C:/x.png", r"DifussionEmotion_S\fear\x.png",
             "DifussionEmotion_S//x.png", "~/x.png", "DifussionEmotion_S/\x1b[2J/\x01.png"]  # fmt: skip
    return broken_cells(data_dir, path=paths)


@case
def sh010(data_dir: Path) -> list[Finding]:
    paths = ["DiffusionEmotion_S_cropped/neutral/aaaaaaaa_0.png", "DifusionEmotion_S/happy/aaaaaaab_1.png",
             "DifussionEmotion_S/aaaaaaac_2.png", "images/aaaaaaad_3.png", "aaaaaaae_4.png"]  # fmt: skip
    return broken_cells(data_dir, path=paths)


@case
def sh011(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 3, 2)
    write_sheet(sheet(data_dir), [*rows, rows[0], rows[2], rows[0]])
    return check(data_dir)


@case
def sh012(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 3, 2)
    for folder in (ORIGINALS, CROPS):
        (data_dir / folder / "happy" / "aaaaaaab_1.PNG").write_bytes(png(9, 2))
    write_sheet(sheet(data_dir), [*rows, {**rows[1], "path": f"{ORIGINALS}/happy/aaaaaaab_1.PNG"}])
    return check(data_dir)


@case
def sh013(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 4, 2)
    (data_dir / ORIGINALS / "sad" / "aaaaaaac_2.png").unlink()
    crop = data_dir / CROPS / "happy" / "aaaaaaab_1.png"
    crop.rename(data_dir / CROPS / "sad" / crop.name)
    return check(data_dir)


@case
def sh014(data_dir: Path) -> list[Finding]:
    labels = ["Neutral", "happiness", " sad", "suprise", "4", "disgusted", "Anger", "", "contempt", "\x1b[31mred",
              "x" * 100]  # fmt: skip
    return broken_cells(data_dir, emotion=labels)


@case
def sh015(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 3, 2)
    for folder in (ORIGINALS, CROPS):
        (data_dir / folder / "happy").rename(data_dir / folder / "Happy")
    rows[1]["path"] = rows[1]["path"].replace("happy", "Happy")
    write_sheet(sheet(data_dir), rows)
    return check(data_dir)


@case
def sh016(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 3, 2)
    for row, name in zip(rows, ("aaaaaaaa_6.png", "aaaaaaab_01.png", "of_any_form.png"), strict=True):
        for folder in (ORIGINALS, CROPS):
            file = data_dir / folder / row["path"].partition("/")[2]
            file.rename(file.with_name(name))
        row["path"] = str(Path(row["path"]).with_name(name))
    write_sheet(sheet(data_dir), rows)
    return check(data_dir)


@case
def sh017(data_dir: Path) -> list[Finding]:
    values = ["", "nan", "inf", "1.01", "-7", "0,5", "calm", " 0.5", "1e400", "1.0", "-1", "+.5", "1e-3"]
    return broken_cells(data_dir, valence=values, arousal=["0.1\n"])


@case
def sh018(data_dir: Path) -> list[Finding]:
    boxes = ["1 2 3", "1,2,3,4", "a b c d", "1 2 3 4 5", "1 2 3 4", " 1 2 3 4"]
    return broken_cells(data_dir, seed=["1.0", "x", str(2**63), "0x1F", "-1"], steps=[str(2**31), "20"],
                        cfg_scale=["7,5", "7.5 ", "7.5"], clip_score=["None"], face_box=boxes)  # fmt: skip


@case
def sh019(data_dir: Path) -> list[Finding]:
    return broken_cells(data_dir, split=["", "Train", "val", "trian", "test"])


@case
def sh020(data_dir: Path) -> list[Finding]:
    return broken_cells(data_dir, sha256=["0" * 63, "0" * 64, "A" * 64], sha256_cropped=["g" * 64, "md5:1"])


@case
def sh021(data_dir: Path) -> list[Finding]:
    content = png(1, 2)
    recorded = Recorded("dataset_sheet.csv", 7, "sha256_cropped", "0" * 64)
    digest = hashlib.sha256(b"a fixed text, for the bytes of a PNG differ between versions of zlib").hexdigest()
    return list(image_findings(f"{CROPS}/fear/aaaaaaaa_4.png", content, digest, recorded))


@case
def im001(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / CROPS).rename(data_dir / "crops")
    return check(data_dir)


@case
def im002(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / "DiffusionEmotion_S.zip").write_bytes(b"")
    return check(data_dir)


@case
def im003(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / ORIGINALS).rename(data_dir / "originals")
    (data_dir / f"{ORIGINALS}.zip").write_bytes(b"PK no zip")
    (data_dir / CROPS).rename(data_dir.parent / "outside")
    (data_dir / CROPS).symlink_to(data_dir.parent / "outside")
    return check(data_dir)


@case
def im003_pipe(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / ORIGINALS).rename(data_dir / "originals")
    os.mkfifo(data_dir / ORIGINALS)
    return check(data_dir)


@case
def im004(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / ORIGINALS).rename(data_dir / "originals")
    (data_dir / ORIGINALS / "angry").mkdir(parents=True)
    return check(data_dir)


@case
def im005_folder(data_dir: Path) -> list[Finding]:
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


@case
def im005_not_utf8(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    Path(os.fsdecode(os.fsencode(data_dir / ORIGINALS) + b"/caf\xe9.png")).write_bytes(png(1, 2))
    return check(data_dir)


@case
def im005_zip(data_dir: Path) -> list[Finding]:
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


@case
def im006(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 4, 2)
    write_sheet(sheet(data_dir), rows[:2])
    zip_folder(data_dir / CROPS)
    (data_dir / ORIGINALS / ".DS_Store").write_bytes(b"litter")
    return check(data_dir)


@case
def im007(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / ORIGINALS / "notes.txt").write_text("a note")
    return check(data_dir)


@case
def im008(data_dir: Path) -> list[Finding]:
    whole = png(1, 4)
    whole = re.sub(rb"....IDAT.*", b"", whole, flags=re.DOTALL)  # the packed pixels differ between versions of zlib
    flipped = bytearray(whole)
    flipped[20] ^= 1
    contents = {"cut": whole, "empty": b"", "flipped": bytes(flipped), "text": b"not found\n", "bomb": bomb_png()}
    return [finding for name, content in contents.items() for finding in image_findings(f"{name}.png", content, "")]


def bomb_png() -> bytes:
    """Return a PNG of few bytes that claims 60,000 x 60,000 pixels."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    header = (60_000).to_bytes(4, "big") * 2 + bytes((8, 0, 0, 0, 0))
    for kind, data in ((b"IHDR", header), (b"IDAT", b"\x78\x9c\x03\0\0\0\0\1"), (b"IEND", b"")):
        parts += [len(data).to_bytes(4, "big"), kind, data, zlib.crc32(kind + data).to_bytes(4, "big")]
    return b"".join(parts)


@case
def im009(data_dir: Path) -> list[Finding]:
    name = f"{ORIGINALS}/fear/x.png"
    errors: tuple[Exception, ...] = (
        FileNotFoundError(2, "No such file", f"/srv/me/{name}"),
        PermissionError(13, "Permission denied", "/home"),
        ValueError(f"{name} is not a regular file"),
    )
    zipped = ValueError(f"{ORIGINALS}.zip: fear/x.png cannot be unpacked (Bad CRC-32): pack it again")
    return [unreadable(name, error) for error in errors] + [unreadable(f"{ORIGINALS}.zip/fear/x.png", zipped)]


EMONET = ("emonet_hq", "emonet_binary", "emonet_big")


@case
def an001(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    (data_dir / "emonet-face-hq/hq.csv").unlink()
    (data_dir / "emonet-face-binary/binary.csv").write_text("path,value\n00000,True\n")
    return check(data_dir, *EMONET)


@case
def an002(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    with (data_dir / "emonet-face-hq/hq.csv").open("a") as file:
        file.write("00000,expert-9,{'Negative|Anger': 9},True\n00001,,{},True\n00001,expert-9,__import__('os'),True\n")
    with (data_dir / "emonet-face-binary/binary.csv").open("a") as file:
        file.write("00000,human-1,maybe,Anger\n00001,human-1,True,Angst\n")
    (data_dir / "emonet-face-big/vlm/1.json").write_text("{}")
    return check(data_dir, *EMONET)


@case
def an003(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    folder = data_dir / "emonet-face-binary"
    (folder / "more").mkdir()
    (folder / "more/00001.jpg").write_bytes(b"")
    with (folder / "binary.csv").open("a") as file:
        file.write("77777,human-1,True,Anger\n../../00000,human-1,True,Anger\n,human-1,True,Anger\n")
    return check(data_dir, *EMONET)


@case
def an004(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    (data_dir / "emonet-face-hq/images/77777.png").write_bytes(png(1, 2))
    return check(data_dir, *EMONET)


@case
def an005(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    (data_dir / "emonet-face-big/metadata.csv").write_text(
        "file_name,prompt,age\n00000.png,a,thirty\n,b,30\n00001.png,c,-1\n"
    )
    return check(data_dir, *EMONET)


@case
def an006(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    for name in ("0.json", "1.json"):
        (data_dir / "emonet-face-big/vlm" / name).unlink()
    (data_dir / "emonet-face-binary/binary.csv").write_text("path,annotator,value,emotion\n")
    return check(data_dir, *EMONET)


@case
def an007(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    images = data_dir / "emonet-face-binary/images"
    (images / "b").mkdir()
    (images / "b/00000.png").write_bytes(png(1, 2))
    (data_dir / "emonet-face-binary/binary.csv").write_text(
        "path,annotator,value,emotion\nimages/00000.png,h,True,Awe\nimages/b/00000.png,h,True,Awe\n00001,h,True,Awe\n"
    )
    return check(data_dir, *EMONET)
