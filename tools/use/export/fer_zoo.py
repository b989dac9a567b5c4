"""Export `fer-zoo`: the folder that FER-Zoo's dataset type `custom` reads.

Out come `training.csv` and `validation.csv` (path, valence, arousal; the first line is the header) and the pictures in
`train/` and `val/`, from which the paths begin. So reads FaceDataset in common/dataset_utils.py of
github.com/kdhht2334/Facial-Expression-Recognition-Zoo: by pandas.read_csv, columns by their place, and each path
below a root, which archs/elim.py sets to train/ and val/.
"""

from __future__ import annotations

from tools.use.export.job import Job, rows_of_csv

PLACES = {"train": ("training.csv", "train"), "validation": ("validation.csv", "val")}


def write(job: Job) -> None:
    """Write the folder; a split that is not there gets its table without rows, for FER-Zoo opens both."""
    source = job.source
    for part in source.parts:
        for picture in source.pictures(part):
            job.put(picture, f"{PLACES[part.split][1]}/{picture.name}")
    source.check()
    parts = {part.split: part for part in source.parts}
    for split, (table, folder) in PLACES.items():
        (job.folder / folder).mkdir(exist_ok=True)
        with job.text(table) as file:
            row = rows_of_csv(file, ["path", "valence", "arousal"])
            if split not in parts:
                job.notes.append(f"there is no row of {split}: {table} is empty, and FER-Zoo does not train so")
                continue
            values = source.records(parts[split], ["valence", "arousal"])
            for name, value in zip(parts[split].names, values, strict=True):
                row([name, value["valence"], value["arousal"]])


def how_to_load(job: Job) -> str:
    """Return what a user types."""
    return f"custom_data_path = {str(job.target) + '/'!r} and the dataset type `custom` in FER-Zoo"
