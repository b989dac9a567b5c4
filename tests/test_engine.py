"""The engines: the same laws for threads, processes and a real Dask cluster, and what each says when it fails."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from tests.cluster import Cluster, running_cluster
from tests.engine_work import ShardError, closure, die, die_once, note, refuse, square
from tests.environments import ROOT
from tools import generate, validate
from tools.engine import Engine, EngineError, cluster, parcel, processes, threads

module = sys.modules["tools.engine.cluster"]
KINDS = ["threads", "processes", "cluster"]
SLOTS = 2


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers, which find the functions of the tests."""
    pytest.importorskip("distributed")
    with running_cluster(tmp_path_factory.mktemp("cluster"), SLOTS, PYTHONPATH=str(ROOT)) as running:
        yield running


@pytest.fixture(scope="module")
def engines(there: Cluster) -> Iterator[dict[str, Engine]]:
    """Each kind of engine, once for all tests: whatever a test does to it, it must work for the next."""
    with threads(SLOTS) as one, processes(SLOTS) as two, cluster(there.address) as three:
        yield dict(zip(KINDS, (one, two, three), strict=True))


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    """Each engine in turn."""
    return engines[request.param]


def names(folder: Path, ending: str) -> set[str]:
    """Return the jobs that noted that they begun, or ended."""
    return {file.stem for file in folder.glob(f"*.{ending}")}


def notes(folder: Path, *jobs: tuple[str, float]) -> list[tuple[str, str, float]]:
    """Return jobs for `note`."""
    return [(str(folder), name, seconds) for name, seconds in jobs]


def until(folder: Path, count: int) -> None:
    """Wait until so many jobs have begun."""
    deadline = time.monotonic() + 30
    while len(names(folder, "begun")) < count and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_every_job_comes_back_once_with_its_result(engine: Engine, count: int) -> None:
    """Whatever the order, each job is there with what the function gives for it, one that is given twice twice."""
    jobs = [number // 2 for number in range(count)]
    assert sorted(engine.run(square, jobs)) == [(job, job * job) for job in jobs]


def test_an_engine_says_what_it_is(engine: Engine, engines: dict[str, Engine]) -> None:
    """Two jobs at a time here, and only the cluster is one."""
    assert engine.slots() == SLOTS
    assert engine.is_cluster == (engine is engines["cluster"])


def test_jobs_are_made_as_they_are_needed_and_by_the_caller(engine: Engine) -> None:
    """No more than twice as many as can run are made ahead of the results, all of them in the caller's thread."""
    made, back = list[int](), 0

    def jobs() -> Iterator[int]:
        for number in range(30):
            made.append(threading.get_ident())
            yield number
            assert len(made) - back <= 2 * SLOTS

    for _ in engine.run(square, jobs()):
        back += 1
        assert len(made) - back < 2 * SLOTS
    assert set(made) == {threading.get_ident()}
    assert back == 30


def test_the_first_error_is_raised_and_nothing_runs_on(engine: Engine, tmp_path: Path) -> None:
    """What runs when a job fails ends and is given back, what has not begun never does, and then the error comes."""
    back = list[str]()
    jobs = notes(tmp_path, ("slow", 0.4), ("bad", 0.1), *((f"later-{number}", 0.0) for number in range(20)))
    with pytest.raises(ShardError, match="bad was answered by 500") as raised:
        back.extend(name for _, name in engine.run(note, jobs))
    assert raised.value.status == 500
    assert "slow" in back
    assert list(engine.run(square, [3])) == [(3, 9)]
    begun = names(tmp_path, "begun")
    assert len(begun) <= 2 * SLOTS + 1
    time.sleep(0.1)
    assert names(tmp_path, "begun") == begun
    assert begun - {"bad"} == names(tmp_path, "ended")
    # On a cluster a job may begin while it is taken back: its result is dropped.
    assert set(back) <= names(tmp_path, "ended") if engine.is_cluster else set(back) == names(tmp_path, "ended")


def test_whoever_closes_the_generator_stops_the_rest(engine: Engine, tmp_path: Path) -> None:
    """After the first result no further job begins, beyond those that are under way."""
    jobs = notes(tmp_path, *((f"{number:02}", 0.05) for number in range(40)))
    with closing(engine.run(note, jobs)) as done:
        next(done)
    assert list(engine.run(square, [4])) == [(4, 16)]
    begun = len(names(tmp_path, "begun"))
    assert begun <= 2 * SLOTS + 1
    time.sleep(0.15)
    assert len(names(tmp_path, "begun")) == begun


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such Ctrl-C on Windows")
def test_ctrl_c_reaches_all_processes_of_a_terminal(tmp_path: Path) -> None:
    """Those that work end with the one that waits for them, at once, and nothing is printed but what that prints."""
    code = """if True:
        import sys
        from tests.engine_work import note
        from tools.engine import processes
        if __name__ == "__main__":
            try:
                with processes(2) as engine:
                    list(engine.run(note, [(sys.argv[1], str(number), 60.0) for number in range(9)]))
            except KeyboardInterrupt:
                print("stopped")
    """
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, text=True
    ) as group:
        until(tmp_path, 2)
        os.killpg(group.pid, signal.SIGINT)
        printed = group.communicate(timeout=50)
    assert (group.returncode, *printed) == (0, "stopped\n", "")


