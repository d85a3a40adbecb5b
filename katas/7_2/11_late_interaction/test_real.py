import numpy as np
import pytest
from late_interaction import matches, maxsim_scores, top_documents, unit_tokens

from fixtures.checking import call

MODEL = "all-MiniLM-L6-v2"


@pytest.fixture(scope="module")
def documentation():
    """Return the token embeddings of Python's documentation and of questions by llama.cpp, and the right pages."""
    from fixtures.data.documentation import QUESTIONS, padded, page_token_embeddings
    from fixtures.models import model_path
    from fixtures.oracles.embeddings import token_embeddings

    pages, page_tokens = page_token_embeddings()
    index = {page.name: i for i, page in enumerate(pages)}
    answers = [{index[name] for name in names if name in index} for names in QUESTIONS.values()]
    return padded(token_embeddings(model_path(MODEL), list(QUESTIONS))), padded(page_tokens), answers


def ranks(scores, answers):
    """Return the rank of the first right page, from 1, for each question."""
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.array([min(np.flatnonzero(np.isin(row, list(right)))) + 1 for row, right in zip(order, answers)])


@pytest.mark.llama
@pytest.mark.model(MODEL)
def test_maxsim_finds_the_pages_beside_mean_pooling(documentation):
    """Measured: MRR 0.865 and every right page among the first four; the mean has 0.888, and one on place 7."""
    (questions, question_mask), (pages, page_mask), answers = documentation
    units, page_units = call(unit_tokens, questions).value, call(unit_tokens, pages).value
    found = ranks(call(maxsim_scores, units, question_mask, page_units, page_mask).value, answers)
    means = [(tokens * mask[..., None]).sum(axis=1) for tokens, mask in
             ((questions, question_mask), (pages, page_mask))]
    pooled, page_pooled = (mean / np.linalg.norm(mean, axis=1, keepdims=True) for mean in means)
    by_mean = ranks(pooled @ page_pooled.T, answers)
    mrr, mrr_of_mean = np.mean(1 / found), np.mean(1 / by_mean)
    assert mrr > 0.8, f"MRR of maxsim is {mrr:.3f}; 0.8 was expected"
    assert found.max() <= by_mean.max(), f"the last right page is on place {found.max()}, by the mean {by_mean.max()}"
    assert mrr < mrr_of_mean + 0.05, f"MRR {mrr:.3f} is far better than the mean's {mrr_of_mean:.3f}: not with MiniLM"


@pytest.mark.llama
@pytest.mark.model(MODEL)
def test_rescoring_twenty_pages_is_as_good_as_scoring_all(documentation):
    """Measured: the same ranks. Systems find candidates by one vector, and spend token vectors on these alone."""
    (questions, question_mask), (pages, page_mask), answers = documentation
    means = (pages * page_mask[..., None]).sum(axis=1)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    placed = 0
    for tokens, mask, right in zip(call(unit_tokens, questions).value, question_mask, answers):
        rough = np.sort(np.argsort(-(tokens * mask[:, None]).sum(axis=0) @ means.T, kind="stable")[:20])
        units = call(unit_tokens, pages[rough]).value
        _, found = call(top_documents, tokens[None], mask[None], units, page_mask[rough], 5).value
        placed += bool(set(rough[found[0]].tolist()) & right)
    assert placed >= 0.9 * len(answers), f"{placed} of {len(answers)} questions have a right page among the first five"


@pytest.mark.llama
@pytest.mark.model(MODEL)
def test_matches_show_why():
    """"pick" finds "choose" with 0.76, the four words that are the same find themselves."""
    from fixtures.models import model_path
    from fixtures.oracles.embeddings import token_embeddings

    query, document = token_embeddings(
        model_path(MODEL), ["pick a random element from a list", "Choose a random element from a non-empty sequence."])
    asked, told = call(unit_tokens, query).value, call(unit_tokens, document).value
    similarities, places = call(matches, asked, told).value
    assert places[1:6].tolist() == [1, 2, 3, 4, 5], f"the first five words match the tokens {places[1:6].tolist()}"
    assert 0.6 < similarities[1] < 0.9, f'"pick" matches "choose" with {similarities[1]:.2f}'


@pytest.mark.peer("torch")
def test_torch_gives_the_same_scores():
    import torch

    rng = np.random.default_rng(3)
    queries, documents = (rng.standard_normal(shape).astype(np.float32) for shape in ((5, 8, 33), (40, 21, 33)))
    query_mask, document_mask = rng.integers(0, 2, (5, 8)), rng.integers(0, 2, (40, 21))
    query_mask[:, 3] = document_mask[:, 7] = 1
    similarities = torch.einsum("qsw,ntw->qnst", torch.from_numpy(queries), torch.from_numpy(documents))
    similarities[:, torch.from_numpy(document_mask == 0)[:, None].expand(-1, 8, -1)] = -torch.inf
    wanted = (similarities.amax(dim=3) * torch.from_numpy(query_mask)[:, None]).sum(dim=2).numpy()
    call(maxsim_scores, queries, query_mask, documents, document_mask).gives(wanted, atol=1e-4)  # rounding is 1e-5
