"""What a user does with a Hub, done by the real clients: run by each interpreter in a process of its own.

In comes the name of a scenario, and the Hub by way of the environment; out goes, as JSON on standard output, what the
client saw. Only the clients themselves are imported, as the old environments have nothing of this project.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

REPO = "FER-Universe/DiffusionFER"
PRIVATE = "FER-Universe/private-rehearsal"

README = """---
configs:
- config_name: small_original
  default: true
  data_files:
  - split: train
    path: small_original/train-*.parquet
  - split: test
    path: small_original/test-*.parquet
- config_name: small_cropped
  data_files:
  - split: train
    path: small_cropped/train-*.parquet
dataset_info:
- config_name: small_original
  features: &features
  - name: image
    dtype: image
  - name: emotion
    dtype:
      class_label:
        names:
          '0': neutral
          '1': happy
- config_name: small_cropped
  features: *features
license: mit
---
# A rehearsal
"""


def content(name: str, size: int) -> bytes:
    """Return `size` bytes that are the same in every process and of no text."""
    block = hashlib.sha256(name.encode()).digest()
    return (b"\0" + block * (size // len(block) + 1))[:size]


def status_of(call: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """Return the class and the HTTP status of the error that `call` raises."""
    try:
        call(*args, **kwargs)
    except Exception as error:
        response = getattr(error, "response", None)
        return [type(error).__name__, getattr(response, "status_code", None)]
    return ["none", None]


def operations() -> dict[str, Any]:
    """Everything that HfApi does with a dataset repository."""
    import huggingface_hub
    from huggingface_hub import CommitOperationAdd as Add
    from huggingface_hub import CommitOperationCopy as Copy
    from huggingface_hub import CommitOperationDelete as Delete
    from huggingface_hub import HfApi

    # Any, because what it is differs from one environment to the next.
    api: Any = HfApi()
    seen: dict[str, Any] = {}
    on = {"repo_id": REPO, "repo_type": "dataset"}
    seen["user"] = api.whoami()["name"]
    seen["url"] = str(api.create_repo(**on))
    seen["again"] = str(api.create_repo(**on, exist_ok=True))
    seen["conflict"] = status_of(api.create_repo, **on)
    seen["missing"] = status_of(api.dataset_info, "FER-Universe/nothing")

    small, large, parts = content("small", 3000), content("large", 40_000), content("parts", 2_500_000)
    with tempfile.TemporaryDirectory() as name:
        for path, data in {"data/a.parquet": large, "data/b.parquet": parts, "notes/n.txt": b"n\n"}.items():
            (Path(name) / path).parent.mkdir(exist_ok=True)
            (Path(name) / path).write_bytes(data)
        api.upload_folder(folder_path=name, **on)
    api.upload_file(path_or_fileobj=small, path_in_repo="sample.png", **on)
    api.upload_file(path_or_fileobj=b"", path_in_repo="empty.parquet", **on)
    many = [Add(f"many/{number:02}.txt", f"{number}\n".encode()) for number in range(12)]
    head = api.create_commit(**on, operations=many, commit_message="Many", commit_description="Twelve files").oid
    edit = [
        Add("many/00.txt", b"other\n"),
        Delete("many/01.txt"),
        Delete("notes/"),
        Copy("data/a.parquet", "data/c.parquet"),
        Add("README.md", README.encode()),
    ]
    commit = api.create_commit(**on, operations=edit, commit_message="Edit", parent_commit=head)
    seen["commit"] = [str(commit), commit.oid]
    seen["stale"] = status_of(
        api.create_commit, **on, operations=[Add("x.txt", b"x")], commit_message="Stale", parent_commit=head
    )
    seen["delete_missing"] = status_of(api.delete_file, "nothing.txt", **on)
    unchanged = api.upload_file(path_or_fileobj=small, path_in_repo="sample.png", **on)
    seen["unchanged"] = getattr(unchanged, "oid", None) or str(unchanged)

    tree = list(api.list_repo_tree(REPO, repo_type="dataset", recursive=True))
    seen["tree"] = {item.path: getattr(item, "size", None) for item in tree}
    seen["blobs"] = {item.path: item.blob_id for item in tree if hasattr(item, "blob_id")}
    seen["lfs"] = {item.path: item.lfs.sha256 for item in tree if getattr(item, "lfs", None)}
    seen["folder"] = [item.path for item in api.list_repo_tree(REPO, "data", repo_type="dataset")]
    expanded = api.list_repo_tree(REPO, "many", repo_type="dataset", expand=True)
    seen["last"] = {item.path: item.last_commit.title for item in expanded}
    infos = api.get_paths_info(REPO, ["many", "sample.png", "nothing"], repo_type="dataset", expand=True)
    seen["paths"] = [item.path for item in infos]
    seen["exists"] = [api.file_exists(REPO, name, repo_type="dataset") for name in ("sample.png", "nothing")]
    info = api.dataset_info(REPO, files_metadata=True)
    seen["info"] = [info.sha, info.private, info.card_data["license"], len(info.siblings), info.author]
    seen["sizes"] = {sibling.rfilename: sibling.size for sibling in info.siblings}

    api.create_branch(REPO, repo_type="dataset", branch="next", revision=head)
    api.create_branch(REPO, repo_type="dataset", branch="refs/convert/parquet")
    api.create_branch(REPO, repo_type="dataset", branch="gone")
    api.delete_branch(REPO, repo_type="dataset", branch="gone")
    seen["branch_again"] = status_of(api.create_branch, REPO, repo_type="dataset", branch="next")
    api.create_tag(REPO, repo_type="dataset", tag="v1.0", tag_message="First", revision=head)
    api.create_tag(REPO, repo_type="dataset", tag="gone")
    api.delete_tag(REPO, repo_type="dataset", tag="gone")
    seen["tag_again"] = status_of(api.create_tag, REPO, repo_type="dataset", tag="v1.0")
    seen["tag_revision"] = api.dataset_info(REPO, revision="v1.0").sha == head
    seen["no_revision"] = status_of(api.dataset_info, REPO, revision="nowhere")

    proposal = api.create_commit(**on, operations=[Add("pr.txt", b"pr\n")], commit_message="Proposal", create_pr=True)
    seen["pr"] = [proposal.pr_num, proposal.pr_revision, proposal.pr_url]
    api.upload_file(path_or_fileobj=b"more\n", path_in_repo="pr2.txt", revision=proposal.pr_revision, **on)
    seen["pr_only"] = [
        api.file_exists(REPO, "pr2.txt", repo_type="dataset", revision=revision)
        for revision in ("main", proposal.pr_revision)
    ]
    refs = api.list_repo_refs(REPO, repo_type="dataset", include_pull_requests=True)
    groups = (refs.branches, refs.converts, refs.tags, refs.pull_requests)
    seen["refs"] = [sorted(ref.ref for ref in group) for group in groups]
    draft = api.create_pull_request(REPO, "A draft", repo_type="dataset")
    seen["draft"] = [draft.num, draft.status, draft.git_reference]
    api.merge_pull_request(REPO, proposal.pr_num, repo_type="dataset", comment="Good.")
    merged = api.get_discussion_details(REPO, proposal.pr_num, repo_type="dataset")
    seen["merged"] = [merged.status, merged.merge_commit_oid == api.dataset_info(REPO).sha, merged.target_branch]
    seen["events"] = [event.type for event in merged.events]
    discussions = list(api.get_repo_discussions(REPO, repo_type="dataset"))
    seen["discussions"] = [[one.num, one.status, one.is_pull_request, one.title] for one in discussions]
    commits = api.list_repo_commits(REPO, repo_type="dataset")
    seen["commits"] = [[one.title, one.message] for one in commits]

    path = api.hf_hub_download(REPO, "data/b.parquet", repo_type="dataset")
    seen["download"] = Path(path).read_bytes() == parts
    path = api.hf_hub_download(REPO, "pr2.txt", repo_type="dataset", revision="refs/pr/1")
    seen["download_pr"] = Path(path).read_text()
    seen["no_entry"] = status_of(api.hf_hub_download, REPO, "nothing", repo_type="dataset")
    folder = Path(api.snapshot_download(REPO, repo_type="dataset"))
    seen["snapshot"] = {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    api.create_repo("FER-Universe/short-lived", repo_type="dataset")
    api.delete_repo("FER-Universe/short-lived", repo_type="dataset")
    seen["deleted"] = status_of(api.delete_repo, "FER-Universe/short-lived", repo_type="dataset")
    api.update_repo_settings(REPO, repo_type="dataset", private=True)
    seen["private"] = api.dataset_info(REPO).private
    seen["version"] = huggingface_hub.__version__
    return seen


def _publish(folder: Path, repo: str, private: bool) -> None:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq
    from huggingface_hub import HfApi
    from PIL import Image

    for shard in ("small_original/train-0", "small_original/test-0", "small_cropped/train-0"):
        rows = []
        for shade in range(4):
            stream = io.BytesIO()
            Image.new("RGB", (16, 16), (shade * 60, len(shard), 7)).save(stream, "PNG")
            rows.append({"image": {"bytes": stream.getvalue(), "path": f"{shade}.png"}, "emotion": shade % 2})
        path = folder / f"{shard}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), path)
    (folder / "README.md").write_text(README)
    HfApi().create_repo(repo, repo_type="dataset", private=private)
    HfApi().upload_folder(repo_id=repo, repo_type="dataset", folder_path=folder)


def _rows(rows: Any) -> list[Any]:
    return [[list(row["image"].size), list(row["image"].getpixel((0, 0))), row["emotion"]] for row in rows]


def dataset() -> dict[str, Any]:
    """Publish a dataset of two configs, public and private, and load it: cached and streaming."""
    import datasets

    with tempfile.TemporaryDirectory() as name:
        _publish(Path(name), REPO, private=False)
        _publish(Path(name), PRIVATE, private=True)
    seen: dict[str, Any] = {"version": datasets.__version__}
    default = datasets.load_dataset(REPO)
    seen["splits"] = {split: len(rows) for split, rows in default.items()}
    seen["labels"] = default["train"].features["emotion"].names
    seen["image"] = type(default["train"].features["image"]).__name__
    seen["rows"] = _rows(default["train"])
    seen["configs"] = datasets.get_dataset_config_names(REPO)
    cropped = datasets.load_dataset(REPO, "small_cropped", split="train")
    seen["cropped"] = _rows(cropped)
    streamed = datasets.load_dataset(REPO, "small_cropped", split="train", streaming=True)
    seen["streamed"] = _rows(streamed)
    datasets.Dataset.from_dict({"number": [1, 2, 3]}).push_to_hub("FER-Universe/pushed", private=True)
    seen["pushed"] = datasets.load_dataset("FER-Universe/pushed", split="train")["number"][:]
    seen["private"] = len(datasets.load_dataset(PRIVATE, "small_cropped", split="train"))
    seen["private_streamed"] = len(list(datasets.load_dataset(PRIVATE, "small_cropped", split="train", streaming=True)))
    return seen


def anonymous() -> dict[str, Any]:
    """Load what `dataset` published, without a token."""
    import datasets

    rows = datasets.load_dataset(REPO, "small_cropped", split="train")
    refused = status_of(datasets.load_dataset, PRIVATE, "small_cropped", split="train")
    return {"public": len(rows), "private": refused}


def main() -> None:
    # Progress bars would only fill the error output of a failing test.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    scenario = {"operations": operations, "dataset": dataset, "anonymous": anonymous}[sys.argv[1]]
    print(json.dumps(scenario()))


if __name__ == "__main__":
    main()
