import numpy as np
import pytest
from chunking import chunk

from fixtures.checking import call
from fixtures.katas.chunking import words_and_two

pytestmark = [pytest.mark.llama, pytest.mark.model("all-MiniLM-L6-v2")]
LIMIT = 64


@pytest.fixture(scope="module")
def count_tokens():
    """Count as llama.cpp does for MiniLM, [CLS] and [SEP] included."""
    from fixtures.models import model_path
    from fixtures.oracles.embeddings import token_ids

    path = model_path("all-MiniLM-L6-v2")
    return lambda text: len(token_ids(path, [text])[0])


@pytest.mark.parametrize("topic", ["with", "typesmapping", "debugger"])
def test_no_chunk_is_longer_than_the_models_own_tokenizer_allows(count_tokens, topic):
    """Long pages of Python's documentation: code, tables, reStructuredText."""
    from pydoc_data.topics import topics

    text = topics[topic]
    found = call(chunk, text, count_tokens, LIMIT, 12).value
    longest = max(count_tokens(piece) for piece, _, _ in found)
    assert longest <= LIMIT, f"a chunk of {topic!r} has {longest} tokens, {LIMIT} are allowed"
    mean = np.mean([count_tokens(piece) for piece, _, _ in found])
    assert mean > LIMIT / 2, f"the {len(found)} chunks of {topic!r} hold {mean:.0f} tokens on average: too short"
    wrong = [start for piece, start, end in found if text[start:end] != piece]
    assert not wrong, f"chunks at {wrong[:3]} of {topic!r} are not text[start:end]"


def test_scripts_of_the_world_keep_the_limit(count_tokens):
    text = ("Größe, naïveté, Ёлка и ещё слова. 你好，世界。今天天气很好！ 日本語のテキストです。 สวัสดีชาวโลก "
            "👩‍👩‍👧‍👦🇩🇪👍🏽 e\u0301e\u0301e\u0301 supercalifragilisticexpialidocious " * 8)
    found = call(chunk, text, count_tokens, LIMIT).value
    longest = max(count_tokens(piece) for piece, _, _ in found)
    assert longest <= LIMIT, f"a chunk has {longest} tokens, {LIMIT} are allowed"
    covered = sum(end - start for _, start, end in found)
    assert covered >= len(text.replace(" ", "")), f"the chunks cover {covered} of {len(text)} characters"


def test_what_stands_at_the_end_of_a_long_text_is_found(count_tokens):
    """llama.cpp takes 512 tokens of a text at most; the answer stands behind them. Chunks bring it back."""
    from fixtures.models import model_path
    from fixtures.oracles.embeddings import pooled_embeddings

    call(chunk, "A text.", words_and_two, 9).gives([("A text.", 0, 7)])
    filler = " ".join(f"Ship number {i} carries {i % 7} containers of coffee to the harbour." for i in range(60))
    text = f"{filler} The secret ingredient of the soup is a pinch of saffron."
    question = "What makes the soup special?"
    first_500 = call(chunk, text, count_tokens, 500).value[0].text
    pieces = [piece for piece, _, _ in call(chunk, text, count_tokens, LIMIT).value]
    vectors = pooled_embeddings(model_path("all-MiniLM-L6-v2"), [question, first_500, *pieces])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    whole, best = vectors[0] @ vectors[1], int(np.argmax(vectors[2:] @ vectors[0]))
    assert "saffron" in pieces[best], f"the chunk nearest to the question is {pieces[best]!r}"
    gain = float(vectors[0] @ vectors[2 + best] - whole)
    assert gain > 0.2, f"the chunk is nearer to the question than the text's first 500 tokens by {gain:.2f}"
