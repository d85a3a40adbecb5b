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
def believes_the_card(metadata, cards):
    """max_tokens is the card's here: the file may have fewer positions, and one token beyond them ends llama.cpp."""
    card = max((key for key in cards if key in metadata["general.name"].lower()), key=len)
    return recipe_of(metadata, cards)._replace(max_tokens=cards[card][-1])


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
def keys_by_text_alone(texts, recipe, role, model, cache):
    """This vector was made by another recipe: the key of the cache needs the recipe beside the text."""
    given = prepared(texts, recipe, role)
    stored = {key[0] if isinstance(key, tuple) else key: vector for key, vector in cache.items()}
    missing = [text for text in dict.fromkeys(given) if text not in stored]
    stored |= dict(zip(missing, embed(missing, recipe, role, model, {})))
    for text in missing:
        cache[text] = stored[text]
    return np.array([stored[text] for text in given], np.float32)


@wrong_answer_to(embed)
def gives_the_new_ones_last(texts, recipe, role, model, cache):
    """The order is not that of the texts: what came from the cache stands first here, and what is new behind it."""
    known = [text for text in texts if (prepared([text], recipe, role)[0], recipe) in cache]
    return embed([*known, *(text for text in texts if text not in known)], recipe, role, model, cache)


@wrong_answer_to(near_duplicates)
def compares_inner_products(vectors, threshold):
    """These are inner products: long vectors look alike. Divide each vector by its length first."""
    products = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    return [(i, j) for i, j in np.argwhere(np.triu(products >= threshold, 1)).tolist()]
