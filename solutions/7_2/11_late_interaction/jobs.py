"""The speed jobs of the late interaction kata."""

import numpy as np

from fixtures.jobs import Job, job


def batch(rng, texts, longest, shortest, width=128):
    """Make a padded batch of random tokens of length 1, and its mask."""
    tokens = rng.standard_normal((texts, longest, width), dtype=np.float32)
    tokens /= np.linalg.norm(tokens, axis=2, keepdims=True)
    return tokens, (np.arange(longest) < rng.integers(shortest, longest + 1, (texts, 1))).astype(np.int64)


def in_float64(queries, query_mask, documents, document_mask):
    """Score one pair after the other, of queries without padding."""
    scores = np.empty((len(queries), len(documents)))
    for i, (document, real) in enumerate(zip(documents.astype(np.float64), document_mask)):
        scores[:, i] = (queries.astype(np.float64) @ document[real == 1].T).max(axis=2).sum(axis=1)
    return scores


def by_torch(queries, query_mask, documents, document_mask):
    """Return torch's scores of 64 documents at a time; of all at once it needs more memory, and more time."""
    import torch

    asked, corpus = torch.from_numpy(queries), torch.from_numpy(documents)
    counts, padding = torch.from_numpy(query_mask), torch.from_numpy(document_mask == 0)

    def run():
        scores = torch.empty(len(asked), len(corpus))
        for start in range(0, len(corpus), 64):
            some = slice(start, start + 64)
            similarities = torch.einsum("qsw,ntw->qnst", asked, corpus[some])
            best = similarities.masked_fill(padding[some][None, :, None], -torch.inf).amax(dim=3)
            scores[:, some] = (best * counts[:, None]).sum(dim=2)
        return scores

    return run


@job
def maxsim_4x32_of_2000x180x128() -> Job:
    """4 queries of 32 tokens, 2,000 passages of 20 to 180 tokens of ColBERT's width."""
    rng = np.random.default_rng(0)
    arguments = *batch(rng, 4, 32, 32), *batch(rng, 2000, 180, 20)
    return Job("maxsim_scores", arguments, lambda: in_float64(*arguments), {"torch": lambda: by_torch(*arguments)},
               goal="at least 1.5x as fast as torch, which computes the padding, too")


@job
def maxsim_1x32_of_8000x64x128() -> Job:
    """One query, 8,000 short passages: the candidates of a search by one vector, rescored."""
    rng = np.random.default_rng(1)
    arguments = *batch(rng, 1, 32, 32), *batch(rng, 8000, 64, 10)
    return Job("maxsim_scores", arguments, lambda: in_float64(*arguments), {"torch": lambda: by_torch(*arguments)},
               goal="at least 1.3x as fast as torch")
