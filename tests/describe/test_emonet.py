"""What the card says of EmoNet-Face is what upstream published."""

from __future__ import annotations

import json
from pathlib import Path

from DiffusionFER import EMONET_EMOTIONS, SUBSETS
from tools.describe.blocks import emonet
from tools.describe.facts.description import Description
from tools.describe.header import Facts

NOTHING = Description(Path())


def test_each_category_is_in_one_group() -> None:
    """The groups divide the 40 categories among them."""
    names = [name for group in emonet.GROUPS.values() for name in group]
    assert sorted(names) == sorted(EMONET_EMOTIONS)


def test_the_groups_are_upstreams(shared: Path) -> None:
    """The groups hold what upstream's guide has in each of its groups, in its order."""
    guide = json.loads((shared / "emonet/guide.json").read_text(encoding="utf-8"))
    theirs = {tuple(names) for names in guide["options"]["buttons"].values()}
    assert set(emonet.GROUPS.values()) == theirs


def test_the_figures_are_upstreams(shared: Path) -> None:
    """Sizes and accuracies are those of upstream's card."""
    card = (shared / "cards/emonet_face_binary_listing.txt").read_text(encoding="utf-8")
    for images in emonet.PUBLISHED_IMAGES.values():
        assert f"{images:,} images" in card
    row = "| **{}** | {} | **{:.2f}**|"
    for name, (shares, average) in emonet.ACCURACIES.items():
        line = row.format(name, " | ".join(f"{share:.2f}" for share in shares), average)
        assert line.replace(" ", "") in card.replace(" ", "")


def test_configs_name_what_upstream_has_and_what_is_here() -> None:
    """Every config of EmoNet is in the table, with the published number of images, and with those at hand."""
    table = emonet.configs(NOTHING)
    assert [f"`{name}`" in table for name in SUBSETS if name.startswith("emonet")] == [True] * 3
    assert "| 203,201 |" in table
    here = Description(Path(), shards={"emonet_big": Facts([], {"train": 7}, {"train": 1}, 1)})
    assert "| 7 here, of 203,201 |" in emonet.configs(here)


def test_categories_have_the_index_of_the_label() -> None:
    """Each category stands with the number that `emotion` has in binary."""
    table = emonet.categories(NOTHING)
    assert all(f"{name} ({index})" in table for index, name in enumerate(EMONET_EMOTIONS))


def test_an_average_that_is_none_is_not_passed_on_without_a_word() -> None:
    """The published average of AffectNet is not the mean of its classes, and the table says so; FERD's is."""
    table = emonet.accuracies(NOTHING)
    assert "on AffectNet the eight classes have a mean of 72.03, not 75.72" in table
    assert "on FERD" not in table
