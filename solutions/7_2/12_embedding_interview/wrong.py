"""Wrong predictions that people give to the interview questions; each docstring says what was misunderstood."""

import numpy as np
from embedding_interview import (
    cosines_kept,
    last_rank_that_wins,
    length_of_a_mean,
    mean_with_padding,
    spread_by_chance,
    tokens_read,
    winners,
)

from fixtures.checking import wrong_answer_to


@wrong_answer_to(mean_with_padding)
def turns_the_vector(length, tokens, padding):
    """Zeros add nothing to the sum: the mean only gets shorter, by the same factor in all dimensions. Its direction
    stays, and with it the cosine.
    """
    share = int(tokens) / (int(tokens) + int(padding))
    return share, length * share


@wrong_answer_to(mean_with_padding)
def keeps_the_length(length, tokens, padding):
    """The sum stays what it was, but it is divided by more rows: the vector gets shorter. Cosines do not notice,
    inner products and distances do.
    """
    return 1.0, length


@wrong_answer_to(length_of_a_mean)
def averages_the_lengths(count, cosine):
    """The mean of directions is shorter than they are, unless all are the same: what points to different sides
    cancels out.
    """
    return 1.0


@wrong_answer_to(length_of_a_mean)
def forgets_that_each_chunk_meets_itself(count, cosine):
    """Of the count² products behind the squared length, count are of a vector with itself, and those are 1, not the
    cosine of two different ones.
    """
    return np.sqrt(max(cosine, 0.0))


@wrong_answer_to(winners)
def takes_all_three_for_the_cosine(cosines, lengths, query_length):
    """The three agree only if all documents are equally long: the inner product favours long ones, the Euclidean
    distance those about as long as the query.
    """
    return (int(np.argmax(cosines)),) * 3


@wrong_answer_to(winners)
def takes_the_distance_for_the_cosine(cosines, lengths, query_length):
    """The nearest document is not the one with the largest cosine: that holds for equal lengths only. A document that
    is much shorter or longer than the query is far away, whatever its direction.
    """
    cosines = np.asarray(cosines, dtype=np.float64)
    return int(np.argmax(cosines)), int(np.argmax(cosines * lengths)), int(np.argmax(cosines))


@wrong_answer_to(winners)
def normalises_the_query_alone(cosines, lengths, query_length):
    """The query's length matters to the Euclidean distance: you took it for 1. Only for the inner product is it the
    same factor for every document.
    """
    cosines, lengths = np.asarray(cosines, dtype=np.float64), np.asarray(lengths, dtype=np.float64)
    products = cosines * lengths
    return int(np.argmax(cosines)), int(np.argmax(products)), int(np.argmin(lengths**2 - 2 * products))


@wrong_answer_to(spread_by_chance)
def gives_the_variance(dimensions):
    """1 / dimensions is the mean of the squared cosine, its variance. The spread is the root of it: among 384
    dimensions a cosine of 0.05 is nothing unusual, one of 0.003 is unusually small.
    """
    return 1 / dimensions


@wrong_answer_to(cosines_kept)
def takes_shares_for_cosines(dimensions, budget):
    """The share of the dimensions is the share of the squared length. A cosine is a length: take the root."""
    dimensions, budget = int(dimensions), int(budget)
    shares = [min(stored, dimensions) / dimensions for stored in (budget // 4, budget, budget * 8)]
    return shares[0], shares[1], shares[2] * np.sqrt(2 / np.pi)


@wrong_answer_to(cosines_kept)
def takes_signs_for_numbers(dimensions, budget):
    """A sign keeps the direction of its dimension, not the amount: even all signs together have a cosine below 1
    with the vector. It is the mean of |x| over the root of the mean of x².
    """
    dimensions, budget = int(dimensions), int(budget)
    return tuple(np.sqrt(min(stored, dimensions) / dimensions) for stored in (budget // 4, budget, budget * 8))


@wrong_answer_to(tokens_read)
def makes_room_for_sep(words, limit):
    """Tokenizers of Hugging Face cut the words and put [SEP] behind them. llama-cpp-python cuts the finished list of
    tokens: [SEP] goes first.
    """
    return min(int(words), int(limit) - 2), True


@wrong_answer_to(last_rank_that_wins)
def lets_a_tie_win(k, best, lists):
    """At this rank both score the same: B wins only above it."""
    return int(lists) * (int(k) + int(best)) - int(k)


