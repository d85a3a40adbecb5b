"""documents: every block that claims to run is run, every link leads somewhere, every command names what is here.

The lessons' documents are those whose blocks are run: guide.md, papers.md, tutorial.md, and any other in katas/.
"""

import importlib.util

import pytest

from fixtures import documents

BRINGS = {"jupytext": "dev", "fastapi": "service", "openai": "service", "distributed": "scale",
          "pywhispercpp": "speech"}  # rag: the others
RUN = [path for path in documents.documents()
       if path.parts[0] == "katas" and documents.blocks((documents.ROOT / path).read_text(encoding="utf-8"))]


def library(name):
    """Return the mark of a test that needs a library."""
    command = f'python -m pip install -e ".[{BRINGS.get(name, "rag")}]"'
    return pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name} is not installed: {command}")


def marked(path):
    """Return the document with the marks of what its blocks need: llama, a library, or a model by its name."""
    marks = [pytest.mark.llama if need == "llama" else
             library(need.removeprefix("library ")) if need.startswith("library ") else pytest.mark.model(need)
             for need in documents.needs(path)]
    return pytest.param(path, marks=marks, id=path.as_posix())


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("path", [marked(path) for path in RUN])
def test_the_blocks_run_and_print_what_is_said(path):
    found = documents.blocks((documents.ROOT / path).read_text(encoding="utf-8"))
    for block, printed in zip(found, documents.run(path, timeout=1400)):
        if block.prints is not None:
            assert not (wrong := documents.difference(block.prints, printed)), f"{path}:{block.line}: {wrong}"


@pytest.mark.parametrize("path", documents.documents(), ids=str)
def test_no_merge_was_left_half_done(path):
    lines = (documents.ROOT / path).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith(("<<<<<<< ", ">>>>>>> "))] == []


@pytest.mark.parametrize("path", documents.documents(), ids=str)
def test_every_link_leads_somewhere(path):
    assert documents.broken_links(path) == []


@pytest.mark.parametrize("path", documents.documents(), ids=str)
def test_every_command_names_what_is_here(path):
    assert documents.wrong_commands(path) == []


@library("jupytext")
@pytest.mark.parametrize("path", [path for path in RUN if path.name == "tutorial.md"], ids=str)
def test_a_tutorial_opens_as_a_notebook(path):
    import jupytext
    import nbformat

    text = (documents.ROOT / path).read_text(encoding="utf-8")
    notebook = nbformat.from_dict(jupytext.reads(text, fmt="md"))
    nbformat.validate(notebook)
    codes = [cell.source.strip() for cell in notebook.cells if cell.cell_type == "code"]
    assert codes == [block.code.strip() for block in documents.blocks(text)]


def test_blocks_and_what_they_print():
    text = "a\n```python\nprint(1)\n```\n\n```text\n1\n```\n```python\nx\n```\nand\n```text\n2\n```\n```sh\nls\n```\n"
    assert documents.blocks(text) == [documents.Block(3, "print(1)\n", "1\n"), documents.Block(10, "x\n", None)]
    assert documents.blocks("```python\nx\n```\n\n```text example\n3\n```\n") == [documents.Block(2, "x\n", None)]


def test_numbers_may_differ_a_little_and_words_not():
    assert documents.difference("cosine 0.75 of 24\n", "cosine 0.751 of 24  \n") == ""
    assert documents.difference("cosine 0.75", "cosine 0.80")
    assert documents.difference("cosine 0.75", "sine 0.75")
    assert documents.difference("a\nb", "a")


def test_a_block_that_fails_is_told(tmp_path, monkeypatch):
    (tmp_path / "failing.md").write_text("```python\nx = 1\n```\n```python\nprint(x)\nassert x == 2\n```\n")
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    with pytest.raises(AssertionError, match=r"failing.md:5\n1\n(.|\n)*assert x == 2"):
        documents.run(documents.Path("failing.md"), timeout=30)


def test_links_and_commands_that_lead_nowhere_are_found(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text("[project.optional-dependencies]\nllama = []\n")
    (tmp_path / "tox.ini").write_text("[testenv:{red,green}]\n[testenv:lint]\n")
    (tmp_path / "there.md").write_text("# A heading, with 2 words\n")
    (tmp_path / "links.md").write_text(
        "[a](there.md) [b](there.md#a-heading-with-2-words) [c](https://example.org/x) `[d](code.md)`\n"
        "[e](gone.md) [f](there.md#gone) [g](https://nowhere)\n"
        "tox -e red, tox -e blue, pip install -e .[llama], -e .[lama], python -m fixtures.gone, pytest katas/gone\n")
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    assert documents.broken_links(documents.Path("links.md")) == ["gone.md", "there.md#gone", "https://nowhere"]
    assert documents.wrong_commands(documents.Path("links.md")) == [
        "tox -e blue", "-e .[lama]", "python -m fixtures.gone", "katas/gone"]
