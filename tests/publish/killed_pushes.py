"""`python killed_pushes.py --kills 50 --seed 1`: kill whole pushes at random moments, and look what readers see.

Each push is the command `tools/push.py` in a process group of its own, forked from this process, which has imported
everything and started no thread: so a push takes as long as its work, and not the seconds of imports, in which a kill
could do nothing. It is killed (SIGKILL, to the group) at a moment drawn evenly over the time that it takes
undisturbed, once or more, and then run to its end, against a Hub in another process, while two more read its main
branch all along. Out goes a line for each kill, a line for what came of it, and a table; status 1 where anything of
what must hold does not.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# What loads huggingface_hub is imported later, once the environment says where its Hub is.
from tests.publish.killed_pushes_readers import MISSING, state_of

HERE = Path(__file__).parent
NAMESPACE = "FER-Universe"
IMAGES, PIXELS, SHARD_BYTES = 42, 96, 400_000  # a shard is the largest file that is sent
MOST_KILLS = 2  # of a push, before it is run to its end

# Where a push is, by what its threads run: the first that matches. Of the commands that it consists of, those that wait
# for others come after these.
PHASES = {
    "merge": r"publish/pull_requests\.py.* in merge$",
    "upload": r"publish/(hub|uploads)\.py.* in (upload|_send|send)$",
    "fill": r"publish/flip\.py.* in _commit$",
    "commit": r"publish/hub\.py.* in commit$",
    "verify": r"publish/(push|flip)\.py.* in _verify$",
    "card": r"(publish/release\.py|tools/describe/.*) in ",
    "build": r"publish/shard\w*\.py.* in ",
    "check": r"tools/check/.* in ",
    "plan": "",
}
NEEDED = ("check", "build", "upload", "commit", "fill", "merge", "verify")


@dataclass(frozen=True)
class Scenario:
    """A push to be killed: the edition that the repository has before it, options, how many files a commit takes."""

    name: str
    before: str | None
    files_a_commit: int | None = None
    options: tuple[str, ...] = ()


SCENARIOS = (
    Scenario("first", None),
    Scenario("replace", "first"),
    Scenario("large", "first", 4),
    Scenario("streamed", "first", 4, ("--max-disk", "1MB")),
)


@dataclass
class Undisturbed:
    """What a push comes to when nothing happens: seconds, bytes of uploads, the tree."""

    seconds: float
    uploaded: int
    tree: dict[str, Any]


class Process:
    """Another program of this test, which answers a line with a line."""

    def __init__(self, program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, str(HERE / program), *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )  # fmt: skip
        self.first = self.answer()

    def tell(self, line: str) -> None:
        """Send a line."""
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Return what the next line says."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "a process of the test has died"
        return line.strip() if line == "ready\n" else json.loads(line)

    def ask(self, line: str) -> Any:
        """Send a line and return the answer."""
        self.tell(line)
        return self.answer()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)


class Stage:
    """A Hub, those who read it, and pushes to it, all in `folder`."""

    def __init__(self, folder: Path, hub: Process, poller: Process, loader: Process) -> None:
        from tests.publish.editions import write_editions
        from tests.publish.staging_http import Client

        self.folder, self.hub, self.poller, self.loader = folder, hub, poller, loader
        self.client = Client(hub.first["HF_ENDPOINT"])
        self.data = dict(zip(("first", "second"), write_editions(folder / "data", IMAGES, PIXELS), strict=True))

    def arguments(self, repository: str, edition: str, work: Path, options: tuple[str, ...]) -> list[str]:
        """Return the arguments of the command."""
        given = {
            "--data-dir": self.data[edition], "--repo-id": repository, "--work-dir": work,
            "--max-shard-size": SHARD_BYTES, "--num-proc": 2,
        }  # fmt: skip
        return ["--public", *options, *(str(part) for pair in given.items() for part in pair)]

    def push(
        self, repository: str, edition: str, work: Path, scenario: Scenario, seconds: float | None = None
    ) -> tuple[int | None, str]:
        """Push in a child; return its status, or None and the phase where it was killed after so many seconds."""
        log, stacks = work.with_suffix(".log"), work.with_suffix(".stacks")
        stacks.unlink(missing_ok=True)
        sys.stdout.flush()
        child = os.fork()
        if not child:
            arguments = self.arguments(repository, edition, work, scenario.options)
            _be_a_push(arguments, scenario.files_a_commit, log, stacks, work.with_suffix(".cache"))
        phase = ""
        if seconds is not None:
            time.sleep(seconds)  # less than the push takes undisturbed
            if not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                phase = _kill(child, stacks)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with suppress(ProcessLookupError):  # its children may take longer to die, and have its lock until then
            for _ in range(1000):
                os.killpg(child, 0)
                time.sleep(0.01)
        if status < 0:
            return None, phase
        if status:
            print(log.read_text())
        return status, ""

    def begin(self, scenario: Scenario, name: str) -> tuple[str, Path]:
        """Return a repository and a work directory as they are before a push."""
        work = self.folder / name
        if scenario.before:
            known = f"before-{scenario.before}"
            for ending in ("", ".cache"):
                place = self.folder / f"{known}{ending}"
                shutil.copytree(place, self.folder / f"{name}{ending}", copy_function=shutil.copy2)
            store = self.folder / "hub" / "store" / "repositories" / NAMESPACE
            shutil.copytree(store / known, store / f"{name}.draft")
            (store / f"{name}.draft").rename(store / name)
        return f"{NAMESPACE}/{name}", work

    def tree(self, repository: str) -> dict[str, Any]:
        """Return the files of the main branch, each with its size and its hash."""
        listed = self.client.send("GET", f"/api/datasets/{repository}/tree/main?recursive=true").json
        return {
            item["path"]: [item["size"], item["lfs"]["oid"] if "lfs" in item else item["oid"]]
            for item in listed
            if item["type"] == "file"
        }

    def loaded(self, repository: str) -> dict[str, list[str]]:
        """Return what `load_dataset` makes of a repository now, by config."""
        self.loader.tell(repository)
        return dict(self.loader.ask("")["states"])

    def read_along(self, repository: str) -> None:
        """Let the readers read a repository from now on."""
        for reader in (self.poller, self.loader):
            reader.tell(repository)

    def read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Let the readers stop, and return what they have seen."""
        return self.poller.ask(""), self.loader.ask("")


