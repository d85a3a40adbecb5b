"""The speed jobs of the attention kata."""

import numpy as np

from fixtures.jobs import Job, job


def _drawn(heads: int, kv_heads: int, queries: int, keys: int, width: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return tuple(rng.standard_normal((1, number, tokens, width), dtype=np.float32)
                 for number, tokens in ((heads, queries), (kv_heads, keys), (kv_heads, keys)))


def _job(arrays: tuple[np.ndarray, ...], window: int | None, goal: str) -> Job:
    """Compare with torch: its own causal kernel where it has one for the case, its mask where it has none."""
    q, k, v = arrays
    queries, keys = q.shape[2], k.shape[2]
    behind = np.arange(keys - queries, keys)[:, None] - np.arange(keys)
    seen = (behind >= 0) & (behind < (window or keys))

    def exact():
        group = q.shape[1] // k.shape[1]
        result = np.empty(q.shape)
        for b, h in np.ndindex(q.shape[:2]):
            scores = q[b, h].astype(np.float64) @ k[b, h // group].T / np.sqrt(q.shape[3])
            weights = np.where(seen, np.exp(scores - scores.max(axis=1, keepdims=True)), 0)
            result[b, h] = weights / weights.sum(axis=1, keepdims=True) @ v[b, h // group]
        return result

    def torch():
        from torch import from_numpy
        from torch.nn.functional import scaled_dot_product_attention

        tensors = [from_numpy(array) for array in arrays]
        if window is None and queries == keys:
            return lambda: scaled_dot_product_attention(*tensors, is_causal=True, enable_gqa=True)
        mask = None if queries == 1 and window is None else from_numpy(seen)
        return lambda: scaled_dot_product_attention(*tensors, attn_mask=mask, enable_gqa=True)

    return Job("attention", arrays, exact, {"torch": torch}, goal, options={"window": window})


@job
def causal_1x8x1024x64() -> Job:
    """Prefill of 1024 tokens."""
    return _job(_drawn(8, 8, 1024, 1024, 64), None, "within 2x of torch on one thread")


@job
def windowed_1x8x2048x64() -> Job:
    """Prefill of 2048 tokens, grouped queries, a window of 256."""
    return _job(_drawn(8, 2, 2048, 2048, 64), 256, "faster than torch, which scores all keys and masks them")


@job
def decode_1x32x4096x128() -> Job:
    """One new token behind 4096 cached ones, the heads of Llama 3 8B."""
    return _job(_drawn(32, 8, 1, 4096, 128), None, "at least as fast as torch")
