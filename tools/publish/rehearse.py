"""The dress rehearsal: push to a Hub on this machine, load every config back, and compare each image with its source.

In go the options of a push; out comes a table of what came back. The push and each load are processes of their own, as
they will be, with nothing cached and no token but the rehearsal's.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from DiffusionFER import Index, read_index
from tools.check.configs import configs_with_data
from tools.make.embedded import embedded_edition
from tools.publish.options import Options, PushError, RehearsalStopped, Say
from tools.publish.push import ROOT
from tools.publish.staging import StagingHub
from tools.publish.staging.access import Role
from tools.publish.staging.faults import parse_fault
from tools.publish.text import table

READBACK = Path(__file__).with_name("readback.py")
# Tried first, so that the line to paste is the same at every rehearsal; any free port does.
PORT = 8907
# Reads a private repository of a rehearsal by hand. No secret: it stands here, and only this machine reaches that Hub.
VISITOR = "visitor"


@dataclass(frozen=True)
class Rehearsal:
    """What came back: (config, split, rows, bytes, seconds) for each split, and a command to try it by hand."""

    pushed: dict[str, Any]
    loaded: list[tuple[str, str, int, int, float]]
    seconds: float
    by_hand: str
    faults: list[str]  # what went wrong as it was told to, and what did not come to pass

    def as_json(self) -> dict[str, Any]:
        """Return the rehearsal as a mapping of plain values, for machines."""
        names = ("config", "split", "rows", "bytes", "seconds")
        loaded = [dict(zip(names, line, strict=True)) for line in self.loaded]
        rest = {"seconds": self.seconds, "by_hand": self.by_hand, "faults": self.faults}
        return {"pushed": self.pushed, "loaded": loaded, **rest}

    def as_text(self) -> str:
        """Return the rehearsal for a person."""
        rows = [(c, split, f"{rows:,}", f"{size:,}", f"{seconds:.1f}") for c, split, rows, size, seconds in self.loaded]
        images = sum(line[2] for line in self.loaded)
        warnings = "".join(f"warning: {warning}\n" for warning in self.pushed["warnings"])
        faults = "".join(f"fault {line}\n" for line in self.faults)
        return (
            f"\n{faults}{warnings}{table(('config', 'split', 'rows', 'bytes', 'seconds'), rows)}\n\n"
            f"{images:,} images came back through load_dataset with the bytes of their files; "
            f"{self.seconds:.0f} s in all.\n"
            f"To try it by hand, while --rehearse --serve runs:\n\n  {self.by_hand}\n"
        )


def rehearse(
    options: Options, say: Say, *, faults: Sequence[str] = (), serve: Callable[[Rehearsal], None] | None = None
) -> Rehearsal:
    """Push to a staging Hub, load every config back and compare; call `serve` with the result while the Hub still runs.

    `faults` are the specs of what goes wrong at that Hub while the push is under way (see staging/faults.py). Raises
    ValueError for one that is none, RehearsalStopped where the push fails, PushError where a config does not load or
    comes back changed.
    """
    begun = time.monotonic()
    if options.dry_run or options.plan_only or options.create_pr:
        raise PushError(
            "--rehearse pushes for real, to a Hub on this machine: leave out --plan, --dry-run and --create-pr"
        )
    if options.scheduler:
        raise PushError(
            "--rehearse has a Hub on this machine, of which the workers of a cluster know nothing: rehearse without "
            "--engine dask, the shards are the same"
        )
    if isinstance(options.data_dir, str):
        raise PushError(
            "--rehearse lets nothing out of this machine, and so does not reach a remote tree: copy some of it here"
        )
    for spec in faults:
        parse_fault(spec)  # before any work
    work_dir = options.work_dir.absolute()
    data_dir = (options.data_dir or embedded_edition(work_dir, say)).absolute()
    configs = configs_with_data(options.configs, data_dir)
    token = f"rehearsal_{secrets.token_hex(16)}"
    with _stage(work_dir) as stage, _staging_hub(stage / "hub", token, faults) as hub:
        say(f"a staging Hub, a rehearsal and no place for data, answers at {hub.endpoint}")
        try:
            environment = hub.environment(token, stage / "push")
            pushed = _push(replace(options, data_dir=data_dir, work_dir=work_dir), environment)
        except RehearsalStopped:
            for line in hub.faults.report():
                say(f"fault {line}")
            raise
        hub.faults.clear()  # they were meant for the push, and not for those who load
        say(f"pushed {len(pushed['added'])} files, {pushed['upload_bytes']:,} bytes, in one commit, and verified them")
        loaded = []
        for config in configs:
            say(f"loading {config} back, in a new process, with nothing cached")
            environment = hub.environment(VISITOR if options.private else None, stage / f"load-{config}")
            loaded += _load_back(options, config, read_index(config, str(data_dir)), environment)
        by_hand = _by_hand(hub.endpoint, work_dir / "by-hand", options, configs[-1])
        result = Rehearsal(pushed, loaded, time.monotonic() - begun, by_hand, hub.faults.report())
        if serve:
            serve(result)
    return result


@contextmanager
def _stage(work_dir: Path) -> Iterator[Path]:
    """Make a folder for what a rehearsal leaves behind, and remove it afterwards."""
    work_dir.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix="rehearsal-", dir=work_dir))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def _staging_hub(folder: Path, token: str, faults: Sequence[str]) -> Iterator[StagingHub]:
    tokens: dict[str, Role] = {token: "write", VISITOR: "read"}
    try:
        hub = StagingHub(folder, tokens, port=PORT, faults=faults).start()
    except OSError:  # the port is taken
        hub = StagingHub(folder, tokens, faults=faults).start()
    try:
        yield hub
    finally:
        hub.stop()


def _push(options: Options, environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, str(ROOT / "tools" / "push.py"), "--json"]
    command += ["--private" if options.private else "--public"]
    command += [part for config in options.configs for part in ("--config", config)]
    given = {
        "--data-dir": options.data_dir,
        "--work-dir": options.work_dir,
        "--repo-id": options.repo_id,
        "--revision": options.revision,
        "--tag": options.tag,
        "--max-shard-size": options.max_shard_size,
        "--max-disk": options.max_disk,
        "--num-proc": options.num_proc,
    }
    command += [part for name, value in given.items() if value is not None for part in (name, str(value))]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RehearsalStopped(done.returncode)
    return dict(json.loads(done.stdout))


def _load_back(
    options: Options, config: str, index: Index, environment: dict[str, str]
) -> list[tuple[str, str, int, int, float]]:
    command = [
        sys.executable,
        str(READBACK),
        options.repo_id,
        config,
        *([options.revision] if options.revision else []),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PushError(f"{config} does not load back: {(done.stderr.strip().splitlines() or ['no word why'])[-1]}")
    lines = []
    for split in json.loads(done.stdout):
        if wrong := _changed(index, split["split"], split["sha256"]):
            raise PushError(
                f"{config} {split['split']} came back changed: {', '.join(wrong[:5])} ({len(wrong)} in all)"
            )
        lines.append((config, split["split"], split["rows"], split["bytes"], split["seconds"]))
    if missing := set(index.splits()) - {line[1] for line in lines}:
        raise PushError(f"{config} came back without {', '.join(sorted(missing))}")
    return lines


def _changed(index: Index, split: str, loaded: dict[str, str]) -> list[str]:
    """Return the ids of images that did not come back, came from nowhere or have other bytes than their files."""
    rows = index.rows(split)
    with ThreadPoolExecutor(2) as pool:
        hashes = pool.map(lambda file: hashlib.sha256(index.folder.read(file)).hexdigest(), rows["file"].to_pylist())
        source = dict(zip(rows["image_id"].to_pylist(), hashes, strict=True))
    return sorted(name for name in {*source, *loaded} if source.get(name) != loaded.get(name))


def _by_hand(endpoint: str, home: Path, options: Options, config: str) -> str:
    revision = f', revision="{options.revision}"' if options.revision else ""
    code = f'from datasets import load_dataset; print(load_dataset("{options.repo_id}", "{config}"{revision}))'
    settings = f"HF_ENDPOINT={endpoint} HF_HUB_DISABLE_XET=1 HF_HOME={shlex.quote(str(home))}"
    settings += f" HF_TOKEN={VISITOR}" if options.private else ""
    return f"{settings} {shlex.quote(sys.executable)} -c {shlex.quote(code)}"
