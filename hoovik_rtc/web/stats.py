"""`GET /stats`: what the service does and did, for people; renewed every two seconds by a few lines of script.

The page is written here, whole, at each request: without scripts it reloads itself. No names, no rooms, no results.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from aiohttp import web

from hoovik_inference.types import LIGHT
from hoovik_rtc.counters import GROUPS, MODALITIES, STAGES
from hoovik_rtc.telemetry import MESSAGES, RECENT_S, Figures
from hoovik_rtc.web.history import EVERY_S, HISTORY, Sample
from hoovik_rtc.web.keys import BOT
from hoovik_rtc.web.plot import Line, plot, spread

_STYLE = (Path(__file__).parent / "stats.css").read_text(encoding="utf-8")
_SCRIPT = (Path(__file__).parent / "stats.js").read_text(encoding="utf-8")
_COLUMNS = ("n", "p50", "p90", "p95", "min", "mean", "max")
DEEP = 3
"Faces waiting, from which senders are told to send less."
MIN_SLOTS = 24
"Plots reach at least this many samples back, two minutes, and grow with what there is."


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; connect-src 'self'; "
        "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


async def page(request: web.Request) -> web.Response:
    """`GET /stats`."""
    history = request.app[HISTORY]
    bot = request.app[BOT]
    stats = bot.stats()
    text = render(stats, list(history.samples), history.lately(stats["counters"]), bot.config.limits.load)
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=_HEADERS)


def render(stats: dict[str, Any], samples: Sequence[Sample], lately: dict[str, float], busy: float) -> str:
    """The page.

    Args:
        stats: as `Bot.stats` has them.
        samples: of the last minutes, oldest first.
        lately: how far each counter went in the last minute.
        busy: load from which newcomers are refused.
    """
    parts = (
        _tiles(stats, samples, lately, busy),
        _plots(samples, busy),
        _latency(stats),
        _stages(stats),
        *_counters(stats, lately),
    )
    body = "\n".join(parts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<title>hoovik_rtc – statistics</title>
<link rel="icon" href="data:,">
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1>hoovik_rtc <span>statistics</span></h1>
<p id="renewed" role="status">Just now</p>
<button id="pause" type="button" aria-pressed="false" hidden>Pause</button>
<nav aria-label="The same for programs"><a href="stats/json">JSON</a> <a href="metrics">Prometheus</a></nav>
</header>
<main>
{body}
</main>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _tiles(stats: dict[str, Any], samples: Sequence[Sample], lately: dict[str, float], busy: float) -> str:
    load, cpu = stats["load"], samples[-1].cpu if samples else None
    rate_hz, gave_way = stats["face_rate_hz"], lately.get("video_frames_passed_over", 0)
    each = "each participant, at most" + (f"; {gave_way:g} gave way in a minute" if gave_way else "")
    tiles: list[tuple[str, str, str, bool]] = [
        ("State", "ready" if stats["ready"] else "not ready", f"up {_duration(stats['uptime_s'])}", not stats["ready"]),
        ("Participants", str(stats["participants"]), f"{stats['consented']} analysed", False),
        ("Rooms", str(stats["rooms"]), "", False),
        ("Load", f"{load:.0%}", f"newcomers refused from {busy:.0%}", load >= busy),
        ("Queue", f"{stats['queue_depth']:g}", "faces that wait, mean of 1 s", stats["queue_depth"] >= DEEP),
        ("CPU", "–" if cpu is None else f"{cpu:.2f}", f"of {stats['cores']:g} cores", False),
        ("Faces measured", f"{rate_hz:g} Hz", each, rate_hz < 30 or gave_way > 0),
        ("Sound filled in", _share(stats["counters"]), "of what was heard", False),
        ("Emotion model", stats["model"] or "–", "", False),
        _voices(stats["voice"]),
    ]
    cells = "".join(
        f'<div class="tile{" warn" if warn else ""}"><dt>{escape(name)}</dt>'
        f"<dd><strong>{escape(value)}</strong>{_small(note)}</dd></div>"
        for name, value, note, warn in tiles
    )
    return f'<section aria-label="Now"><dl class="tiles">{cells}</dl></section>'


_WHY = {
    "behind": "is too slow here",
    "missing": "cannot be loaded here",
    "failed": "failed",
}
"Why another engine than the chosen one reads voices."


def _voices(voice: dict[str, Any] | None) -> tuple[str, str, str, bool]:
    """The tile of the engine that reads voices."""
    if voice is None:
        return ("Voices read by", "–", "", False)
    if voice["reason"]:
        return ("Voices read by", voice["serving"], f"{voice['chosen']} {_WHY[voice['reason']]}", True)
    load = f"takes {voice['load']:.0%} of the time it has" if voice["chosen"] != LIGHT else ""
    return ("Voices read by", voice["serving"], load, False)


def _plots(samples: Sequence[Sample], busy: float) -> str:
    slots = max(MIN_SLOTS, len(samples))
    span = f"{slots * EVERY_S / 60:.0f} min"

    def figures(which: str, key: str) -> list[float | None]:
        return [None if (one := getattr(sample, which)) is None else one[key] for sample in samples]

    def draw(title: str, lines: list[Line], unit: str, top: float, limit: float = 0) -> str:
        return plot(title, lines, unit, slots=slots, top=top, span=span, limit=limit)

    drawn = (
        draw("Picture → avatar", [Line(p, figures("avatar", p)) for p in ("p50", "p95")], " ms", 20),
        draw("Sound → voice", [Line(p, figures("voice", p)) for p in ("p50", "p95")], " ms", 20),
        draw("Load", [Line("", [sample.load * 100 for sample in samples])], " %", 100, busy * 100),
        draw("Queue", [Line("", [sample.queue_depth for sample in samples])], "", 5, DEEP),
        draw("Event loop late", [Line("p95", figures("late", "p95"))], " ms", 20),
        draw("CPU", [Line("", [sample.cpu for sample in samples])], " cores", 1),
        draw("Faces measured", [Line("", [sample.face_rate_hz for sample in samples])], " Hz", 30),
        draw("Participants", [Line("", [float(sample.participants) for sample in samples])], "", 4),
    )
    return f'<section><h2>The last {span}</h2><div class="plots">{"".join(drawn)}</div></section>'


def _latency(stats: dict[str, Any]) -> str:
    rows = [
        (f"{message}, {modality}", stats["modalities"].get(modality, {}).get(message), sentence)
        for message in MESSAGES
        for modality, sentence in MODALITIES.items()
    ]
    return _table("Latency by modality", "Capture, by the sender's clock → message handed to the channel, in ms", rows)


def _stages(stats: dict[str, Any]) -> str:
    names = [*STAGES, *(name for name in stats["stages"] if name not in STAGES)]
    rows = [(escape(name), stats["stages"].get(name), STAGES.get(name, "")) for name in names]
    return _table("Stages", "How long each takes, in ms", rows)


def _table(title: str, caption: str, rows: Iterable[tuple[str, Figures | None, str]]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    body = "".join(
        f'<tr><th scope="row">{name}{_small(sentence)}</th>{_cells(figures)}</tr>' for name, figures, sentence in rows
    )
    return (
        f'<section><h2>{title}</h2><div class="scroll" role="region" tabindex="0" aria-label="{title}"><table>'
        f"<caption>{caption}; the last {RECENT_S:.0f} s.</caption>"
        f'<thead><tr><th scope="col">Name</th><th scope="col" class="drawn">0.1 … 1000 ms</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _cells(figures: Figures | None) -> str:
    if figures is None:
        return '<td class="drawn"></td>' + '<td class="idle">–</td>' * len(_COLUMNS)
    numbers = "".join(
        f"<td>{figures[key]:,.0f}</td>" if key == "n" else f"<td>{figures[key]:.{1 if figures[key] < 100 else 0}f}</td>"
        for key in _COLUMNS
    )
    return f'<td class="drawn">{spread(figures)}</td>{numbers}'


def _counters(stats: dict[str, Any], lately: dict[str, float]) -> Iterable[str]:
    counters: dict[str, float] = stats["counters"]
    described = {name for group in GROUPS.values() for name in group}
    others = {name: "" for name in counters if name not in described}
    for title, group in {**GROUPS, **({"Others": others} if others else {})}.items():
        seen = {name: sentence for name, sentence in group.items() if counters.get(name)}
        rest = {name: sentence for name, sentence in group.items() if name not in seen}
        table = _counter_table(title, seen, counters, lately) if seen else "<p>None so far.</p>"
        unseen = "".join(f"<dt>{name}</dt><dd>{escape(sentence)}</dd>" for name, sentence in rest.items())
        more = (
            f'<details id="{title.split()[0].lower()}"><summary>{len(rest)} that stand at 0</summary>'
            f"<dl>{unseen}</dl></details>"
        )
        yield f"<section><h2>{title}</h2>{table}{more if rest else ''}</section>"


def _counter_table(title: str, group: dict[str, str], counters: dict[str, float], lately: dict[str, float]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}{_small(sentence)}</th>'
        f'<td class="{"moving" if lately.get(name) else "still"}">{lately.get(name, 0):,.0f}</td>'
        f"<td>{counters[name]:,.0f}</td></tr>"
        for name, sentence in group.items()
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{title}"><table class="counters"><thead><tr>'
        '<th scope="col">Name</th><th scope="col">last minute</th><th scope="col">since the start</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _small(text: str) -> str:
    return f"<small>{escape(text)}</small>" if text else ""


def _share(counters: dict[str, float]) -> str:
    """Lost sound that was filled in, as a share of all sound."""
    filled = counters.get("audio_samples_concealed", 0.0)
    heard = counters.get("audio_samples_decoded", 0.0) + counters.get("audio_samples_recovered", 0.0)
    return f"{filled / (filled + heard):.1%}" if filled + heard else "–"


def _duration(seconds: float) -> str:
    hours, minutes = int(seconds // 3600), int(seconds // 60) % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{seconds:.0f} s"
