"""Models that do not ship with the package: where they come from, how they get here whole, where they lie.

`index` says what there is, `source` where it is taken from (`HOOVIK_MODELS`), `store` where it lies here, `fetch` and
`pull` bring it, `shipped` describes what comes with the package, `command` is `hoovik-rtc models`.

Nothing is fetched unless somebody runs `hoovik-rtc models pull`, and nothing is told to anyone but the server asked.
"""

from __future__ import annotations

from hoovik_rtc.models.find import file_of, located

__all__ = ["file_of", "located"]
