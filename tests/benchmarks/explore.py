"""`python tests/benchmarks/explore.py`: how long the explorer takes for 1,000,000 rows, and how much memory.

A folder of shards is made once in `.work/`, with a design's labels and pictures of a hundred bytes. Printed are the
seconds until the command gives its address, its peak memory and the size of what the browser fetches; against them the
way of the viewer's own server, pandas' read_parquet and to_parquet of the same columns, in turns; and the seconds that
Chromium takes until it shows the points, and until the charts follow a filter.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

# This process imports nothing large: on Linux a child's peak memory begins with that of the process that started it.
ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / ".work" / "explore"
CONFIG = "large_original"
MAKE = """import sys
from pathlib import Path
import pyarrow as pa
import pyarrow.parquet as pq
from tools.use.rows import open_rows
folder, data = map(Path, sys.argv[1:])
struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
with open_rows("large_original", data_dir=data) as rows:
    for split in rows.splits:
        table = rows.table(split)
        scores = pa.array([0.2 + number % 200 / 1000 for number in range(table.num_rows)], pa.float32())
        table = table.set_column(table.schema.get_field_index("clip_score"), "clip_score", scores)
        for number, start in enumerate(range(0, table.num_rows, 200_000)):
            part = table.slice(start, 200_000)
            picture = pa.array([{"bytes": b"x" * 100, "path": "a.png"}] * part.num_rows, struct)
            name = folder / "large_original" / f"{split}-{number:05d}.parquet"
            pq.write_table(part.add_column(0, "image", picture), name, row_group_size=1000)
"""
PANDAS = """import io, sys
import pandas as pd
from tools.use.explore.points import READ
pd.read_parquet(sys.argv[1], columns=list(READ)).to_parquet(io.BytesIO())
"""


def make(rows: int) -> Path:
    """Make the folder of shards, unless it is there; return it."""
    folder = WORK / f"shards-{rows}"
    if not folder.exists():
        data, half = WORK / "data", WORK / "half"
        for old in (data, half):
            shutil.rmtree(old, ignore_errors=True)
        (data / "DifussionEmotion_L").mkdir(parents=True)
        (half / CONFIG).mkdir(parents=True)
        command = [
            sys.executable,
            str(ROOT / "tools" / "prompts.py"),
            "design",
            "--backend",
            "sketch",
            "--size",
            "large",
        ]
        subprocess.run([*command, "--count", str(rows), str(data)], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([sys.executable, "-c", MAKE, half, data], check=True, cwd=ROOT)
        shutil.rmtree(data)
        half.rename(folder)
    return folder


def peak_mb(process: subprocess.Popen[str]) -> float:
    """Return the peak memory of a process that runs, in MB (10**6 bytes)."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", text)[0]) * 1024 / 10**6


def start(folder: Path, site: Path) -> tuple[subprocess.Popen[str], str, float]:
    """Start the command; return it, the address that it gives, and after how many seconds."""
    command = [sys.executable, str(ROOT / "tools" / "explore.py"), "--data-dir", str(folder), "--config", CONFIG]
    environment = os.environ | {"PYTHONPATH": str(site)}
    begin = time.perf_counter()
    process = subprocess.Popen([*command, "--no-browser"], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.readline()
    address = process.stdout.readline().split(" ")[0]
    return process, address, time.perf_counter() - begin


def in_chromium(address: str) -> tuple[float, float]:
    """Return the seconds until the points are shown, and until a filter is."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] * (os.geteuid() == 0))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(300_000)
        begin = time.perf_counter()
        page.goto(address)
        value = page.get_by_role("button", name=re.compile("^woman")).first
        value.wait_for()
        page.locator("canvas").first.screenshot()  # which waits for a frame
        shown = time.perf_counter() - begin
        before = page.get_by_text(re.compile(r"^[\d,]+ points$")).inner_text()
        begin = time.perf_counter()
        value.click()
        page.get_by_text(re.compile(rf"^(?!{before})[\d,]+ points$")).wait_for()
        page.locator("canvas").first.screenshot()
        filtered = time.perf_counter() - begin
        browser.close()
    return shown, filtered


def main() -> None:
    """Run the rounds, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[-1])
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the folder (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs (default: %(default)s)")
    options = parser.parse_args()
    from tests.use.explore.installed import viewer_site

    site, folder = viewer_site(), make(options.rows)
    found: list[tuple[float, ...]] = []
    for _ in range(options.rounds):
        process, address, seconds = start(folder, site)
        try:
            with urllib.request.urlopen(f"{address}data/dataset.parquet") as reply:
                size = len(reply.read()) / 10**6
            peak = peak_mb(process)
            shown, filtered = in_chromium(address)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", PANDAS, folder / CONFIG], check=True, cwd=ROOT)
        found.append((seconds, peak, size, time.perf_counter() - begin, shown, filtered))
    middle = [statistics.median(values) for values in zip(*found, strict=True)]
    print(f"{options.rounds} rounds, {os.cpu_count()} cores, {options.rows:,} rows; medians")
    print(f"address after    {middle[0]:7.1f} s, {middle[0] / middle[3]:.2f} times pandas' {middle[3]:.1f} s")
    print(f"peak memory      {middle[1]:7.0f} MB")
    print(f"fetched          {middle[2]:7.1f} MB")
    print(f"points shown     {middle[4]:7.1f} s")
    print(f"filter followed  {middle[5]:7.1f} s")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
