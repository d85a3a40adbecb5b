"""The idea: look at a picture once, ask about it often, each time from what the picture left in the cache."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from visual_qa import ask, ask_each, evaluate, look, open_image

from fixtures.checking import call
from fixtures.katas.visual_qa.engine import Answered, Asked, Scored, Seen
from fixtures.katas.visual_qa.made import SmallEngine, list_of, plain, seeing, text_of
from fixtures.katas.visual_qa.odd_files import on_its_side, saved, see_through, write
from fixtures.katas.visual_qa.reference import rate

RED, BLUE, GREEN, BLUE_WHITE = plain("red"), plain("blue"), plain("green"), plain("blue", "white")


# --- open_image: a file becomes pixels --------------------------------------------------------------------


def test_a_file_becomes_pixels(tmp_path):
    call(open_image, saved(tmp_path, "a.png", BLUE_WHITE)).gives(BLUE_WHITE)


def test_a_file_without_colours_is_read_as_well(tmp_path):
    """A scan of one bit a pixel."""
    Image.fromarray(plain("white", "black")).convert("1").save(tmp_path / "scan.png")
    call(open_image, tmp_path / "scan.png").gives(plain("white", "black"))


def test_a_file_is_seen_as_people_see_it(tmp_path):
    """White where the palette is transparent; upright, as the telephone noted."""
    call(open_image, see_through(tmp_path)).gives(plain("white", "blue"))
    call(open_image, on_its_side(tmp_path)).satisfies(
        lambda pixels: pixels.shape == (16, 32, 3) and np.allclose(pixels[:, [0, -1]], RED[:1] * [[[1], [0]]] +
                                                                   BLUE[:1] * [[[0], [1]]], atol=4),
        "red on the left, blue on the right")  # JPEG is off by 2, another turn by 170


# --- look: once -------------------------------------------------------------------------------------------


def test_the_pictures_stand_behind_the_beginning():
    """The README's example: <s> user: are two tokens, the pictures one and two."""
    engine = SmallEngine()
    call(look, engine, [RED, BLUE_WHITE]).gives(Seen(kept=5, image_tokens=[1, 2]))
    assert engine.seen() == ["red", "blue white"], f"the cache shows {engine.seen()}"


def test_the_order_of_the_pictures_is_kept():
    engine = SmallEngine()
    call(look, engine, [BLUE_WHITE, GREEN, RED]).gives(Seen(kept=6, image_tokens=[2, 1, 1]))
    assert engine.seen() == ["blue white", "green", "red"], f"the cache shows {engine.seen()}"


def test_the_pictures_before_are_gone():
    engine, _ = seeing(GREEN, GREEN, asked="how many pictures", said="two")
    call(look, engine, [BLUE_WHITE]).gives(Seen(kept=4, image_tokens=[2]))
    assert engine.seen() == ["blue white"], f"the cache shows {engine.seen()}"


# --- ask: often -------------------------------------------------------------------------------------------


def test_a_question_is_answered():
    call(text_of(ask), *seeing(RED), "which colors").gives(" red")
    call(text_of(ask), *seeing(RED, BLUE_WHITE), "which colors").gives(" red and blue and white")


def test_the_answer_comes_piece_by_piece():
    """The first piece is there when the question is decoded: two words, and what begins the answer."""
    engine, kept = seeing(RED, BLUE)
    pieces = call(ask, engine, kept, "which colors").value
    assert next(pieces) == " red" and engine.decoded == 3, f"{engine.decoded} tokens were decoded for the first piece"
    assert list(pieces) == [" and", " blue"], "the other pieces follow"


def test_an_answer_that_is_closed_ends():
    engine, kept = seeing(RED)
    pieces = call(ask, engine, kept, "count").value
    said = next(pieces) + next(pieces)
    pieces.close()
    assert said == " one two" and engine.decoded == 3, f"{engine.decoded} tokens were decoded for{said}"


def test_no_more_than_max_tokens_are_said():
    call(text_of(ask), *seeing(RED), "count", 3).gives(" one two three")
    call(text_of(ask), *seeing(RED), "count", 1).gives(" one")


def test_what_was_said_before_is_not_seen():
    """Somebody asked, and was answered: both lie behind the picture still."""
    call(text_of(ask), *seeing(RED, asked="how many pictures", said="one"), "which colors").gives(" red")


def test_five_questions_and_one_encoder_run():
    engine = SmallEngine()
    kept = call(look, engine, [BLUE_WHITE]).value.kept
    for question, answer in [("which colors", " blue and white"), ("how many pictures", " one"),
                             ("describe it", " A blue and white picture."), ("how many pictures", " one"),
                             ("which colors", " blue and white")]:
        call(text_of(ask), engine, kept, question).gives(answer)
    assert engine.runs == 1, f"the encoder ran {engine.runs} times"