def test_an_error_of_the_jobs_ends_the_run(engine: Engine) -> None:
    """Where the jobs cannot be made, the caller is told, and the engine works on."""

    def jobs() -> Iterator[int]:
        yield 1
        raise LookupError("no more shards")

    with pytest.raises(LookupError, match="no more shards"):
        list(engine.run(square, jobs()))
    assert list(engine.run(square, [5])) == [(5, 25)]


def test_errors_of_any_class_come_back_whole(engine: Engine) -> None:
    """An error keeps its class and what it holds, though its `__init__` takes other arguments than pickle gives."""
    with pytest.raises(ShardError) as raised:
        list(engine.run(refuse, ["train-00003.parquet"]))
    assert (raised.value.shard, raised.value.status) == ("train-00003.parquet", 503)
    assert str(raised.value) == "train-00003.parquet was answered by 503"


@pytest.mark.parametrize("kind", ["processes", "cluster"])
def test_an_error_says_where_it_was_raised(engines: dict[str, Engine], kind: str) -> None:
    """The traceback of the other process is the cause of the error."""
    with pytest.raises(ShardError) as raised:
        list(engines[kind].run(refuse, ["a"]))
    assert "in refuse\n" in str(raised.value.__cause__)


@pytest.mark.parametrize("kind", ["processes", "cluster"])
def test_what_cannot_be_pickled_is_an_error_with_its_text(engines: dict[str, Engine], kind: str) -> None:
    """Of an error that no pickle can hold the text comes, of a result the complaint of pickle; nothing breaks."""
    with pytest.raises(RuntimeError, match="UnpicklableError: it holds a function"):
        list(engines[kind].run(refuse, ["unpicklable"]))
    with pytest.raises(Exception, match="pickle"):
        list(engines[kind].run(closure, [None]))
    assert list(engines[kind].run(square, [6])) == [(6, 36)]


def test_two_runs_at_a_time_do_not_disturb_each_other(engine: Engine) -> None:
    """The jobs of a run may come from another run of the same engine; closing one leaves the other."""
    with closing(engine.run(square, range(100))) as outer:
        next(outer)
        inner = engine.run(square, (result for _, result in engine.run(square, [1, 2, 3])))
        assert sorted(result for _, result in inner) == [1, 16, 81]
    assert list(engine.run(square, [7])) == [(7, 49)]


