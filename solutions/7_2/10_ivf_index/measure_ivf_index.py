"""Measure recall, time and bytes of the index, of FAISS's and of hnswlib's graph: the tables of README.md.

    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python solutions/7_2/10_ivf_index/measure_ivf_index.py   (extra `peers`)
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # for fixtures

import faiss
import fast_ivf_index as fast
import hnswlib
import ivf_index as plain
import numpy as np
from jobs import CELLS, WIDTH, K, by_faiss, cells, clustered

RUNS = 5
VECTORS, QUERIES = clustered(1000)
RIGHT = np.argsort(-QUERIES @ VECTORS.T, axis=1)[:, :K].tolist()


def milliseconds(run):
    """Return the CPU time of the fastest run."""
    times = []
    for _ in range(RUNS):
        before = time.process_time()
        run()
        times.append(time.process_time() - before)
    return 1000 * min(times)


def recall(ids):
    """Return the share of the truly nearest that was found."""
    return np.mean([len(set(found) & set(right)) / K for found, right in zip(ids.tolist(), RIGHT)])


def row(name, ids, many, one):
    """Print a line: recall, time of 1,000 queries and of one."""
    print(f"{name:36} recall {recall(ids):.3f} {milliseconds(many):9.2f} ms {milliseconds(one):9.3f} ms", flush=True)


if __name__ == "__main__":
    faiss.omp_set_num_threads(1)
    first = QUERIES[:1]
    seconds = time.process_time()
    index = cells()
    print(f"{CELLS} cells of {WIDTH} numbers, built in {time.process_time() - seconds:.1f} s, "
          f"{sum(part.nbytes for part in index) / 1e6:.1f} MB; the vectors alone {VECTORS.nbytes / 1e6:.1f} MB")
    for probes in 6, 24:
        for name, module in ("fast", fast), ("plain", plain):
            row(f"{name}, {probes} probes", module.search(index, QUERIES, K, probes)[1],
                lambda module=module, probes=probes: module.search(index, QUERIES, K, probes),
                lambda module=module, probes=probes: module.search(index, first, K, probes))
        many, one = by_faiss(QUERIES, probes), by_faiss(first, probes)
        row(f"FAISS IVFFlat, {probes} probes", many()[1], many, one)
    for links in 4, 8, 16:  # fewer links find less: near the recall of the cells, and what people take
        graph = hnswlib.Index(space="ip", dim=WIDTH)
        graph.init_index(max_elements=len(VECTORS), M=links, ef_construction=100)
        seconds = time.process_time()
        graph.add_items(VECTORS, num_threads=1)
        seconds = time.process_time() - seconds
        graph.set_num_threads(1)
        for breadth in (K, 2 * K, 4 * K):
            graph.set_ef(breadth)
            row(f"hnswlib, M {links}, ef {breadth}, built in {seconds:.1f} s", graph.knn_query(QUERIES, K)[0],
                lambda graph=graph: graph.knn_query(QUERIES, K), lambda graph=graph: graph.knn_query(first, K))
        print(f"hnswlib, M {links}: {graph.index_file_size() / 1e6:.1f} MB")
    row("a matrix product and argpartition", np.argpartition(-QUERIES @ VECTORS.T, K, axis=1)[:, :K],
        lambda: np.argpartition(-QUERIES @ VECTORS.T, K, axis=1),
        lambda: np.argpartition(-first @ VECTORS.T, K, axis=1))
