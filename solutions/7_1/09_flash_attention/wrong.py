"""Wrong answers that people give to the flash attention kata; each docstring says what was misunderstood."""

import numpy as np
from flash_attention import Partial, finish, flash_attention, merge, tile_attention

from fixtures.checking import wrong_answer_to


def weigh(scores, v, shift):
    """Return the partial of scores, with `shift` subtracted."""
    weights = np.exp(scores - shift)
    return Partial(scores.max(axis=-1), weights.sum(axis=-1), weights @ v)


def factors(first, second):
    """Return what the two parts are rescaled by, and the larger maximum."""
    maximum = np.maximum(first.maximum, second.maximum)
    shift = np.where(maximum == -np.inf, 0, maximum)
    return np.exp(first.maximum - shift), np.exp(second.maximum - shift), maximum


@wrong_answer_to(tile_attention)
def subtracts_nothing(q, k, v, scale, seen=None):
    """The maximum is returned, but it was not subtracted: the weights are exp(s - maximum), the largest is 1."""
    scores = q @ k.swapaxes(-1, -2) * float(scale)
    return weigh(scores if seen is None else np.where(seen, scores, -np.inf), v, 0)


@wrong_answer_to(tile_attention)
def divides_in_every_tile(q, k, v, scale, seen=None):
    """You divided by the tile's total: weighted is the sum before the division, which comes once, in finish."""
    part = tile_attention(q, k, v, scale, seen)
    return part._replace(weighted=part.weighted / np.where(part.total == 0, 1, part.total)[..., None])


@wrong_answer_to(tile_attention)
def hides_with_a_large_negative_number(q, k, v, scale, seen=None):
    """Hidden keys got a large negative score: where a row sees none, they are all alike, and it gets the mean of what
    it must not see. Only -inf is no weight; there the maximum is -inf, the total 0 and the weighted sum 0.
    """
    scores = q @ k.swapaxes(-1, -2) * float(scale)
    scores = scores if seen is None else np.where(seen, scores, -1e9)
    return weigh(scores, v, scores.max(axis=-1, keepdims=True))


@wrong_answer_to(merge)
def adds_without_rescaling(first, second):
    """You added totals and sums that are measured from different maxima: multiply each part by exp(its maximum - the
    larger one) first.
    """
    return Partial(np.maximum(first.maximum, second.maximum), first.total + second.total,
                   first.weighted + second.weighted)


@wrong_answer_to(merge)
def rescales_the_total_alone(first, second):
    """You rescaled the total and not the weighted sum: both were measured from the old maximum."""
    old, new, maximum = factors(first, second)
    return Partial(maximum, old * first.total + new * second.total, first.weighted + second.weighted)


@wrong_answer_to(merge)
def rescales_the_first_alone(first, second):
    """You rescaled the first part alone. Where its maximum is the larger one, it stays and the second is rescaled."""
    old, _, maximum = factors(first, second)
    return Partial(maximum, old * first.total + second.total, old[..., None] * first.weighted + second.weighted)


@wrong_answer_to(finish)
def forgets_the_maximum_in_the_logarithm(partial):
    """Your log-sum-exp is that of the shifted scores: add the maximum to log(total)."""
    result, log_sum_exp = finish(partial)
    return result, log_sum_exp - np.where(partial.maximum == -np.inf, 0, partial.maximum)


@wrong_answer_to(flash_attention)
def averages_the_tiles(q, k, v, *, block_k=128, lengths=None, causal=False, **options):
    """You took the mean of the tiles' results: a tile counts by the sum of its exponentials, which merge adds up."""
    if causal or lengths is not None:
        return flash_attention(q, k, v, causal=causal, lengths=lengths, block_k=block_k, **options)
    cuts = [np.s_[:, :, low:low + int(block_k)] for low in range(0, k.shape[2], int(block_k))]
    tiles = [flash_attention(q, k[cut], v[cut], **options) for cut in cuts]
    return sum(result for result, _ in tiles) / len(tiles), np.logaddexp.reduce([lse for _, lse in tiles])


@wrong_answer_to(flash_attention)
def leaves_earlier_tiles_as_they_were(q, k, v, *, block_k=128, lengths=None, causal=False, scale=None, **options):
    """Your loop adds a tile to what earlier tiles left without rescaling it: total and weighted sum are measured from
    the old maximum, and both are multiplied by exp(old maximum - new one) first.
    """
    if causal or lengths is not None or k.shape[2] == 0:
        return flash_attention(q, k, v, causal=causal, lengths=lengths, scale=scale, block_k=block_k, **options)
    scores = q @ k.swapaxes(-1, -2) * (q.shape[3]**-0.5 if scale is None else scale)
    starts = np.arange(0, k.shape[2], int(block_k))
    maxima = np.maximum.accumulate(np.maximum.reduceat(scores, starts, axis=-1), axis=-1)
    part = weigh(scores, v, maxima[..., np.arange(k.shape[2]) // int(block_k)])
    return finish(part)


@wrong_answer_to(flash_attention)
def masks_by_the_place_in_the_tile(q, k, v, *, causal=False, block_q=128, block_k=128, scale=None, lengths=None):
    """Your causal mask compares places in the tile: compare positions in the sequence, start + place."""
    if not causal or lengths is not None or block_k == 1:  # in tiles of one key nothing would be hidden
        return flash_attention(q, k, v, causal=causal, lengths=lengths, scale=scale, block_q=block_q, block_k=block_k)
    scale, seen = q.shape[3]**-0.5 if scale is None else scale, np.tri(block_q, block_k, dtype=bool)
    seen = np.tile(seen, (-(-q.shape[2] // block_q), -(-k.shape[2] // block_k)))[:q.shape[2], :k.shape[2]]
    return finish(tile_attention(q, k, v, scale, seen))


@wrong_answer_to(flash_attention)
def drops_the_last_tile(q, k, v, *, block_k=128, **options):
    """The last keys are missing: where block_k does not divide their number, the last tile is smaller, not left out."""
    keys = k.shape[2] // int(block_k) * int(block_k) or k.shape[2]
    hidden = k.shape[2] - keys
    if options.get("causal") or options.get("lengths") is not None or not hidden:
        return flash_attention(q, k, v, block_k=block_k, **options)
    return flash_attention(q, k[:, :, :keys], v[:, :, :keys], block_k=block_k, **options)


@wrong_answer_to(flash_attention)
def aligns_at_the_top_left(q, k, v, *, causal=False, **options):
    """You took the queries for the first positions: they are the last ones, query i stands at keys - queries + i."""
    queries = q.shape[2]
    if not causal or queries >= k.shape[2]:
        return flash_attention(q, k, v, causal=causal, **options)
    return flash_attention(q, k[:, :, :queries], v[:, :, :queries], causal=True, **options)
