"""The README's map shows the syllabus: every kata, linked where it is here, and marked where it is planned."""

import pytest

from fixtures.plugin.syllabus import ROOT, all_katas


@pytest.mark.parametrize("kata", all_katas(), ids=lambda kata: kata.name)
def test_the_map_shows_the_kata(kata):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith(f"| {kata.lesson.replace('_', '.')} "))
    if kata.planned:
        assert kata.name in row.partition("planned: ")[2].strip("| ★").replace("★", "").split(", ")
    else:
        assert f"[{kata.name}](katas/{kata.folder}/README.md)" in row