def _be_a_push(arguments: list[str], limit: int | None, log: Path, stacks: Path, cache: Path) -> None:
    """Become the command, in a process group of its own."""
    status = 70
    try:
        os.setsid()
        with log.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.environ["DIFFUSIONFER_CACHE"] = str(cache)
        from tools.publish.flip import publish
        from tools.push import main

        if limit and publish.__kwdefaults__:
            publish.__kwdefaults__["files_a_commit"] = limit
        socket.create_connection = _narrowly(socket.create_connection)
        faulthandler.register(signal.SIGUSR1, stacks.open("w"))
        main(arguments)
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:
        faulthandler.dump_traceback()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _narrowly(connect: Callable[..., socket.socket]) -> Callable[..., socket.socket]:
    """Let connections keep little that is not sent: the system sends it even after the process is dead."""

    def narrow(*given: Any, **options: Any) -> socket.socket:
        connection = connect(*given, **options)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 14)
        return connection

    return narrow


def _kill(child: int, stacks: Path) -> str:
    """Kill a process group, and return in which phase it was."""
    if stacks.exists():  # otherwise it has not begun
        os.kill(child, signal.SIGUSR1)
        size = -1
        for _ in range(100):
            if size > 0 and stacks.stat().st_size == size:  # it grows no longer: it is whole
                break
            size = stacks.stat().st_size
            time.sleep(0.001)
    os.killpg(child, signal.SIGKILL)
    lines = stacks.read_text().splitlines() if stacks.exists() else []
    found = [re.sub('^  File "|", line [0-9]+', "", line) for line in lines]
    return next(phase for phase, sign in PHASES.items() if not sign or any(re.search(sign, line) for line in found))


def undisturbed(stage: Stage, scenario: Scenario) -> Undisturbed:
    """Push while nothing happens."""
    repository, work = stage.begin(scenario, f"undisturbed-{scenario.name}")
    begun = time.perf_counter()
    status, _ = stage.push(repository, "second", work, scenario)
    took = time.perf_counter() - begun
    assert status == 0
    return Undisturbed(took, stage.hub.ask(repository), stage.tree(repository))


def wrong_with(
    stage: Stage, scenario: Scenario, repository: str, work: Path, kills: int, expected: Undisturbed, seen: Any,
    states: dict[str, list[str]],
) -> tuple[list[str], int]:  # fmt: skip
    """Return what does not hold after a push was run to its end, and the bytes that were sent in vain."""
    wrong = []
    if (tree := stage.tree(repository)) != expected.tree:
        differing = sorted(path for path in {*tree, *expected.tree} if tree.get(path) != expected.tree.get(path))
        wrong.append(f"the tree differs at {', '.join(differing)}")
    largest = max(size for path, (size, _) in expected.tree.items() if path.endswith(".parquet"))
    in_vain = stage.hub.ask(repository) - expected.uploaded
    if in_vain > kills * largest:
        wrong.append(f"{in_vain:,} bytes were sent in vain, more than {kills} x {largest:,}")
    for reader, name in zip(seen, ("poll", "load"), strict=True):
        wrong += [f"{name} failed: {failure}" for failure in reader["failures"]]
        for what, order in reader["states"].items():
            old, new = states[what]
            if order not in ([old], [old, new], [new]):
                wrong.append(f"{name} saw of {what} {order}, not {old} and then {new}")
    commits = len(stage.client.send("GET", f"/api/datasets/{repository}/commits/main").json)
    if commits != (expected_commits := 3 if scenario.before else 2):
        wrong.append(f"the main branch has {commits} commits, not {expected_commits}")
    opened = stage.client.send("GET", f"/api/datasets/{repository}/discussions?status=open").json["discussions"]
    wrong += [f"pull request {request['num']} is open" for request in opened]
    wrong += [f"{file.relative_to(work)} is left" for file in work.rglob("*.partial")]
    return wrong, in_vain


