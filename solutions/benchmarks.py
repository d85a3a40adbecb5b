"""Solutions against the libraries that people use, on the jobs of solutions/<kata>/jobs.py.

    tox -e peers                 every job with every peer, then one table
    tox -e peers -- -k pooling   the jobs of one kata
    tox -e bench                 the solutions alone, plain and fast

One pytest-benchmark group a job and number of threads, one row a contender; the ratios are of medians from
one run, to the fast solution where there is one. Nothing is asserted about time.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pytest

from fixtures.jobs import PEERS, Job, largest_error, peak_bytes
from fixtures.plugin.implementation import jobs_of, load_beside_solution, load_solution
from fixtures.plugin.syllabus import SOLUTIONS, Kata, ready_katas

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SECONDS_PER_ROW = 1.5
PLAIN, FAST = "the_solution", "the_fast_solution"
JOBS = [(kata, name) for kata in ready_katas() for name in jobs_of(kata, PEERS)]
THREADS = sorted({1, CORES})
# (kata and job, threads) -> contender -> seconds, error, bytes
MEASURED: dict[tuple[str, int], dict[str, tuple[float, float, int]]] = {}


@lru_cache(maxsize=1)  # the inputs of one job at a time: some take 300 MB
def prepared(kata: Kata, name: str) -> tuple[Job, Any]:
    """Return a job and its exact answer."""
    job = jobs_of(kata, PEERS)[name]()
    return job, job.exact()


@contextlib.contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """Give numpy's BLAS, torch and FAISS this many threads."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads):
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(threads)
        if "faiss" in sys.modules:
            sys.modules["faiss"].omp_set_num_threads(threads)
        yield


def contenders(kata: Kata, name: str) -> list[str]:
    """Return the solutions, the best of them first, and the names of the peers."""
    fast = [FAST] if (SOLUTIONS / kata.folder / f"fast_{kata.name}.py").exists() else []
    return [*fast, PLAIN, *jobs_of(kata, PEERS)[name]().peers]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each job, number of threads and contender."""
    rows = [(kata, name, threads, contender) for kata, name in JOBS for threads in THREADS
            for contender in contenders(kata, name)]
    ids = [f"{kata.name}-{name}-{threads}-{contender}" for kata, name, threads, contender in rows]
    metafunc.parametrize(("kata", "name", "threads", "contender"), rows, ids=ids)


@pytest.mark.timeout(600)
def test_speed(kata: Kata, name: str, threads: int, contender: str, benchmark: Any) -> None:
    """Measure one contender; its result must be the exact one but for rounding."""
    job, exact = prepared(kata, name)
    run: Callable[[], Any]
    if contender in (PLAIN, FAST):
        module = load_solution(kata) if contender == PLAIN else load_beside_solution(kata, f"fast_{kata.name}")
        function = getattr(module, job.function)

        def run() -> Any:
            return function(*job.arguments, **job.options)
    else:
        run = job.peers[contender]()
    job_of_kata = f"{kata.name}: {name}"  # two katas may have a job of the same name
    benchmark.group = f"{job_of_kata}, {threads} threads"
    with limited_to(threads):
        error = largest_error(run(), exact)  # also warms up
        once = seconds_of_one(run)
        benchmark.pedantic(run, rounds=max(1, min(100, int(SECONDS_PER_ROW / once))), iterations=1)
    memory = peak_bytes(run) if threads == 1 else -1
    MEASURED.setdefault((job_of_kata, threads), {})[contender] = (benchmark.stats.stats.median, error, memory)
    assert error < 0.1, f"{contender} computes something else: it is {error} away from the exact answer"


def seconds_of_one(run: Callable[[], Any]) -> float:
    """Time one call."""
    before = time.perf_counter()
    run()
    return max(time.perf_counter() - before, 1e-6)


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """After the last job, print the table."""
    yield
    manager = request.config.pluginmanager
    with manager.getplugin("capturemanager").global_and_fixture_disabled():
        write = manager.getplugin("terminalreporter").write_line
        write("")
        write(f"{platform.processor() or platform.machine()}, {CORES} cores, Python {platform.python_version()}")
        write(f"{'job':50} {'threads':>7}  {'contender':22} {'median':>11} {'x ours':>10} {'error':>8} {'peak':>9}")
        for (name, threads), rows in MEASURED.items():
            ours = rows.get(FAST, rows.get(PLAIN))
            assert ours is not None, f"{name} was run without a solution"
            for contender, (seconds, error, memory) in rows.items():
                peak = f"{memory / 1e6:6.1f} MB" if memory >= 0 else ""
                write(f"{name:50} {threads:7}  {contender:22} {seconds * 1e3:8.2f} ms {seconds / ours[0]:10.2f}"
                      f" {error:8.0e} {peak:>9}")
