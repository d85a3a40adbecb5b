"""What goes silently wrong with real recordings, recognisers and listeners."""

import numpy as np
import pytest
from whisper_pipeline import cascade, condition_row, question, quietest, windows

from fixtures.checking import call
from fixtures.katas.peak_memory import measured
from fixtures.katas.whisper_pipeline.forms import Run
from fixtures.katas.whisper_pipeline.made import World, noise, plain, run_in, seconds, sure
from fixtures.katas.whisper_pipeline.reference import word_error_rate


def test_a_part_of_less_than_a_tenth_of_a_second_is_cut_in_its_middle():
    call(quietest, noise(2), 1000, 2598).gives(1799)
    call(quietest, noise(2), 1000, 2597).satisfies(lambda place: isinstance(place, (int, np.integer)), "an index")


def test_each_whole_block_of_the_part_counts():
    """Of 1700 samples there are ten blocks; of 32,000 the last ten may be the quietest."""
    call(quietest, noise(2), 1000, 2700).gives(1800)
    call(quietest, noise(3, [(1.9, 2.0, 0.02)]), 0, 32_000).gives(31_200)


def test_windows_of_5_s_bridge_half_a_second():
    """Without being told. 0.2 s are enough, and 2.01 s are 32,160 samples, where int(2.01 * 16000) is one less."""
    call(windows, noise(3), seconds((0, 2.01)), 2.01).gives(seconds((0, 2.01)))
    call(windows, noise(3), seconds((0, 0.2)), 0.2).gives(seconds((0, 0.2)))
    call(windows, noise(20), seconds((0, 2), (2.5, 5), (8, 10), (10.6, 11), (14, 16.6), (16.8, 19.1))).gives(
        seconds((0, 5), (8, 10), (10.6, 11), (14, 16.6), (16.8, 19.1)))


def test_where_all_is_silent_the_first_place_is_taken():
    call(quietest, np.zeros(16_000, np.float32), 1600, 8000).gives(2400)


def test_a_loud_click_does_not_hide_what_lies_behind_it():
    """A running sum in float32 keeps the rounding of a full-scale click, more than a whole quiet room."""
    sound = noise(4, [(0.0, 1.0, 1.0), (1.0, 4.0, 2e-4), (3.0, 3.1, 1e-4)])
    call(quietest, sound, 0, 64_000).gives(48_800)


def test_ten_minutes_are_cut_without_a_copy_of_them():
    sound = np.full(600 * 16_000, 0.25, np.float32)
    found, peaks = measured(lambda: windows(sound, seconds((0, 600)), 30.0, 0.5))
    call(windows, sound[:16_000], seconds((0, 1)), 30.0).gives(seconds((0, 1)))
    assert len(found()) in range(20, 41), f"{len(found())} windows of at most 30 s for ten minutes"
    assert peaks[0] < 20, f"{peaks[0]:.0f} MB; 30 s are 2 MB, ten minutes 38, in float64 77"


@pytest.mark.parametrize(("text", "wanted"), [
    ("*sighs* well", "well"), ("♪ la la la ♪", None), ("♪ la", None), ("[ Silence ] (laughs)", None),
    ("stop [INAUDIBLE] now", "stop now"), ("¿Qué?", "¿Qué?"), ("你好", "你好"), ("7", "7"), ("- ", None)])
def test_markers_of_all_kinds_and_words_of_all_scripts(text, wanted):
    call(question, [sure(text)]).gives(wanted)


def test_a_probability_that_is_no_number_is_not_sure():
    call(question, [sure("where is it?", probability=float("nan"))]).gives(None)


def test_times_beyond_the_window_are_its_bounds():
    """whisper.cpp pads to 30 s, and tells -1007 s for models that it takes for distilled ones."""
    world = World({3: [sure("who?", -1007.26, 30.0), sure("me", 40.0, 50.0)]}, {"who? me": ["Ada"]})
    call(run_in(cascade), *world.parts).satisfies(
        lambda rows: rows[0][5] == [("who?", 3.0, 4.0), ("me", 4.0, 4.0)], "from 3 to 4 s, and from 4 to 4 s")


