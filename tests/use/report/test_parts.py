"""The parts of the report by themselves: what is kept, counted and bounded, and what becomes of text from strangers."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.trees import face_rows, png, write_faces, write_sheet
from tests.use.report.test_report import Words, made, section
from tools.check.findings import Finding
from tools.check.rules import RULES
from tools.check.sheet.read import read_sheet
from tools.describe.facts.description import Faces
from tools.use.report import show_clip, show_duplicates, show_findings, thumbnails
from tools.use.report.counts import counted, histogram
from tools.use.report.gaps import Gap, gaps
from tools.use.report.markup import attribute, bar, text
from tools.use.report.problems import KEPT, Problems
from tools.use.report.thumbnails import Thumbnails
from tools.use.report.tree import look_at
from tools.use.report.twins import twins


def finding(rule: str, row: int) -> Finding:
    """Return a finding of a rule in a row."""
    return RULES[rule].at("dataset_sheet.csv", f"row {row}", row=row)


@given(st.permutations(range(30)), st.integers(1, 5))
def test_problems_keep_the_first(order: list[int], slack: int) -> None:
    """All findings are counted, the first of each rule kept, in whichever order they come."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.use.report.problems._SLACK", slack)
        problems = Problems()
        problems.add(finding("SH010", row) for row in order)
        problems.add([RULES["IM011"].at("x", "warning")])
        groups = problems.groups()
    counts = [(group.rule, group.count, group.severity) for group in groups]
    assert counts[0] == ("SH010", 30, RULES["SH010"].severity)
    assert [one.row or 0 for one in groups[0].first] == sorted(range(30))[:KEPT]
    assert (problems.errors, problems.warnings) == (30, 1)


def faces(cells: dict[tuple[str, str | None, str | None, str | None], int]) -> Faces:
    """Return what was counted of a size, as far as gaps ask for it."""
    return Faces("small", sum(cells.values()), {}, {}, {}, {}, cells, [], {}, {}, {})


def test_gaps_by_hand() -> None:
    """Of 2 x 2 crossings with 100, 100, 100 and 10 rows, the last has 110 * 110 / 310 = 39.03 for its share."""
    cells = {
        ("happy", "white", None, "man"): 100,
        ("happy", "white", None, "woman"): 100,
        ("sad", "white", None, "man"): 100,
        ("sad", "white", None, "woman"): 10,
    }
    found = gaps(faces(cells))  # type: ignore[arg-type]
    assert (found.columns, found.possible, found.empty) == (("emotion", "race", "gender"), 4, 0)
    assert found.rare == []
    assert found.gaps == [Gap(("sad", "white", "woman"), 10, 310 * (110 / 310 * (310 / 310) * (110 / 310)))]


def test_empty_crossings_and_rare_words() -> None:
    """An empty crossing is a gap, however small its share; a word with less than half of an even share is rare."""
    cells = {("happy", "white", None, None): 90, ("sad", "white", None, None): 90, ("happy", "black", None, None): 20}
    found = gaps(faces(cells))  # type: ignore[arg-type]
    assert [(one.column, one.word, one.rows, one.even) for one in found.rare] == [("race", "black", 20, 100.0)]
    assert found.empty == 1
    assert [(gap.words, gap.rows, gap.share) for gap in found.gaps or ()] == [
        (("sad", "black"), 0, pytest.approx(90 * 20 / 200))
    ]


