import importlib
import types

import pytest

PACKAGES = ["hoovik_inference.face", "hoovik_inference.voice", "hoovik_inference.emotion", "hoovik_inference.training"]


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_offers_exactly_what_it_names(name: str) -> None:
    package = importlib.import_module(name)
    offered = {key for key, value in vars(package).items() if not key.startswith("_")}
    modules = {key for key in offered if isinstance(getattr(package, key), types.ModuleType)}
    assert offered - modules == set(package.__all__)
    assert len(package.__all__) == len(set(package.__all__))