def test_a_process_that_is_killed_is_told(tmp_path: Path) -> None:
    """A process of this machine that dies, as by a lack of memory, ends the run with a line that says what to do."""
    with processes(1) as engine:
        with pytest.raises(EngineError, match="was killed, perhaps because memory ran out: run it again with fewer"):
            list(engine.run(die, [0, 1]))
        with pytest.raises(EngineError, match="was killed"):
            list(engine.run(square, [1]))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    """After kill -9 of the parent alone no process is left that does its jobs."""
    code = """if True:
        import sys
        from tests.engine_work import note
        from tools.engine import processes
        if __name__ == "__main__":
            with processes(2) as engine:
                list(engine.run(note, [(sys.argv[1], name, 60.0) for name in "ab"]))
    """
    read, write = os.pipe()  # whoever lives holds its end of the pipe
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, pass_fds=[write]) as parent:
        os.close(write)
        until(tmp_path, 2)
        os.kill(parent.pid, signal.SIGKILL)
    assert len(names(tmp_path, "begun")) == 2
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b""  # which ends only when the last of them has
    assert names(tmp_path, "ended") == set()


def test_a_worker_that_dies_has_its_job_done_again(there: Cluster, engines: dict[str, Engine], tmp_path: Path) -> None:
    """A worker is killed in its job: another one does it, and every result is there, once; slots follow the workers."""
    engine = engines["cluster"]
    there.add_worker()
    there.wait_for_workers()
    deadline = time.monotonic() + 30
    while engine.slots() != SLOTS + 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert engine.slots() == SLOTS + 1
    done = [job for job, _ in engine.run(die_once, [str(tmp_path)] * 8)]
    assert done == [str(tmp_path)] * 8
    assert [process.poll() for process in there.workers].count(None) == SLOTS
    while engine.slots() != SLOTS and time.monotonic() < deadline:
        time.sleep(0.1)
    assert engine.slots() == SLOTS


def test_a_job_that_kills_every_worker_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When as many workers died at a job as the scheduler allows, the line says so; without workers it ends, too."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(module, "LOST_SECONDS", 1.0)
    patience = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0", "PYTHONPATH": str(ROOT)}
    with running_cluster(tmp_path, 1, **patience) as few, cluster(few.address) as engine:
        with pytest.raises(EngineError, match=r"^1 workers? died .* the last at tcp://127.0.0.1:\d+: see their logs"):
            list(engine.run(die, [0]))
        with pytest.raises(EngineError, match=r"has had no workers for 1 s: start some, and run it again$"):
            list(engine.run(square, [0]))


def test_a_scheduler_that_is_lost_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler that dies under a run ends it with one line, and nothing of Dask's is logged."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(module, "CONNECT_SECONDS", 1.0)
    with running_cluster(tmp_path, 1, PYTHONPATH=str(ROOT)) as few, cluster(few.address) as engine:
        done = engine.run(note, notes(tmp_path, ("first", 0.0), ("long", 60.0)))
        next(done)
        few.scheduler.kill()
        with pytest.raises(
            EngineError, match=rf"^the scheduler at {few.address} was lost, or gave up the jobs: run it"
        ):
            next(done)


def test_a_cluster_without_workers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait for a first worker ends, with a line that says how to start one."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(module, "WORKERS_SECONDS", 0.2)
    with (
        running_cluster(tmp_path, 0) as none,
        pytest.raises(EngineError, match=f"^the scheduler at {none.address} has no workers: start some, as by 'dask w"),
        cluster(none.address),
    ):
        pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "127.0.0.1:1", "nonsense://", "tcp://", "", "a b"])
def test_a_scheduler_that_does_not_answer_is_told(
    address: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever was given for an address, the answer is one line, after a bounded wait, and nothing of Dask's."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.3)
    with (
        pytest.raises(EngineError, match=f"^no Dask scheduler answers at {address}: check the address"),
        ExitStack() as s,
    ):
        s.enter_context(cluster(address))
    assert capfd.readouterr() == ("", "")


def test_a_server_that_says_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes the connection and never answers, as no scheduler does, does not keep a run waiting."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, ExitStack() as stack:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(EngineError, match=f"^no Dask scheduler answers at {address}: check the address"):
            stack.enter_context(cluster(address))


def test_without_dask_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library is missing, the line says how to install it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineError, match=r"^a cluster needs .* pip install 'diffusionfer\[dask\]'$"), ExitStack() as s:
        s.enter_context(cluster("tcp://127.0.0.1:1"))


