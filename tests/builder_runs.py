"""What the builder's tests share: child processes that must end in time, larger trees, the rows that must come out."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import struct
import subprocess
from pathlib import Path
from typing import Any

import datasets

from DiffusionFER import DiffusionFER, read_index
from tests.environments import ROOT
from tests.trees import face_rows, png, write_sheet

SCRIPT = ROOT / "DiffusionFER.py"
PROBE = Path(__file__).with_name("builder_probe.py")
LIMIT = 120.0  # seconds for one child; a healthy one needs about ten, one that hangs in a fork would never end
FOLDERS = {"S": "small", "M": "medium", "L": "large"}


def run_child(command: list[str | Path], home: Path, *, given: str = "", cwd: Path | None = None) -> str:
    """Run a command with a fresh HF_HOME and without network; return its output, and fail where it fails or hangs."""
    home.mkdir(parents=True, exist_ok=True)
    variables = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("PYTHONPATH", "HF_DATASETS_CACHE", "HF_DATASETS_TRUST_REMOTE_CODE"):
        variables.pop(name, None)
    given_file, log = home / "given", home / "log"
    given_file.write_text(given, encoding="utf-8")
    with given_file.open() as source, log.open("w") as target:
        child = subprocess.Popen(
            command, cwd=cwd or home, env=variables, stdin=source, stdout=target, stderr=target, start_new_session=True
        )
        try:
            status = child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # its workers too, which a timeout would otherwise leave behind
            child.wait()
    output = log.read_text(encoding="utf-8", errors="replace")
    assert status == 0, f"{'hung' if status is None else f'ended with {status}'}:\n{output[-4000:]}"
    return output


def run_jobs(python: Path, jobs: dict[str, dict[str, Any]], home: Path) -> dict[str, Any]:
    """Run jobs of `builder_probe.py` in one child process; return its answers by name, what it printed as "log"."""
    given = json.dumps({name: {"script": str(SCRIPT), "stream": False, **job} for name, job in jobs.items()})
    log = run_child([python, PROBE, home / "answers.json"], home, given=given)
    answers: dict[str, Any] = json.loads((home / "answers.json").read_text(encoding="utf-8"))
    return {**answers, "log": log}


def write_sizes(data_dir: Path, count: int = 20) -> list[dict[str, Any]]:
    """Write all six face configs, `count` images each, under one sheet whose sizes alternate row by row."""
    rows = []
    for group in zip(*(face_rows(count, f"DifussionEmotion_{size}") for size in FOLDERS), strict=True):
        for number, row in enumerate(group):
            folder, emotion, name = row["path"].split("/")
            for variant, target in enumerate((folder, folder.replace("Difussion", "Diffusion") + "_cropped")):
                file = data_dir / target / emotion / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(png(row["seed"] * 10 + number + 3 * variant, 8))
            rows.append(row)
    rows[0] |= {"steps": 30, "cfg_scale": 7.5, "sampler": "Euler a", "model": "sd-1.5", "clip_score": 0.25}
    rows[0] |= {"negative_prompt": 'a "quoted", one', "age": "teen", "gender": "Frau", "style": "ölbild"}
    rows[0] |= {"others": "two\nlines"}
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    return rows


def write_many(data_dir: Path, count: int = 450) -> list[dict[str, Any]]:
    """Write `small_original` with so many tiny images that its train split has several chunks."""
    rows = face_rows(count)
    for row in rows:
        file = data_dir / row["path"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(row["seed"], 4))
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    return rows


def float32(value: Any) -> float | None:
    """Return a number as 32 bits hold it, None for an empty cell."""
    return None if value == "" else float(struct.unpack("f", struct.pack("f", float(value)))[0])


def expected_faces(data_dir: Path, rows: list[dict[str, Any]], config: str) -> dict[str, list[dict[str, Any]]]:
    """Return what a face config must give, split by split, worked out from the sheet's rows and the files alone."""
    size = next(letter for letter, name in FOLDERS.items() if config.startswith(name))
    folder = f"DiffusionEmotion_{size}_cropped" if config.endswith("cropped") else f"DifussionEmotion_{size}"
    splits: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if not row["path"].startswith(f"DifussionEmotion_{size}/"):
            continue
        name = row["path"].split("/")[-1]
        content = (data_dir / folder / row["path"].split("/", 1)[1]).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        example: dict[str, Any] = {"image": {"bytes": {"length": len(content), "sha256": digest}, "path": name}}
        example |= {"image_id": name.removesuffix(".png"), "sha256": digest}
        example["emotion"] = ["neutral", "happy", "sad", "surprise", "fear", "disgust", "angry"].index(row["emotion"])
        for column in ("prompt", "negative_prompt", "race", "age", "gender", "style", "others", "sampler", "model"):
            example[column] = row[column] or None
        for column in ("valence", "arousal", "cfg_scale", "clip_score"):
            example[column] = float32(row[column])
        for column in ("seed", "steps"):
            example[column] = None if row[column] == "" else int(row[column])
        example["face_box"] = [float32(number) for number in row["face_box"].split()] or None
        splits.setdefault(row["split"], []).append(example)
    return splits


def stream(config: str, data_dir: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a config by split, images as they are stored."""
    splits = DiffusionFER(config_name=config, data_dir=str(data_dir)).as_streaming_dataset()
    return {name: list(split.cast_column("image", datasets.Image(decode=False))) for name, split in splits.items()}


def summary(splits: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Put bytes in the form of `expected_faces`."""
    for rows in splits.values():
        for row in rows:
            content = row["image"]["bytes"]
            row["image"]["bytes"] = {"length": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return splits


def read_rows(config: str, data_dir: Path) -> list[dict[str, Any]]:
    """Return the rows of a config without their images, as the builder's index has them."""
    return list(read_index(config, str(data_dir)).table.to_pylist())
