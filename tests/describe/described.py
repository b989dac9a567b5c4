"""A small dataset as it would be published: a raw tree, its shards, their Description, and the header of a card."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from DiffusionFER import read_index
from tests.trees import write_emonet, write_faces
from tools.describe.facts.description import Description, describe
from tools.publish.shards import Shard, build_shards

FACES = ("small_original", "small_cropped")
EMONET = ("emonet_hq", "emonet_binary", "emonet_big")
HEADER = {"pretty_name": "DiffusionFER", "license": "cc0-1.0", "language": ["en"], "tags": ["faces", "synthetic"]}


@dataclass(frozen=True)
class Published:
    """What is published: the raw tree, the folder of the repository with the shards, and what the card is made from."""

    data_dir: Path
    repository: Path
    shards: list[Shard]
    description: Description

    def of(self, *configs: str, **faces: Any) -> Description:
        """Return the description of some configs alone; `faces` are values of the size small that are to be others."""
        small = {size: dataclasses.replace(known, **faces) for size, known in self.description.faces.items()}
        shards = {config: self.description.shards[config] for config in configs}
        return Description(self.data_dir, small if set(configs) & set(FACES) else {}, shards)


def publish(folder: Path, max_shard_sizes: Mapping[str, int]) -> Published:
    """Write 30 faces and the three EmoNet folders, and build their shards, of a config at most as large as given."""
    data_dir, repository = folder / "data", folder / "repository"
    data_dir.mkdir()
    write_faces(data_dir, 30, size=24)
    write_emonet(data_dir)
    shards: list[Shard] = []
    for config in (*FACES, *EMONET):
        size = max_shard_sizes.get(config, 10**9)
        built, findings = build_shards(
            config, read_index(config, str(data_dir)), repository, max_shard_size=size, workers=1
        )
        assert not findings
        shards += built
    by_config: dict[str, list[tuple[str, Path]]] = {}
    for shard in shards:
        by_config.setdefault(shard.config, []).append((shard.split, shard.file))
    return Published(data_dir, repository, shards, describe(data_dir, by_config))
