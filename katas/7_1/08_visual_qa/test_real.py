"""Your functions on real llama.cpp: the shipped model, a pulled one, a GPU."""

from pathlib import Path

import numpy as np
import pytest
from visual_qa import ask, ask_each, evaluate, look, open_image

from fixtures.checking import call
from fixtures.katas.visual_qa.made import list_of, text_of
from fixtures.katas.visual_qa.odd_files import REFUSED, write

LEARNT = ("color", "shape", "size", "count_all", "count_shape", "count_color", "exists", "absent", "where", "outermost",
          "bigger", "describe")


@pytest.fixture(scope="module")
def shipped():
    from fixtures.katas.visual_qa.llama_engine import LlamaEngine

    engine = LlamaEngine.shipped()
    yield engine
    engine.close()


@pytest.mark.llama
def test_five_questions_are_one_run_of_the_encoder(shipped, monkeypatch):
    """llama.cpp's encoder is counted where it is called; each answer is that of a new prompt with the same picture."""
    from llama_cpp import mtmd_cpp as mtmd

    from fixtures.katas.visual_qa.pictures import scene_with
    from fixtures.katas.visual_qa.whole_prompt import whole_prompt_logits

    runs, encode = [], mtmd.mtmd_encode_chunk
    image = scene_with(("red", "circle"), ("blue", "square"))
    questions = ("what color is the circle?", "where is the red circle?", "is there a green cross?",
                 "how many shapes are there?", "what color is the circle?")
    first = [int(whole_prompt_logits(shipped, [image], question).argmax()) for question in questions]
    monkeypatch.setattr(mtmd, "mtmd_encode_chunk", lambda *given: runs.append(1) or encode(*given))
    kept, tokens = call(look, shipped, [image]).value
    assert tokens == [64], f"of 96 x 96 pixels in patches of 12 these tokens were made: {tokens}"
    answers = [call(text_of(ask), shipped, kept, question).value.strip() for question in questions]
    assert len(runs) == 1, f"the encoder ran {len(runs)} times"
    assert answers == ["red", "top left", "no", "two", "red"], f"the answers are {answers}"
    begins = [shipped.piece(token).decode().strip() for token in first]
    assert [answer.split()[0] for answer in answers] == begins, f"whole prompts begin their answers with {begins}"


@pytest.mark.llama
def test_several_pictures_stand_in_their_order(shipped):
    """Your cache is that of llama.cpp's own prompt with two markers; its logits are 25 wide."""
    from fixtures.katas.visual_qa.pictures import scene_with
    from fixtures.katas.visual_qa.whole_prompt import whole_prompt_logits

    images = [scene_with(("red", "circle")), scene_with(("blue", "square"), ("green", "cross"))]
    for order in ([0, 1], [1, 0]):
        wanted = whole_prompt_logits(shipped, [images[i] for i in order], "how many shapes are there?")
        kept = call(look, shipped, [images[i] for i in order]).value.kept
        next(call(ask, shipped, kept, "how many shapes are there?").value)  # stopped behind the question
        far = float(np.abs(shipped.logits() - wanted).max())
        assert far < 0.05, f"pictures {order}: the logits differ by {far:.3f}"  # measured 0; the other order 5


@pytest.mark.llama
@pytest.mark.timeout(120)
def test_the_shipped_model_is_scored_and_a_folder_answered(shipped, tmp_path):
    """60 fresh scenes by kind: 97 % and more, with the wrong picture a third; then each odd file, and pictures."""
    from fixtures.katas.visual_qa.pictures import asked_about_scenes, scene_with

    images, asked = asked_about_scenes(7108, 60, LEARNT)
    runs = shipped.encoder_runs
    scores = call(evaluate, shipped, images, asked).value
    assert shipped.encoder_runs - runs == 60, f"the encoder ran {shipped.encoder_runs - runs} times for 60 pictures"
    own, control = scores["all"]
    assert own.low > 0.93 and control.high < 0.5, f"right {own}, with another picture {control}"
    assert set(scores) == {*LEARNT, "all"} and own.asked == len(asked), f"kinds and questions: {list(scores)}, {own}"

    from PIL import Image

    files = []
    for i, name in enumerate(REFUSED):
        files += [tmp_path / f"{i}.png", write(tmp_path, name)]
        Image.fromarray(scene_with(("orange" if i % 2 else "blue", "triangle"))).save(files[-2])
    rows = call(list_of(ask_each), shipped, files, "What colour is the triangle").value
    wanted = [color for i in range(len(REFUSED)) for color in ("orange" if i % 2 else "blue", None)]
    assert [row.answer for row in rows] == wanted, f"the answers are {[row.answer for row in rows]}"
    assert all(row.answer or Path(row.file).name in row.error for row in rows), "errors name their files"


@pytest.mark.model("SmolVLM-256M-Instruct")
@pytest.mark.timeout(600)
def test_a_pulled_model_answers_by_the_same_code(tmp_path):
    """A real model, on the CPU: it is asked anything, slices the picture, and its answer streams."""
    from PIL import Image

    from fixtures.katas.visual_qa.pictures import scene_with
    from fixtures.katas.visual_qa.viewer import open_engine

    engine = open_engine("SmolVLM-256M-Instruct")
    Image.fromarray(scene_with(("red", "circle"))).resize((384, 384)).save(tmp_path / "a.png")
    kept = call(look, engine, [call(open_image, tmp_path / "a.png").value]).value.kept
    runs = engine.encoder_runs
    pieces = call(list_of(ask), engine, kept, "What color is the circle? Answer in one word.").value
    assert "red" in "".join(pieces).lower() and len(pieces) >= 1, f"it said {pieces}"
    again = call(text_of(ask), engine, kept, "What color is the circle? Answer in one word.").value
    assert again == "".join(pieces) and engine.encoder_runs == runs, f"asked again it says {again!r}"
    engine.close()


@pytest.mark.llama
@pytest.mark.gpu
@pytest.mark.parametrize("gpu_layers", [1, 2, -1])
def test_a_gpu_answers_the_same(shipped, gpu_layers):
    """Layers of the text model on the GPU, and the encoder; the questions are those that a rounding does not turn."""
    from fixtures.katas.visual_qa.llama_engine import LlamaEngine
    from fixtures.katas.visual_qa.pictures import asked_about_scenes

    engine = LlamaEngine.shipped(gpu_layers=gpu_layers)
    images, asked = asked_about_scenes(7109, 20, ("color", "shape", "size", "count_all", "describe"))
    there, here = (call(evaluate, one, images, asked).value["all"].own for one in (engine, shipped))
    engine.close()
    assert abs(there.right - here.right) <= 1, f"{gpu_layers} layers on the GPU: {there}, on the CPU {here}"
