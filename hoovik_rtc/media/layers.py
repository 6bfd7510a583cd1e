"""What VP8 frames build on, as far as their sender says: which losses do no harm to what follows."""

from __future__ import annotations

from collections.abc import Callable

from hoovik_rtc.media.descriptor import Descriptor

ALL = 3
"The highest temporal layer there can be."


class Layers:
    """Follows the frames of one track.

    Args:
        count: called with the name of each drop.
    """

    def __init__(self, count: Callable[[str], None]) -> None:
        self._count = count
        self._last: Descriptor | None = None
        self._clean = ALL  # above this layer something is missing, until a frame there builds on the base alone

    def take(self, frame: Descriptor, keyframe: bool) -> bool:
        """The next frame in order; whether all is there that it builds on."""
        self._last = frame
        if keyframe:
            self._clean = ALL
        elif frame.layer is not None and frame.layer > self._clean:
            if not frame.synced:
                self._count("video_layer_frames_skipped")
                return False
            self._clean = frame.layer
        return True

    def skip_to(self, frame: Descriptor, begun: Descriptor | None) -> bool:
        """Whether `frame` can follow the last one although what was between them is lost; it is to follow then.

        Args:
            frame: behind the hole.
            begun: the frame that the last packet before it belongs to, where there is such a packet.
        """
        last = self._last
        if last is None:
            return False
        if begun is not None and begun.discardable and begun.follows(last) and frame.follows(begun):
            return True  # one frame is incomplete, and nothing refers to it
        if frame.layer is None or frame.base is None or last.base is None or last.layer is None:
            return False
        if frame.layer == 0 and frame.base == (last.base + 1) & 0xFF:
            self._clean = 0  # base frames build on base frames, and none of those is lost
            return True
        if frame.synced and frame.base == last.base:
            self._clean = 0
            return True
        return False
