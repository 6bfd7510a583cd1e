"""The schema files are those of the structs."""

from __future__ import annotations

import json

import jsonschema

from hoovik_rtc.wire.schemas import FOLDER, render


def test_the_files_are_up_to_date() -> None:
    on_disk = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert on_disk == render(), "run `make schemas`"


def test_each_is_a_valid_schema() -> None:
    for text in render().values():
        jsonschema.Draft202012Validator.check_schema(json.loads(text))