def test_too_many_crossings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that hardly repeat are not gone through."""
    monkeypatch.setattr("tools.use.report.gaps.MOST_CELLS", 3)
    cells = {("happy", "white", None, None): 1, ("sad", "black", None, None): 1}
    assert gaps(faces(cells)).gaps is None  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.sampled_from(["happy", "sad"]), st.sampled_from("ab"), st.sampled_from("xy")), min_size=1))
def test_shares_are_of_all_rows(rows: list[tuple[str, str, str]]) -> None:
    """The shares of all crossings, gaps or not, sum to the rows; so no gap has a share above them all."""
    cells: dict[tuple[str, str | None, str | None, str | None], int] = {}
    for emotion, race, gender in rows:
        key = (emotion, race, None, gender)
        cells[key] = cells.get(key, 0) + 1
    found = gaps(faces(cells))
    assert found.empty == found.possible - len(cells)
    empty = [gap for gap in found.gaps or () if not gap.rows]
    assert len(empty) == found.empty
    assert sum(gap.share for gap in found.gaps or ()) <= len(rows) + 1e-9


def test_rows_that_cannot_be_counted_are_left_out(tmp_path: Path) -> None:
    """A label that is none, an arousal off the scale and a split of another name: the others are counted."""
    rows = face_rows(20)
    rows[0]["emotion"], rows[1]["arousal"], rows[2]["split"], rows[3]["valence"] = "joy", "7", "dev", ""
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    sheet, _ = read_sheet(str(tmp_path))
    assert sheet
    found = counted("small", sheet.of_size("small"))
    assert (found.faces.rows, found.left_out) == (16, 4)
    assert sum(found.faces.cells.values()) == 16


def test_how_many_were_counted_is_said_beside_those_that_were_not(tmp_path: Path) -> None:
    """Both numbers stand there."""
    rows = write_faces(tmp_path / "data", 14)
    rows[0]["emotion"] = "joy"
    write_sheet(tmp_path / "data" / "dataset_sheet.csv", rows)
    words = str(Words(section(made(tmp_path / "data", tmp_path / "out.html", "--depth", "quick"), "distributions")))
    assert "13 rows counted. 1 row is not counted" in words


def test_histograms() -> None:
    """All values are in the steps, which begin and end with them; where all are the same, there is one."""
    assert histogram(np.array([0.25, 0.25, 0.25])) == [(0.25, 0.25, 3)]
    steps = histogram(np.array([0.0, 0.1, 2.0]))
    assert (len(steps), steps[0][0], steps[-1][1], sum(count for _, _, count in steps)) == (20, 0.0, 2.0, 3)


def test_pairs_across_splits_come_first(tmp_path: Path) -> None:
    """Each copy is paired with one of another split where there is one; a file without a row has no split."""
    rows = write_faces(tmp_path, 20)
    data = [tmp_path / row["path"] for row in rows]
    for copy, original in ((8, 0), (9, 0), (2, 1), (11, 10)):
        data[copy].write_bytes(data[original].read_bytes())
    stranger = tmp_path / "DifussionEmotion_S" / "sad" / "zzzzzzzz_2.png"
    stranger.write_bytes(data[10].read_bytes())
    with Image.open(data[5]) as picture:
        picture.resize((96, 96)).save(data[6])  # 64 -> 96: looks the same
    tree = look_at(tmp_path, ["small_original"], depth="deep")
    pictures = tree.pictures["small_original"]
    found = twins(pictures)

    def number(place: int) -> int:
        names = [path.name for path in data]
        name = pictures.name(place).rpartition("/")[2]
        return names.index(name) if name in names else -1

    pairs = [({number(pair.earlier), number(pair.later)}, pair.across) for pair in found.pairs]
    assert [across for _, across in pairs] == sorted((across for _, across in pairs), reverse=True)
    assert found.across == 2
    assert {frozenset(pair) for pair, across in pairs if across} <= {frozenset(p) for p in ((0, 8), (0, 9), (8, 9))}
    assert ({1, 2}, False) in pairs
    assert {frozenset(pair) for pair, across in pairs if not across} >= {frozenset((1, 2))}
    assert sum(-1 in pair or pair == {10, 11} for pair, _ in pairs) == 2


@given(st.text())
def test_text_is_only_text(value: str) -> None:
    """Whatever a cell holds, it is no markup, no control, and on one line."""
    for made_of in (text(value, 10_000).removeprefix("<bdi>").removesuffix("</bdi>"), attribute(value, 10_000)):
        assert not set(made_of) & set("<>\"'\n\r\0\u202e\u2028")
        assert made_of.isprintable()
        made_of.encode()


def test_text_is_bounded() -> None:
    """Of a long text both ends are shown; characters that are spelled out do not make it ten times as long."""
    assert text("a" * 500 + "b" * 500, 100) == f"<bdi>{'a' * 48}...{'b' * 48}</bdi>"
    assert len(attribute("\U000e0001" * 1000, 100)) == 203


def test_bars_fill_their_part() -> None:
    """A bar has its share of a hundred, and nothing of nothing."""
    assert '<rect width="25.0"' in bar(1, 4)
    assert '<rect width="0.0"' in bar(0, 0)


def broken(name: str) -> bytes:
    """Return a file that is no picture that can be shown."""
    if name == "cut off":
        return png(1, 128)[:3000]
    if name == "no picture":
        return b"hello"
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "said"),
    [("cut off", "cannot be decoded"), ("no picture", "is no picture"), ("bomb", "claims 20,000 x 20,000 pixels")],
)
def test_placeholders(name: str, said: str) -> None:
    """What cannot be decoded, and what unpacks to too much, is a box that says so."""
    assert said in Thumbnails(10**6).of_bytes(broken(name), "a.png")


def test_thumbnails_are_bounded(tmp_path: Path) -> None:
    """A section has no more characters of pictures than it may; the first ones are shown."""
    write_faces(tmp_path, 14)
    tree = look_at(tmp_path, ["small_original"], depth="quick")
    pictures = tree.pictures["small_original"]
    names = [pictures.name(place) for place in range(14)]
    one = len(Thumbnails(10**6).of(pictures, names[0]))
    bounded = Thumbnails(3 * one)
    shown = [bounded.of(pictures, name) for name in names]
    assert 1 <= sum("<img" in html for html in shown) <= 3
    assert "<img" in shown[0]
    assert all("enough pictures" in html for html in shown[3:])
    assert "no picture" in Thumbnails(10**6).of(pictures, "angry/none.png")


def test_a_page_of_noise_stays_small(tmp_path: Path) -> None:
    """Pictures that compress badly, all of them wrong in many ways: the page has less than 5 MB."""
    rows = write_faces(tmp_path / "data", 280, size=192)
    for row in rows:
        row.update(clip_score="0.1", emotion="happy", sha256="0" * 64, valence="0.9", race="<&>" * 100)
        if (number := int(row["seed"])) % 2:
            name = rows[number - 1]["path"]
            (tmp_path / "data" / row["path"]).write_bytes((tmp_path / "data" / name).read_bytes())
    write_sheet(tmp_path / "data" / "dataset_sheet.csv", rows)
    page = made(tmp_path / "data", tmp_path / "out.html", "--depth", "default")
    assert 100_000 < len(page.encode()) < 5_000_000
    for name, module in (("findings", show_findings), ("duplicates", show_duplicates), ("clip", show_clip)):
        addresses = re.findall(r'src="(data:image/webp[^"]*)"', section(page, name))
        assert 0 < sum(map(len, addresses)) <= module.MOST
    assert "enough pictures" in page


def test_findings_show_their_pictures(tmp_path: Path) -> None:
    """By the row of the sheet, where blank lines lie between, and by the file."""
    rows = write_faces(tmp_path / "data", 14)
    rows[9]["emotion"] = "joy"
    sheet = tmp_path / "data" / "dataset_sheet.csv"
    write_sheet(sheet, rows)
    lines = sheet.read_text().splitlines()
    sheet.write_text("\n".join([*lines[:5], "", "", *lines[5:]]) + "\n")
    Image.new("RGB", (64, 64), "red").save(tmp_path / "data" / rows[3]["path"])
    found = section(made(tmp_path / "data", tmp_path / "out.html"), "findings")
    by_row = re.search(
        r'<img [^>]*alt="([^"]*)"[^>]*><div><p class="place"><bdi>dataset_sheet.csv</bdi>, row 13', found
    )
    assert by_row
    assert by_row[1] == rows[9]["path"].partition("/")[2]
    assert f'alt="{rows[3]["path"].partition("/")[2]}"' in found


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are any bytes")
def test_names_that_no_page_can_hold(tmp_path: Path) -> None:
    """A name that is not UTF-8, or has a new line and a mark of direction in it, is spelled out among the findings."""
    rows = write_faces(tmp_path / "data", 7)
    file = tmp_path / "data" / rows[0]["path"]
    file.with_name(os.fsdecode(b"\xff\xfe.png")).write_bytes(file.read_bytes())
    file.rename(file.with_name("a\nb\u202e<i>.png"))
    page = made(tmp_path / "data", tmp_path / "out.html")
    words = str(Words(section(page, "findings")))
    assert "\\udcff\\udcfe.png" in words
    assert "a\\nb\\u202e<i>.png" in words
    assert "<i>.png" not in page


def test_the_worst_scores(tmp_path: Path) -> None:
    """The lowest come first, with their prompts; rows without a score are counted."""
    rows = write_faces(tmp_path / "data", 40)
    for number, row in enumerate(rows):
        row["clip_score"] = "" if number < 5 else f"{0.1 + (number * 7 % 40) / 100:.2f}"
        row["prompt"] = f"{row['emotion']} emotion, picture {number}"
    write_sheet(tmp_path / "data" / "dataset_sheet.csv", rows)
    found = section(made(tmp_path / "data", tmp_path / "out.html", "--depth", "quick"), "clip")
    scores = [float(one) for one in re.findall(r"<b>([\d.]+)</b>", found)]
    lowest = sorted(float(row["clip_score"]) for row in rows if row["clip_score"])[: show_clip.LISTED]
    assert scores == pytest.approx(lowest)
    assert "5 rows have none." in str(Words(found))
    worst = min((row for row in rows if row["clip_score"]), key=lambda row: float(row["clip_score"]))
    assert found.index(worst["prompt"]) < found.index("</li>")


def test_the_thumbnails_are_those_of_the_preview() -> None:
    """One way to make them, with one set of guards."""
    assert thumbnails.thumbnail.__module__ == "tools.describe.preview.pictures"
