"""The READMEs show the syllabus: every kata, linked where it is here, marked where it is planned, with its minutes."""

import pytest

from fixtures.plugin.syllabus import KATAS, ROOT, all_katas, ready_katas


@pytest.mark.parametrize("kata", all_katas(), ids=lambda kata: kata.name)
def test_the_map_shows_the_kata(kata):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith(f"| {kata.lesson.replace('_', '.')} "))
    if kata.planned:
        assert kata.name in row.partition("planned: ")[2].strip("| ★").replace("★", "").split(", ")
    else:
        assert f"[{kata.name}](katas/{kata.folder}/README.md)" in row


@pytest.mark.parametrize("kata", all_katas(), ids=lambda kata: kata.name)
def test_the_lessons_table_shows_the_kata(kata):
    text = (KATAS / kata.lesson / "README.md").read_text(encoding="utf-8")
    row = next((line for line in text.splitlines() if line.startswith(f"| {kata.position} ")), "")
    cells = [cell.strip() for cell in row.split("|")]
    assert kata.name in cells[2], f"katas/{kata.lesson}/README.md: row {kata.position} is to be {kata.name}"
    assert cells[3] == str(kata.minutes), f"{kata.name} has {kata.minutes} minutes in katas/syllabus.toml"
    assert (f"({kata.position:02d}_{kata.name}/README.md)" in row) == (not kata.planned)
    assert ("planned" in row) == kata.planned


@pytest.mark.parametrize("kata", ready_katas(), ids=lambda kata: kata.name)
def test_the_katas_own_readme_tells_its_minutes(kata):
    text = (KATAS / kata.folder / "README.md").read_text(encoding="utf-8")
    assert f"{kata.minutes} minutes" in text, f"katas/{kata.folder}/README.md: {kata.minutes} minutes"
