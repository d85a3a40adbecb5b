"""Embed texts by the recipe of their model. As a program, this file embeds a file of texts: see README.md."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
POOLINGS = ("none", "mean", "cls", "last", "rank")  # the numbers 0 to 4 of <architecture>.pooling_type


class Recipe(NamedTuple):
    """All that turns a text into a vector. Vectors of two recipes cannot be compared."""

    model: str  # general.name
    query_prefix: str
    document_prefix: str
    pooling: str
    normalize: bool
    dimension: int
    max_tokens: int


def recipe_of(metadata: Mapping[str, Any], cards: Mapping[str, tuple[str, str, str, bool, int]]) -> Recipe:
    """Read a recipe from the metadata of a GGUF and, for what does not stand there, from the model's card.

    metadata: general.name, general.architecture; <architecture>.embedding_length, .context_length, .pooling_type
    cards: key -> (query_prefix, document_prefix, pooling, normalize, max_tokens). A model's card has the longest key
        that occurs in its name, in whole words, case and separators aside: "Bge M3" has bge-m3
    max_tokens becomes the smaller of the card's and context_length.
    Raises ValueError naming general.name if there is no card, pooling_type if it is another than the card's.
    """
    raise NotImplementedError


def prepared(texts: Sequence[str], recipe: Recipe, role: str) -> list[str]:
    """Put the prefix of the role, "query" or "document", before each text that does not begin with it already."""
    raise NotImplementedError


def plan_batches(token_counts: Sequence[int], max_tokens: int, max_texts: int) -> list[list[int]]:
    """Put the indices of texts into batches, in order: each takes the next texts while it keeps both limits."""
    raise NotImplementedError


def embed(texts: Sequence[str], recipe: Recipe, role: str, model: Any, cache: Any) -> Floats:
    """Embed texts by the recipe; ask the model only for what the cache lacks, for each text once, batch by batch.

    model: count_tokens(text) counts [CLS] and [SEP] too; embed(texts) takes one batch of 1 to batch_texts texts with
        at most batch_tokens tokens together, and returns (texts, dimension), pooled, not normalized
    cache: maps (text with its prefix, recipe) to a finished vector; each batch is put there when it is done
    Returns (texts, recipe.dimension) in float32, in the order of texts, without any (0, dimension). Zeros stay zeros.
    Raises ValueError naming texts if one has, with its prefix, more than recipe.max_tokens: nothing is cut off.
    """
    raise NotImplementedError


def near_duplicates(vectors: Floats, threshold: float) -> list[tuple[int, int]]:
    """Find the pairs (i, j), i < j, of rows whose cosine is at least threshold - 1e-6 (rounding), in ascending order.

    vectors: (n, width), of any length; zeros are like nothing. threshold: above 0. No (n, n) matrix fits in memory.
    Raises ValueError naming vectors for NaN or infinity.
    """
    raise NotImplementedError


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from fixtures.katas.embedding_models.program import main

    main(Path(__file__))