def test_windows_begin_between_seconds():
    world = World({0: [sure("who?")]}, {"who?": ["Ada"]})
    events = call(run_in(cascade), world.samples, [(8000, 14_000)], *world.parts[2:]).value
    assert [row[1:3] for row in events] == [(0.5, 0.875)] * 3, f"the window is 0.5 to 0.875 s: {events}"
    assert events[0][5] == [("who?", 0.75, 0.875)], f"said at 0.25 to 0.75 s of the window: {events[0]}"


def test_time_that_the_listener_takes_does_not_count():
    world = World({0: [sure("who?")]}, {"who?": ["Ada", " Byron", OSError("gone")]})
    spent = []
    for event in call(cascade, *world.parts).value:
        spent.append(event.seconds)
        world.now += 60
    assert spent == [0.5, 0.25, 0.25, 0.25], f"hearing, two pieces, an error; the listener takes 60 s each: {spent}"


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_recogniser_may_do_with_its_samples_what_it_likes(kind):
    world = World({0: [sure("who?")], 1: [sure("who?")]}, {"who?": ["Ada"]})
    recording, kinds = world.samples.astype(kind), []

    def transcribe(samples):
        kinds.append(samples.dtype)
        said = world.transcribe(samples)
        samples *= 0
        return said

    events = call(cascade, recording, [*world.spans, world.spans[0]], transcribe, world.generate, world.clock).value
    assert [event.text for event in events if event.kind == "heard"] == ["who?"] * 3, "the first window, twice"
    assert np.array_equal(recording, world.samples), "the recording was changed"
    assert set(kinds) == {np.dtype(np.float32)}, f"whisper.cpp takes float32, it was given {kinds}"


def test_ctrl_c_is_no_error_of_a_window():
    world = World({0: KeyboardInterrupt(), 1: [sure("who?")]}, {"who?": ["Ada"]})
    with pytest.raises(KeyboardInterrupt):  # what hears all at once is stopped in here as well
        next(iter(call(cascade, *world.parts).value))


def test_who_stops_listening_stops_the_generator():
    world = World({0: [sure("who?")], 1: [sure("who?")]}, {"who?": ["Ada", " Byron", " King"]})
    events = iter(call(cascade, *world.parts).value)
    assert [plain(next(events))[3] for _ in range(2)] == ["who?", "Ada"], "heard, and the first piece"
    events.close()
    assert world.log == ["hear 0", "ask who?", "say Ada"], f"nothing more is made: {world.log}"


@pytest.mark.parametrize(("function", "arguments", "naming"), [
    (windows, (noise(4), seconds((0, 1)), 0.0), "longest_s"),
    (windows, (noise(4), seconds((0, 1)), 0.19), "longest_s"),
    (windows, (noise(4), seconds((0, 1)), float("nan")), "longest_s"),
    (windows, (noise(4), seconds((0, 1)), float("inf")), "longest_s"),
    (windows, (noise(4), seconds((0, 1)), 5.0, -0.1), "pause_s"),
    (windows, (noise(4), seconds((0, 1)), 5.0, float("nan")), "pause_s"),
    (windows, (noise(4), seconds((0, 1)), 5.0, float("inf")), "pause_s"),
    (windows, (noise(4), seconds((2, 3), (0, 1))), "segments"),
    (windows, (noise(4), seconds((0, 2), (1, 3))), "segments"),
    (windows, (noise(4), seconds((2, 1))), "segments"),
    (windows, (noise(4), seconds((3, 5))), "segments"),
    (windows, (noise(4), [(-1, 5)]), "segments"),
    (condition_row, ("tiny", 1, [], word_error_rate), "runs"),
    (condition_row, ("tiny", 1, [Run("stop", "stop", 0.0, 1.0)], word_error_rate), "runs"),
    (condition_row, ("tiny", 1, [Run("stop", "stop", -1.0, 1.0)], word_error_rate), "runs")],
    ids=["no length", "too short", "length nan", "endless", "pause below 0", "pause nan", "endless pause", "backwards",
         "overlap", "turned round", "beyond", "before", "no runs", "no speech", "less than none"])
def test_what_is_refused(function, arguments, naming):
    call(function, *arguments).raises(ValueError, naming=naming)