def test_what_the_model_does_not_know_is_not_guessed():
    """Asked for the weather, the model would say "one". Its gate speaks instead, and nothing is computed."""
    engine, kept = seeing(RED, closed=True)
    call(text_of(ask), engine, kept, "will it rain").gives("I know colours alone.")
    assert engine.decoded == 0, f"{engine.decoded} tokens were decoded"
    call(text_of(ask), engine, kept, "which colors").gives(" red")


@given(st.lists(st.sampled_from(["which colors", "how many pictures", "describe it", "what"]), min_size=2, max_size=6))
def test_an_answer_does_not_depend_on_the_questions_before(questions):
    engine, kept = seeing(BLUE_WHITE, RED)
    answers = {"which colors": " blue and white and red", "how many pictures": " two",
               "describe it": " A blue and white and red picture.", "what": " one"}
    for question in questions:
        call(text_of(ask), engine, kept, question).gives(answers[question])


# --- ask_each: many files ---------------------------------------------------------------------------------


def test_each_file_is_asked_about_by_itself(tmp_path):
    """No spaces around. First piece: 2 s to encode, 0.25 s each for 6: <s> user: [red] which colors assistant:"""
    files = [saved(tmp_path, "a.png", RED), saved(tmp_path, "b.png", BLUE_WHITE), saved(tmp_path, "c.png", RED)]
    engine = SmallEngine()
    call(list_of(ask_each), engine, files, "which colors", engine.clock).gives([
        Answered(str(files[0]), "red", None, 3.5), Answered(str(files[1]), "blue and white", None, 3.75),
        Answered(str(files[2]), "red", None, 3.5)])


def test_a_broken_file_does_not_stop_the_rest(tmp_path):
    files = [saved(tmp_path, "a.png", RED), write(tmp_path, "truncated.png"), saved(tmp_path, "c.png", BLUE)]
    engine = SmallEngine()
    results = call(list_of(ask_each), engine, files, "which colors", engine.clock).value
    got = [(row.answer, row.first_piece_s, bool(row.error)) for row in results]
    assert got == [("red", 3.5, False), (None, None, True), ("blue", 3.5, False)], f"answer, seconds, error: {got}"
    assert [row.file for row in results] == list(map(str, files)), f"files: {[row.file for row in results]}"
    assert "truncated.png" in results[1].error, f"its error names no file: {results[1].error}"


# --- evaluate: how often it is right, and whether it looks --------------------------------------------------

FOUR = [RED, BLUE, GREEN, RED]


def test_the_score_stands_beside_a_control():
    """The README's example: colours 3 of 3 against 0 of 3; another picture is one picture as well, so 2 of 2 twice."""
    asked = [Asked(0, "color", "which colors", "red"), Asked(1, "color", "which colors", "blue"),
             Asked(2, "color", "which colors", "green"), Asked(0, "number", "how many pictures", "one"),
             Asked(3, "number", "how many pictures", "one")]
    call(evaluate, SmallEngine(), FOUR, asked).gives({
        "color": Scored(rate(3, 3), rate(0, 3)), "number": Scored(rate(2, 2), rate(2, 2)),
        "all": Scored(rate(5, 5), rate(2, 5))}, atol=1e-9)  # Wilson's interval of 3 of 3 is 44 to 100 %


def test_the_control_of_the_last_is_the_first():
    asked = [Asked(3, "color", "which colors", "red"), Asked(2, "color", "which colors", "green")]
    call(evaluate, SmallEngine(), FOUR, asked).gives({
        "color": Scored(rate(2, 2), rate(1, 2)), "all": Scored(rate(2, 2), rate(1, 2))}, atol=1e-9)


@pytest.mark.parametrize(("said", "wanted", "right"), [
    ("which colors", "blue", False), ("which colors", "blue and white", True),
    ("which colors", "white and blue", False), ("describe it", "a Blue and white picture", True),
    ("which colors", " Blue and white. ", True)])
def test_right_is_what_is_wanted_and_nothing_else(said, wanted, right):
    """It says "blue and white": blue is in it, and wrong. Capitals, and spaces and a dot around do not count."""
    call(evaluate, SmallEngine(), [BLUE_WHITE, RED], [Asked(0, "k", said, wanted)]).satisfies(
        lambda scores: scores["k"].own.right == right and scores["k"].control.right == 0,
        f"{wanted!r} is {'right' if right else 'wrong'}, and with the red picture wrong")


@given(st.integers(1, 12), st.data())
def test_intervals_are_wilsons(asked, data):
    """Some of the answers are wanted otherwise."""
    wrong = data.draw(st.integers(0, asked))
    questions = [Asked(1, "color", "which colors", "none" if i < wrong else "blue") for i in range(asked)]
    scored = Scored(rate(asked - wrong, asked), rate(0, asked))
    call(evaluate, SmallEngine(), FOUR[:3], questions).gives({"color": scored, "all": scored}, atol=1e-9)
