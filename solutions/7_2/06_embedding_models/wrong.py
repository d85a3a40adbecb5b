"""Wrong answers that people give to the recipe kata; each docstring says what is wrong."""

import numpy as np
from embedding_models import embed, near_duplicates, plan_batches, prepared, recipe_of

from fixtures.checking import wrong_answer_to


@wrong_answer_to(recipe_of)
def takes_the_mean_by_default(metadata, cards):
    """The file says nothing about pooling, and you took the mean: the card says which pooling it was trained with."""
    recipe = recipe_of(metadata, cards)
    stated = f"{metadata['general.architecture']}.pooling_type" in metadata
    return recipe if stated else recipe._replace(pooling="mean")


@wrong_answer_to(recipe_of)
def takes_every_position(metadata, cards):
    """max_tokens is the context_length of the file here: the card may allow less, as MiniLM's 256 of 512."""
    positions = metadata[f"{metadata['general.architecture']}.context_length"]
    return recipe_of(metadata, cards)._replace(max_tokens=positions)


@wrong_answer_to(recipe_of)
def takes_the_first_card(metadata, cards):
    """You took the first card whose key is in the name: another one fits better, the longest."""
    first = next(key for key in cards if key in metadata["general.name"].lower())
    return recipe_of(metadata, {first: cards[first]})


@wrong_answer_to(prepared)
def treats_documents_as_queries(texts, recipe, role):
    """The documents have the prefix of a query: each role has its own, and some models none for documents."""
    return prepared(texts, recipe, "query")


@wrong_answer_to(prepared)
def prefixes_twice(texts, recipe, role):
    """A text that came with its prefix has it twice now: put it only where it is missing."""
    return [(recipe.query_prefix if role == "query" else recipe.document_prefix) + text for text in texts]


@wrong_answer_to(plan_batches)
def counts_texts_instead_of_tokens(token_counts, max_tokens, max_texts):
    """Your batches have equally many texts: llama.cpp's limit is one of tokens, and a batch beyond it ends the
    process."""
    return [list(range(start, min(start + max_texts, len(token_counts))))
            for start in range(0, len(token_counts), max_texts)]


@wrong_answer_to(plan_batches)
def sorts_by_length(token_counts, max_tokens, max_texts):
    """You sorted the texts by their length: then vector i no longer belongs to text i. llama.cpp pads nothing, so
    sorting gains nothing."""
    order = np.argsort(token_counts, kind="stable").tolist()
    planned = plan_batches([token_counts[index] for index in order], max_tokens, max_texts)
    return [[order[place] for place in batch] for batch in planned]


@wrong_answer_to(embed)
def forgets_to_normalize(texts, recipe, role, model, cache):
    """These vectors have the lengths that the model gave them: llama.cpp does not normalize, and the recipe asks for
    length 1."""
    return embed(texts, recipe._replace(normalize=False), role, model, {})


@wrong_answer_to(embed)
def forgets_the_prefix(texts, recipe, role, model, cache):
    """The model got the texts without their prefixes: it is asked for what `prepared` gives, and so is the cache."""
    return embed(texts, recipe._replace(query_prefix="", document_prefix=""), role, model, {})


@wrong_answer_to(embed)
def keys_by_too_little(texts, recipe, role, model, cache):
    """This vector was made for the other role or by another recipe: the key of the cache is the text with its prefix,
    and with it the recipe."""
    held = {_bare(key[0] if isinstance(key, tuple) else key, recipe): vector for key, vector in cache.items()}
    vectors = embed(texts, recipe, role, model, {})
    for row, text in enumerate(texts):
        vectors[row] = cache[text] = held.setdefault(_bare(text, recipe), vectors[row])
    return vectors


def _bare(text, recipe):
    return text.removeprefix(recipe.query_prefix).removeprefix(recipe.document_prefix)


@wrong_answer_to(near_duplicates)
def compares_inner_products(vectors, threshold):
    """These are inner products: long vectors look alike. Divide each vector by its length first."""
    products = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    return [(i, j) for i, j in np.argwhere(np.triu(products >= threshold, 1)).tolist()]


@wrong_answer_to(near_duplicates)
def lists_each_pair_twice(vectors, threshold):
    """Each pair is here twice, and each row with itself: i < j is wanted, which is above the diagonal."""
    pairs = near_duplicates(vectors, threshold)
    itself = [(i, i) for i in np.flatnonzero(np.any(vectors, axis=1)).tolist()]
    return sorted([*pairs, *itself, *((j, i) for i, j in pairs)])
