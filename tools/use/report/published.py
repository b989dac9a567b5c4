"""The last published revision, as far as the Hub gives it: what has changed against it, or why that is not known.

In go a tree and the name of a repository; out come the changes of each config. That a dataset was never published, or
that this machine is offline, is no error: the report is made without, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from DiffusionFER import SUBSETS
from tools.publish.calls import HubError
from tools.publish.hub import DatasetRepository
from tools.use.report.changes import Changes, compare
from tools.use.report.local import columns_of, face_rows, published_rows
from tools.use.report.tree import Tree
from tools.use.rows import open_rows

LISTED = 40  # rows that changed in one way that are listed for a config


@dataclass
class Published:
    """What is known of the last published revision.

    `against` names it, `commit` is its commit; `why` says why nothing is known of it. `changes` has those of a config,
    `unknown` why those of a config are not known.
    """

    against: str
    commit: str = ""
    why: str = ""
    changes: dict[str, Changes] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)


def find(repo_id: str, revision: str | None, say: Callable[[str], None]) -> Published:
    """Look up a revision of a repository (default: the main branch); `commit` is empty where none is known.

    Raises ValueError for a name that is none, and where the repository can be asked and has no such revision.
    """
    try:
        validate_repo_id(repo_id)
    except HFValidationError:
        raise ValueError(f"--against: {repo_id!r} is not a repository's name (expected: namespace/name)") from None
    found = Published(f"{repo_id}@{revision}" if revision else repo_id)
    try:
        repository = DatasetRepository(repo_id, say)
        head = repository.head(revision)
    except HubError as error:
        found.why = str(error)
        return found
    if revision and (head is None or not head.branch_exists):
        raise ValueError(f"{repo_id} has no revision {revision!r} at {repository.endpoint}: see --against")
    if head is None:
        found.why = f"{repository.endpoint} has no dataset {repo_id}, or this token may not see it"
        return found
    found.commit = head.commit
    return found


def compare_all(tree: Tree, found: Published, repo_id: str, say: Callable[[str], None]) -> None:
    """Compare each config of a tree with the commit that was found; fills `changes` and `unknown`."""
    for config in tree.configs:
        try:
            with open_rows(config, repo_id=repo_id, revision=found.commit, say=say) as rows:
                there = published_rows(rows)
            found.changes[config] = compare(_here(tree, config), there, columns_of(config), LISTED)
        except (HubError, OSError, ValueError, pa.ArrowException) as error:
            found.unknown[config] = tree.plain(error)


def _here(tree: Tree, config: str) -> pa.Table:
    pictures = tree.pictures.get(config)
    if SUBSETS[config].kind != "faces":
        raw = tree.raw(config)
        if isinstance(raw, str):
            raise ValueError(f"its rows cannot be read here: {raw}")
        return published_rows(raw)
    if pictures is None or pictures.rows is None:
        raise ValueError("its rows or its pictures cannot be read here: see the findings")
    return face_rows(pictures, pictures.rows)
