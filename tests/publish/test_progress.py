"""How far a job is: a bar on a terminal, a line now and then in a pipe."""

from __future__ import annotations

import io
import sys

import pytest

from tools.publish.progress import Progress
from tools.publish.text import duration, size


def test_lines_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """A job of seconds says nothing; one that lasts says a line every half minute, with share, rate and time left."""
    said: list[str] = []
    now = 0.0
    with Progress("upload", 1_000_000_000, "B", said.append, lambda: now) as bar:
        bar.advance(100)
        now = 29.9
        bar.advance(100)
        assert said == []
        now = 50.0
        bar.advance(249_999_800)
        now = 60.0
        bar.advance(-50_000_000)  # a file begins anew
        now = 100.0
        bar.advance(800_000_000)
    assert said == [
        "upload: 250 MB of 1 GB (25%), 5 MB/s, 2 min left",
        "upload: 1 GB of 1 GB (100%), 10 MB/s",
    ]
    assert capsys.readouterr() == ("", "")


def test_images_and_nothing_at_all() -> None:
    """Images are counted in full; a job without any has no share."""
    many, none = (Progress("shards", total, "image", print, lambda: 0.0) for total in (12_000, 0))
    assert many.line(0.0) == "shards: 0 images of 12,000 images (0%), 0 images/s"
    assert none.line(1.0) == "shards: 0 images of 0 images, 0 images/s"


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal there is a bar with the name, the share and the rate, and no line."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    said: list[str] = []
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress("upload", 2_000_000, "B", said.append) as bar:
        bar.advance(1_000_000)
        bar.advance(1_000_000)
    shown = terminal.getvalue()
    assert "upload: 100%" in shown
    assert "2.00M/2.00M" in shown
    assert said == []


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (1234, "1.23 kB"), (999_499, "999 kB"), (999_500, "1 MB"),
        (430_200_000_000, "430 GB"), (999_600_000_000, "1 TB"), (12_345_000_000_000_000, "12,345 TB"),
    ],
)  # fmt: skip
def test_sizes(number: int, text: str) -> None:
    """Sizes have three digits and the unit that fits."""
    assert size(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (5000, "83 min"), (9000, "2.5 h")]
)
def test_durations(seconds: float, text: str) -> None:
    """Times have the unit that fits."""
    assert duration(seconds) == text
