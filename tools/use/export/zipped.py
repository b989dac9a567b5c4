"""Export `zip`: one zip with a folder a class, as `faces_dataset.zip`.

Pictures are stored as they are. Under the name of a raw folder, beside its sheet, it takes the place of that folder.
"""

from __future__ import annotations

import shlex
import zipfile

from tools.use.export.job import Job
from tools.use.export.made import seal

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first day of a zip
PLAIN_FILE = 0o100644 << 16


def write(job: Job) -> None:
    """Write the zip; all splits go into the same folders, in the order of the rows."""
    source = job.source
    with zipfile.ZipFile(job.folder / job.target.name, "x", zipfile.ZIP_STORED) as archive:
        for part in source.parts:
            for picture in source.pictures(part, as_bytes=True):
                info = zipfile.ZipInfo(picture.name, EPOCH)
                info.external_attr, info.create_system = PLAIN_FILE, 3  # Unix, wherever it is made
                archive.writestr(info, picture.content or b"")
                job.written += 1
        archive.comment = seal(archive)
    source.check()


def how_to_load(job: Job) -> str:
    """Return what a user types."""
    # datasets 5.2 takes the folder of the zip itself for the label of what is in it: unpack first.
    return f'unpack it: unzip -d FOLDER {shlex.quote(str(job.target))}; load_dataset("imagefolder", data_dir="FOLDER")'
