"""Export `coco`: face boxes as annotations of COCO, a JSON file a split, with the pictures beside it.

The categories are the seven emotions, each with the supercategory `face`: who only wants faces takes them for one. A
picture whose box is unknown is left out, for one without an annotation would say that there is no face.
"""

from __future__ import annotations

from array import array
from typing import IO, Any

from DiffusionFER import EMOTIONS
from tools.use.export.job import Job, as_json
from tools.use.export.source import Part, Picture, Source

FIRST_ID = 1  # of a category: many programs take 0 for the background


def check(config: str) -> None:
    """Raise ValueError for crops: the boxes are those of the originals."""
    if config.endswith("_cropped"):
        original = config.replace("_cropped", "_original")
        raise ValueError(f"face boxes are those of the originals: export {original} as coco, not {config}")


def write(job: Job) -> None:
    """Write the folder."""
    source, sizes = job.source, {part.split: array("I", [0, 0] * len(part.names)) for part in job.source.parts}
    for part in source.parts:
        for picture in source.pictures(part):
            sizes[part.split][2 * picture.row : 2 * picture.row + 2] = array("I", _put(job, part, picture))
    source.check()
    left_out = sum(1 for size in sizes.values() for width in size[::2] if not width)
    if left_out == source.total:
        raise ValueError(f"{source.rows.name}: no row has a face box: `diffusionfer crop` finds them")
    if left_out:
        job.notes.append(f"{left_out:,} of {source.total:,} pictures have no face box, and are left out")
    for part in source.parts:
        with job.text(f"annotations/instances_{part.split}.json") as file:
            _write_json(file, source, part, sizes[part.split])


def _put(job: Job, part: Part, picture: Picture) -> tuple[int, int]:
    """Put a picture that has a box into the folder, and return its width and height; 0 and 0 for one that has none."""
    box = part.table["face_box"][picture.row].as_py()
    if box is None:
        return 0, 0
    header = picture.header()
    problem = _problem(box, header.width, header.height) if header else "does not tell its size"
    if problem or not header:
        job.source.refuse(picture.row, part, str(problem))
        return 0, 0
    job.put(picture, f"{part.split}/{picture.name}")
    return header.width, header.height


def how_to_load(job: Job) -> str:
    """Return what a user types."""
    return f"COCO({str(job.target / 'annotations' / f'instances_{job.source.parts[0].split}.json')!r})"


def _problem(box: list[float | None], width: int, height: int) -> str | None:
    """Say why a box is none of a picture; it may reach beyond the edges, as detectors' do."""
    if len(box) != 4 or any(number is None or number != number or abs(number) == float("inf") for number in box):
        return f"has the face box {box}, which is not four numbers"
    x, y, wide, high = (number or 0.0 for number in box)
    if wide <= 0 or high <= 0 or x >= width or y >= height or x + wide <= 0 or y + high <= 0:
        return f"has the face box {box}, which holds nothing of its {width} x {height} pixels"
    return None


def _write_json(file: IO[str], source: Source, part: Part, sizes: array[int]) -> None:
    """Write images and annotations line by line: of a million, they would fill memory."""
    categories = [
        {"id": FIRST_ID + label, "name": name, "supercategory": "face"} for label, name in enumerate(EMOTIONS)
    ]
    info = {"description": f"DiffusionFER, {source.config}, {part.split}"}
    file.write(f'{{"info": {as_json(info)},\n"licenses": [],\n')
    file.write(f'"categories": {as_json(categories)},\n"images": [')
    _write_list(file, (_image(row, part, sizes) for row in range(len(part.names)) if sizes[2 * row]))
    file.write('],\n"annotations": [')
    records = source.records(part, ["emotion", "valence", "arousal", "face_box"])
    _write_list(file, (_annotation(row, record) for row, record in enumerate(records) if sizes[2 * row]))
    file.write("]}\n")


def _write_list(file: IO[str], values: Any) -> None:
    before = "\n"
    for value in values:
        file.write(before + as_json(value))
        before = ",\n"
    file.write("\n")


def _image(row: int, part: Part, sizes: array[int]) -> dict[str, Any]:
    return {"id": row + 1, "file_name": part.names[row], "width": sizes[2 * row], "height": sizes[2 * row + 1]}


def _annotation(row: int, record: dict[str, Any]) -> dict[str, Any]:
    box = record["face_box"]
    label = {"id": row + 1, "image_id": row + 1, "category_id": FIRST_ID + EMOTIONS.index(record["emotion"])}
    labels = {"valence": record["valence"], "arousal": record["arousal"]}
    return {**label, "bbox": box, "area": box[2] * box[3], "iscrowd": 0, "segmentation": [], "attributes": labels}
