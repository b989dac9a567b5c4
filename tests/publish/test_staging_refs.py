"""Branches, tags and pull requests on the staging Hub: where commits go, and how they come together."""

from __future__ import annotations

import pytest

from tests.publish.staging_http import API, Client, Reply, file


def test_where_a_commit_goes(client: Client) -> None:
    """A commit goes to a branch or a pull request, not to a tag, a commit or a branch that does not exist."""
    oid = client.commit([file("a.txt", b"a")]).json["commitOid"]
    client.send("POST", f"{API}/tag/main", {"tag": "v1"})
    client.send("POST", f"{API}/branch/next", {})
    for revision, status in (("next", 200), ("v1", 404), (oid, 404), ("nowhere", 404), ("refs%2Ftags%2Fv1", 404)):
        assert client.commit([file("b.txt", b"b")], revision=revision).status == status
    assert client.head() == client.head("v1") == client.head(oid[:7]) == oid != client.head("next")


@pytest.mark.parametrize("name", ["a b", "..", "a..b", "/a", "a/", "a.lock", "@", "a~1", "a:b", "refs/pr/1", "0" * 40])
def test_names_of_refs(client: Client, name: str) -> None:
    """A branch or a tag does not get a name that git would refuse or that reads as something else."""
    quoted = "".join(f"%{byte:02x}" for byte in name.encode())
    assert client.send("POST", f"{API}/branch/{quoted}", {}).status == 400
    if not name.startswith("refs/"):
        assert client.send("POST", f"{API}/tag/main", {"tag": name}).status == 400


def test_refs_that_cannot_be_changed(client: Client) -> None:
    """The main branch stays; what does not exist can neither be removed nor be a starting point."""
    assert client.send("DELETE", f"{API}/branch/main").status == 403
    assert client.send("DELETE", f"{API}/branch/nowhere").status == 404
    assert client.send("DELETE", f"{API}/tag/nowhere").status == 404
    reply = client.send("POST", f"{API}/branch/next", {"startingPoint": "nowhere"})
    assert (reply.status, reply.code) == (404, "RevisionNotFound")


def _propose(client: Client, *operations: tuple[str, dict[str, object]]) -> None:
    assert client.commit(operations, "?create_pr=1").status == 200


def test_merging(client: Client) -> None:
    """A merge takes over what the pull request changed, keeps what others changed since, and refuses what both did."""
    client.commit([file("a", b"1"), file("b", b"1"), file("c", b"1")])
    _propose(client, file("a", b"2"), ("deletedFile", {"path": "b"}), file("d", b"2"))
    _propose(client, file("c", b"2"))
    client.commit([file("c", b"3"), file("e", b"3")])

    def merge(number: int) -> Reply:
        return client.send("POST", f"{API}/discussions/{number}/merge")

    assert client.send("GET", f"{API}/discussions/2").json["filesWithConflicts"] == ["c"]
    reply = merge(2)
    assert (reply.status, "c" in reply.json["error"]) == (409, True)
    assert merge(1).status == 200
    assert merge(1).status == 400
    files = client.files()
    del files[".gitattributes"]
    assert files == {"a": b"2", "c": b"3", "d": b"2", "e": b"3"}
    details = client.send("GET", f"{API}/discussions/1").json
    assert (details["status"], details["changes"]["mergeCommitId"]) == ("merged", client.head())


def test_life_of_a_pull_request(client: Client) -> None:
    """A draft is opened before it is merged; it can be renamed, commented, closed and opened again."""
    base = f"{API}/discussions"
    assert client.send("POST", base, {"title": "ab", "pullRequest": True}).status == 400
    assert client.send("POST", base, {"title": "A draft", "pullRequest": True}).json["num"] == 1
    assert client.send("POST", base, {"title": "A question"}).json["num"] == 2
    assert client.send("POST", f"{base}/1/merge").status == 400
    assert client.send("POST", f"{base}/2/merge").status == 400
    assert client.send("POST", f"{base}/1/status", {"status": "merged"}).status == 400
    for status in ("open", "closed", "open"):
        assert client.send("POST", f"{base}/1/status", {"status": status}).status == 200
    assert client.send("POST", f"{base}/1/title", {"title": "Ready"}).json["newTitle"]["data"]["to"] == "Ready"
    assert client.send("POST", f"{base}/1/comment", {"comment": "Fine"}).status == 200
    assert client.commit([file("a", b"1")], revision="refs%2Fpr%2F1").status == 200
    assert client.send("POST", f"{base}/1/merge", {"comment": "Thanks"}).status == 200
    assert client.files()["a"] == b"1"
    kinds = [event["type"] for event in client.send("GET", f"{base}/1").json["events"]]
    assert kinds == [
        "comment",
        *["status-change"] * 3,
        "title-change",
        "comment",
        "commit",
        "comment",
        "status-change",
    ]
    for query, numbers in (("?type=pull_request", [1]), ("?status=open", [2]), ("?author=nobody", []), ("?p=1", [])):
        assert [one["num"] for one in client.send("GET", base + query).json["discussions"]] == numbers
    for number in ("0", "3", "x", "99999999999"):
        assert client.send("GET", f"{base}/{number}").status == 404
