"""What one participant costs: CPU time of each stage, measured as it is spent. No clock: times are arguments."""

from __future__ import annotations

from collections import defaultdict

VIDEO_HZ = 30.0
"Frames that a participant sends, and that are decoded, whatever the rate of the looks."
EVERY_MS = 1000.0
"The means are renewed this often."
WEIGHT = 0.2
"Of the newest second in the means: they follow within about 5 s."
FEW = 5
"Fewer jobs than this within a second say nothing about what one costs."

# What counts until something was measured. Four participants with 480p30 and Opus on a 2-core virtual machine, both
# cores kept busy by other programs, showed 0.58, 2.8, 35, 1.8 and 59; a sixth is taken off for the other programs.
DECODE_MS, FACE_MS = 0.5, 2.4
"One VP8 frame of 640×480; one look at a face."
VOICE_MS_PER_S, EMOTION_MS_PER_S = 30.0, 1.5
"Of one participant: 50 packets of 20 ms; ten windows."
LOOP_MS_PER_S = 50.0
"Of one participant: all that is not one of the stages, mostly the event loop (SRTP, RTP, SCTP, messages)."


class Costs:
    """Running means of CPU time."""

    def __init__(self) -> None:
        self.decode_ms = DECODE_MS
        "Of one frame."
        self.face_ms = FACE_MS
        "Of one look."
        self.voice_ms_per_s = VOICE_MS_PER_S
        "Of one analysed participant."
        self.emotion_ms_per_s = EMOTION_MS_PER_S
        "Of one analysed participant."
        self.loop_ms_per_s = LOOP_MS_PER_S
        "Of one participant: what the process used beside the stages."
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._jobs: defaultdict[str, int] = defaultdict(int)
        self._since: tuple[float, float] | None = None  # time and process CPU time, ms

    def add(self, stage: str, jobs: int, cpu_ms: float) -> None:
        """Jobs of a stage took `cpu_ms` of their threads, all together."""
        self._spent[stage] += cpu_ms
        self._jobs[stage] += jobs

    def tick(self, now_ms: float, process_cpu_ms: float, connected: int, analysed: int) -> None:
        """Renew the means, once a second; `process_cpu_ms` is what the process has used so far."""
        if self._since is None:
            self._since = (now_ms, process_cpu_ms)
            return
        passed, used = now_ms - self._since[0], process_cpu_ms - self._since[1]
        if passed < EVERY_MS:
            return
        self._since = (now_ms, process_cpu_ms)
        spent, jobs = self._spent, self._jobs
        self._spent, self._jobs = defaultdict(float), defaultdict(int)
        if jobs["decode"] >= FEW:
            self.decode_ms = _mean(self.decode_ms, spent["decode"] / jobs["decode"])
        if jobs["face"] >= FEW:
            self.face_ms = _mean(self.face_ms, spent["face"] / jobs["face"])
        if analysed == 0 or analysed * 2 < connected:
            return  # who only listens costs less: the loop's share would be too small
        seconds = passed / 1000
        if jobs["voice"] >= FEW:
            self.voice_ms_per_s = _mean(self.voice_ms_per_s, spent["voice"] / seconds / analysed)
        if jobs["emotion"] >= FEW:
            self.emotion_ms_per_s = _mean(self.emotion_ms_per_s, spent["emotion"] / seconds / analysed)
        rest = max(0.0, used - sum(spent.values()))
        self.loop_ms_per_s = _mean(self.loop_ms_per_s, rest / seconds / max(1, connected))

    def participant_ms(self, face_hz: float) -> float:
        """CPU time that one participant takes in a second, ms, with so many looks a second."""
        stages = VIDEO_HZ * self.decode_ms + face_hz * self.face_ms + self.voice_ms_per_s + self.emotion_ms_per_s
        return stages + self.loop_ms_per_s


def _mean(before: float, newest: float) -> float:
    return before + WEIGHT * (newest - before)
