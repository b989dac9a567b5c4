"""Pictures move with their label: whole, finished after a kill, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.check.material import check
from tests.make.generating import read_sheet
from tests.make.rated import MOVED, NAME, PATH, annotation, files, imported, rows, run, task, write_export
from tests.trees import write_faces, zip_folder
from tools.make.design import design
from tools.make.generation.base import Settings
from tools.make.generation.walk import generate
from tools.make.grammar_file import load
from tools.make.ledger import Ledger, LedgerError
from tools.make.plan_file import write_plan
from tools.make.planned import plan
from tools.make.ratings.importing import import_exports
from tools.make.ratings.moves import moved_path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A data directory with 14 pictures in both variants."""
    (tmp_path / "data").mkdir()
    write_faces(tmp_path / "data", 14, 48)
    return tmp_path / "data"


def test_a_picture_is_moved(tree: Path) -> None:
    """Moved, picture and crop have another folder and index, and the same bytes; no check is broken."""
    before = files(tree)
    sad = [annotation(who, "sad", (-0.5, -0.2), id=who) for who in (1, 2)]
    export = write_export(tree.parent / "a.json", task(NAME, *sad))
    assert import_exports([export], tree, on_change="move").outcomes["small"].moves == [(PATH, MOVED)]
    after = files(tree)
    assert PATH not in rows(tree)
    assert rows(tree)[MOVED]["emotion"] == "sad"
    for folder in ("DifussionEmotion_S", "DiffusionEmotion_S_cropped"):
        name, moved = (path.replace("DifussionEmotion_S", folder) for path in (PATH, MOVED))
        assert (after[moved], name in after) == (before[name], False)
    assert {finding.rule for finding in check(tree)} == {"SH041"}  # the prompt still asks for what it asked for
    # The picture's name says no label, so an export from before the move still finds it.
    assert import_exports([export], tree, on_change="move").outcomes["small"].written == 0


class Killed(BaseException):
    """Nothing catches it, as a kill."""


