"""Embed texts by the recipe of their model. As a program, this file embeds a file of texts: see README.md."""

import re
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
    name, architecture = metadata.get("general.name", ""), metadata["general.architecture"]
    words = "-".join(re.findall(r"[a-z0-9.]+", name.lower()))
    fitting = [key for key in cards if f"-{key}-" in f"-{words}-"]
    if not fitting:
        raise ValueError(f"there is no card for general.name {name!r}: which prefixes was it trained with?")
    query, document, pooling, normalize, longest = cards[max(fitting, key=len)]
    stated = POOLINGS[metadata.get(f"{architecture}.pooling_type", POOLINGS.index(pooling))]
    if stated != pooling:
        raise ValueError(f"{architecture}.pooling_type is {stated}, but {name} was trained with {pooling}")
    dimension, context = (metadata[f"{architecture}.{key}_length"] for key in ("embedding", "context"))
    return Recipe(name, query, document, pooling, normalize, dimension, min(longest, context))


def prepared(texts: Sequence[str], recipe: Recipe, role: str) -> list[str]:
    """Put the prefix of the role, "query" or "document", before each text that does not begin with it already."""
    if isinstance(texts, str):
        raise TypeError("texts is one string: give a list of strings")
    prefix = {"query": recipe.query_prefix, "document": recipe.document_prefix}.get(role)
    if prefix is None:
        raise ValueError(f'role is "query" or "document", got {role!r}')
    return [text if text.startswith(prefix) else prefix + text for text in texts]


def plan_batches(token_counts: Sequence[int], max_tokens: int, max_texts: int) -> list[list[int]]:
    """Put the indices of texts into batches, in order: each takes the next texts while it keeps both limits."""
    batches, tokens = list[list[int]](), 0
    for index, count in enumerate(token_counts):
        if count > max_tokens:
            raise ValueError(f"token_counts[{index}] is {count}, and a batch holds {max_tokens}")
        if not batches or tokens + count > max_tokens or len(batches[-1]) == max_texts:
            batches.append([])
            tokens = 0
        batches[-1].append(index)
        tokens += count
    return batches


def embed(texts: Sequence[str], recipe: Recipe, role: str, model: Any, cache: Any) -> Floats:
    """Embed texts by the recipe; ask the model only for what the cache lacks, for each text once, batch by batch.

    model: count_tokens(text) counts [CLS] and [SEP] too; embed(texts) takes one batch of 1 to batch_texts texts with
        at most batch_tokens tokens together, and returns (texts, dimension), pooled, not normalized
    cache: maps (text with its prefix, recipe) to a finished vector; each batch is put there when it is done
    Returns (texts, recipe.dimension) in float32, in the order of texts, without any (0, dimension). Zeros stay zeros.
    Raises ValueError naming texts if one has, with its prefix, more than recipe.max_tokens: nothing is cut off.
    """
    given = prepared(texts, recipe, role)
    missing = [text for text in dict.fromkeys(given) if (text, recipe) not in cache]
    counts = [model.count_tokens(text) for text in missing]
    if max(counts, default=0) > recipe.max_tokens:
        longest = given.index(missing[int(np.argmax(counts))])
        raise ValueError(f"texts[{longest}] has {max(counts)} tokens, the model takes {recipe.max_tokens}")
    for batch in plan_batches(counts, model.batch_tokens, model.batch_texts):
        vectors = np.array(model.embed([missing[index] for index in batch]), np.float32)  # (batch, dimension)
        for index, vector in zip(batch, _unit(vectors) if recipe.normalize else vectors):
            cache[missing[index], recipe] = vector
    return np.array([cache[text, recipe] for text in given], np.float32).reshape(len(given), recipe.dimension)


def near_duplicates(vectors: Floats, threshold: float) -> list[tuple[int, int]]:
    """Find the pairs (i, j), i < j, of rows whose cosine is at least threshold - 1e-6 (rounding), in ascending order.

    vectors: (n, width), of any length; zeros are like nothing. threshold: above 0. No (n, n) matrix fits in memory.
    Raises ValueError naming vectors for NaN or infinity.
    """
    if not np.isfinite(vectors).all():
        raise ValueError("vectors holds NaN or infinity")
    unit, pairs = _unit(vectors.astype(np.float32)), list[tuple[int, int]]()
    for start in range(0, len(unit), 1024):
        cosines = unit[start : start + 1024] @ unit[start:].T  # (a block, it and all rows behind)
        pairs += [(i, j) for i, j in (np.argwhere(np.triu(cosines >= threshold - 1e-6, 1)) + start).tolist()]
    return pairs


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)  # (rows, 1)
    return vectors / np.where(lengths == 0, 1, lengths)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from fixtures.katas.embedding_models.program import main

    main(Path(__file__))