def run(stage: Stage, kills: int, seed: int) -> bool:
    """Kill so many pushes; return whether all held."""
    from tools.publish.text import table as text_table

    draw, fine, done = random.Random(seed), True, 0
    status, _ = stage.push(f"{NAMESPACE}/before-first", "first", stage.folder / "before-first", SCENARIOS[0])
    assert status == 0
    old = {
        None: {"main": MISSING},
        "first": {"main": state_of(stage.tree(f"{NAMESPACE}/before-first"))}
        | {config: states[0] for config, states in stage.loaded(f"{NAMESPACE}/before-first").items()},
    }
    expected = {scenario: undisturbed(stage, scenario) for scenario in SCENARIOS}
    new = {"main": state_of(expected[SCENARIOS[0]].tree)}
    new |= {config: states[0] for config, states in stage.loaded(f"{NAMESPACE}/undisturbed-first").items()}
    for scenario, found in expected.items():
        assert found.tree == expected[SCENARIOS[0]].tree, "a push comes to the same, whatever was there before"
        print(f"undisturbed, {scenario.name}: {found.seconds:.2f} s, {found.uploaded:,} bytes", flush=True)
    phases, table, rounds = Counter[str](), {s.name: [0] * 6 for s in SCENARIOS}, 0
    while done < kills:
        scenario = SCENARIOS[rounds % len(SCENARIOS)]
        name = f"{scenario.name}-{rounds}"
        rounds += 1
        repository, work = stage.begin(scenario, name)
        stage.read_along(repository)
        killed = 0
        for _ in range(min(draw.randint(1, MOST_KILLS), kills - done)):
            moment = draw.uniform(0, expected[scenario].seconds)
            status, phase = stage.push(repository, "second", work, scenario, moment)
            if status is not None:
                print(f"      {name}: ended before {moment:.2f} s, with status {status}", flush=True)
                fine = fine and status == 0
                break
            done, killed = done + 1, killed + 1
            phases[phase] += 1
            print(f"{done:4}  {name}: killed after {moment:.2f} s, in {phase}", flush=True)
        status, _ = stage.push(repository, "second", work, scenario)
        seen = stage.read()
        states = {what: [old[scenario.before].get(what, MISSING), state] for what, state in new.items()}
        wrong, in_vain = wrong_with(stage, scenario, repository, work, killed, expected[scenario], seen, states)
        wrong += [f"the last push ended with status {status}"] * bool(status)
        fine = fine and not wrong
        polls, loads, races = seen[0]["looks"], seen[1]["looks"], seen[1]["races"]
        print(f"      {name}: {polls} listings, {loads} loads, {in_vain:,} bytes in vain", flush=True)
        for line in wrong:
            print(f"WRONG {name}: {line}", flush=True)
        table[scenario.name] = [
            a + b for a, b in zip(table[scenario.name], [1, killed, in_vain, polls, loads, races], strict=True)
        ]  # fmt: skip
        for ending in ("", ".cache"):
            shutil.rmtree(stage.folder / f"{name}{ending}", ignore_errors=True)
    head = ("scenario", "pushes", "kills", "bytes in vain", "listings", "loads", "races of the client")
    print("\n" + text_table(head, [(name, *(f"{number:,}" for number in row)) for name, row in table.items()]))
    print("kills by phase: " + ", ".join(f"{phase} {phases[phase]}" for phase in PHASES if phases[phase]))
    missed = [phase for phase in NEEDED if not phases[phase]]
    if missed:
        print(f"no kill fell into {', '.join(missed)}")
    return fine


def main() -> int:
    """Run, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="killed-pushes-") as name, ExitStack() as stack:
        folder = Path(name)
        hub = stack.enter_context(Process("killed_pushes_hub.py", str(folder / "hub")))
        # A thread of numerics would not outlive a fork.
        os.environ.update(hub.first, OPENBLAS_NUM_THREADS="1")
        readers = []
        for what in ("poll", "load"):
            own = {**os.environ, "HF_HOME": str(folder / what / "home")}
            reader = Process("killed_pushes_readers.py", what, str(folder / what), environment=own)
            readers.append(stack.enter_context(reader))
        import tools.publish.push  # the children find it imported

        assert tools.publish.push
        begun = time.perf_counter()
        fine = run(Stage(folder, hub, *readers), given.kills, given.seed)
        print(f"{time.perf_counter() - begun:.0f} s; {'all held' if fine else 'NOT all held'}")
    return not fine


if __name__ == "__main__":
    sys.exit(main())