# An import renames, in this order: the file of ratings, the picture, the crop, the sheet.
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_move_that_is_killed(tree: Path, number: int, when: str) -> None:
    """Killed before or after any file is renamed, a move is finished by the same import, and by nothing else before."""
    whole = tree.parent / "whole" / "data"
    whole.mkdir(parents=True)
    write_faces(whole, 14, 48)
    export = write_export(tree.parent / "a.json", task(NAME, annotation(1, "sad", (-0.5, -0.2))))
    import_exports([export], whole, on_change="move")
    replace, calls = Path.replace, []

    def killed(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == number and when == "before":
            raise Killed
        replace(self, target)
        if len(calls) == number:
            raise Killed
        return target

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(Killed):
            import_exports([export], tree, on_change="move")
    if number > 1:
        sheet = tree / "dataset_sheet.csv"
        for reading in (False, True):
            with pytest.raises(LedgerError) as error, Ledger(sheet, reading=reading):
                pass
            assert str(error.value) == (
                f"{sheet}: an import that moves pictures was cut short: run that `diffusionfer annotate import` again, "
                "which finishes it"
            )
    import_exports([export], tree, on_change="move")
    assert files(tree) == files(whole)


def test_a_move_is_taken_back(tree: Path) -> None:
    """Where a later rating puts the emotion in doubt, the picture goes where it was, as if all had rated at once."""
    before = files(tree)
    imported(tree, "sad", on_change="move")
    done = imported(tree, "sad", "fear", on_change="move")
    assert done.outcomes["small"].moves == [(MOVED, PATH)]
    assert done.outcomes["small"].changes == []  # nobody said that it is happy
    after = files(tree)
    assert {name: after[name] for name in before if name != "dataset_sheet.csv"} == {
        name: data for name, data in before.items() if name != "dataset_sheet.csv"
    }
    assert (rows(tree)[PATH]["emotion"], rows(tree)[PATH]["label_source"]) == ("happy", "")


def test_a_design_is_made_longer_after_a_move(tmp_path: Path) -> None:
    """Rows are known by their claims: what people said makes no other design of it."""
    planned, data_dir = plan(load("diffusionfer"), size="small"), tmp_path / "data"
    write_plan(planned, data_dir, 20)
    generate(data_dir, Settings("sketch"), workers=1, progress=False)
    path = next(row["path"] for row in read_sheet(data_dir) if row["emotion"] == "happy")
    export = write_export(tmp_path / "a.json", task(Path(path).stem[:-2], annotation(1, "fear")))
    (moved,) = import_exports([export], data_dir, on_change="move").outcomes["small"].moves
    assert write_plan(planned, data_dir, 20).added == 0
    assert write_plan(planned, data_dir, 30, append=True).added == 10
    assert [row["path"] for row in read_sheet(data_dir)].count(moved[1]) == 1
    with pytest.raises(ValueError, match="of this design has"):
        write_plan(plan(load("diffusionfer"), size="small", seed=1), data_dir, 40, append=True)


def test_two_pictures_of_one_name(tree: Path) -> None:
    """A picture that ratings know by its path stays where it is, with its label as before, and is named."""
    other = "DifussionEmotion_S/sad/aaaaaaab_2.png"
    sheet = tree / "dataset_sheet.csv"
    sheet.write_text(sheet.read_text().replace("sad/aaaaaaac_2", "sad/aaaaaaab_2"))
    for folder in ("DifussionEmotion_S", "DiffusionEmotion_S_cropped"):
        (tree / folder / "sad/aaaaaaac_2.png").rename(tree / folder / "sad/aaaaaaab_2.png")
    before = files(tree)
    export = write_export(tree.parent / "a.json", task(PATH, annotation(1, "fear")), task(other, annotation(1, "sad")))
    for _ in range(2):
        result = run("import", export, "--data-dir", tree, "--on-change", "move")
        assert result.exit_code == 1
        assert f"\nnot moved: {PATH}: another picture has its name, so that its ratings " in result.output
        assert {name for name in files(tree) if name != "ratings.csv"} == set(before)
        assert rows(tree)[PATH]["emotion"] == "happy"
        assert rows(tree)[other]["label_source"] == "person"
    assert import_exports([export], tree, on_change="write").outcomes["small"].unknown == []
    assert rows(tree)[PATH]["emotion"] == "fear"


@pytest.mark.parametrize("way", ["file", "link"])
def test_what_is_in_the_way_of_a_move(tree: Path, way: str) -> None:
    """A file of the new name, or a link, stops the move in one line, before anything is written."""
    if way == "file":
        (tree / MOVED).write_bytes(b"mine")
    if way == "link":
        (tree / "DifussionEmotion_S/happy").rename(tree.parent / "happy")
        (tree / "DifussionEmotion_S/happy").symlink_to(tree.parent / "happy")
    before = files(tree)
    export = write_export(tree.parent / "a.json", task(NAME, annotation(1, "sad")))
    messages = {
        "file": f"{tree / MOVED} is in the way of {tree / PATH}: look at both, and remove one",
        "link": f"{tree / PATH} is behind a link, and is not moved: put the file itself there",
    }
    with pytest.raises(ValueError, match=r".") as error:
        import_exports([export], tree, on_change="move")
    assert str(error.value) == messages[way]
    assert files(tree) == before


def test_a_move_in_a_zip(tree: Path) -> None:
    """In a zip nothing is moved: said before anything is written, and the labels stay as they were."""
    zip_folder(tree / "DiffusionEmotion_S_cropped")
    before = files(tree)
    with pytest.raises(
        ValueError, match=r"^DiffusionEmotion_S_cropped\.zip is a zip, in which nothing is moved: unpack"
    ):
        imported(tree, "sad", on_change="move")
    assert files(tree) == before


def test_paths() -> None:
    """A moved path is in the published form and says its emotion; other names keep theirs."""
    assert moved_path("DifussionEmotion_M/angry/x.png", "sad") == "DifussionEmotion_M/sad/x.png"
    for row in design()[::100]:
        assert moved_path(row["path"], row["emotion"]) == row["path"]