@pytest.mark.parametrize(("path", "missing"), [("{}", "tools"), ("", "tests")], ids=["project", "function"])
def test_a_worker_without_the_project_is_named(there: Cluster, tmp_path: Path, path: str, missing: str) -> None:
    """A worker that cannot load the project, or no function of the job, is told by its address, even in a run."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'tools'\")")
    with cluster(there.address) as engine:
        number = there.add_worker(PYTHONPATH=path.format(tmp_path))
        try:
            there.wait_for_workers()
            line = rf"^the worker at tcp://127.0.0.1:\d+ cannot load this project \(.*No module named '{missing}'.*\)"
            line += ": install the same version of diffusionfer there$"
            with pytest.raises(EngineError, match=line):
                list(engine.run(note, notes(tmp_path, *((f"{job}", 0.05) for job in range(40)))))
            if missing == "tools":
                with pytest.raises(EngineError, match=line), cluster(there.address):
                    pass
        finally:
            there.kill(number)


def test_other_versions_on_a_worker_are_told(there: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """What decides the bytes of results must be the same everywhere: a worker with another Pillow is refused."""
    monkeypatch.setattr(module, "versions", lambda: {"pillow": "1.1.7"})
    line = r"^the worker at tcp://\S+ has pillow \S+, expected 1\.1\.7 as here: install that there$"
    with pytest.raises(EngineError, match=line), cluster(there.address):
        pass


def test_the_scheduler_needs_nothing_of_the_project(tmp_path: Path, there: Cluster) -> None:
    """A scheduler whose Python cannot load the project hands its jobs on: to it they are bytes."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("raise ImportError('the scheduler loaded the project')")
    with running_cluster(tmp_path / "bare", 0, PYTHONPATH=str(tmp_path)) as bare:
        bare.add_worker(PYTHONPATH=str(ROOT))
        bare.wait_for_workers()
        with cluster(bare.address) as engine:
            assert list(engine.run(square, [8])) == [(8, 64)]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [(validate.main, []), (generate.main, ["render"]), (generate.main, ["sheet"])],
    ids=["validate", "render", "sheet"],
)
def test_the_options_go_together(command: SimpleNamespace, arguments: list[str]) -> None:
    """An address without a cluster, and a cluster without an address or with workers of this machine, are refused."""
    own = "--workers" if arguments else "--num-proc"
    for given, said in (
        (["--scheduler", "tcp://a:1"], "--scheduler goes with --engine dask"),
        (["--engine", "dask"], "--engine dask needs the address of its scheduler: --scheduler tcp://host:8786"),
        (["--engine", "dask", "--scheduler", "tcp://a:1", own, "2"], f"{own} is of this machine"),
    ):
        result = CliRunner().invoke(command, [*arguments, *given])  # type: ignore[arg-type]
        assert result.exit_code == 2
        assert said in " ".join(result.output.split())


def test_a_command_tells_a_scheduler_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure of a cluster is one line and status 2."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.2)
    (tmp_path / "DifussionEmotion_S").mkdir()
    given = ["--data-dir", str(tmp_path), "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"]
    result = CliRunner().invoke(validate.main, given)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: no Dask scheduler answers at tcp://127.0.0.1:1: check the address")


def test_a_process_of_another_version_does_nothing(tmp_path: Path) -> None:
    """A worker that joins after the versions were compared, and has others, refuses its jobs and says so."""
    for name, wanted in (("pyarrow", "99.0"), ("code of diffusionfer", "000000000000")):
        outcome = parcel.done(note, (tmp_path, 1), parcel.versions() | {name: wanted})
        with pytest.raises(EngineError, match=rf"^the worker at .* has {name} .*, expected {wanted} as here: install"):
            parcel.opened(outcome)
    assert list(tmp_path.iterdir()) == []


def test_the_log_of_dask_is_kept_quiet(there: Cluster) -> None:
    """What Dask would log of a lost scheduler is not in the way of the one line that says it."""
    with cluster(there.address):
        levels = [logging.getLogger(name).level for name in ("distributed", "distributed.client")]
    assert min(levels) > logging.CRITICAL
