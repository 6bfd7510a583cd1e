"""The VP8 payload descriptor (RFC 7741, 4.2): what a packet says of its frame's place among the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Read from the head of one RTP payload."""

    starts: bool
    "The packet begins a frame (S bit, partition 0)."
    discardable: bool
    "No other frame refers to this one (N bit)."
    picture_id: int | None
    "Number of the frame, 0…127 or 0…32767 as `picture_mask` says; None where the sender gives none."
    picture_mask: int
    "0x7F or 0x7FFF."
    base: int | None
    "Number (TL0PICIDX, 0…255) of the base-layer frame that this one is or builds on."
    layer: int | None
    "Temporal layer, 0 (base) to 3; None where there are none."
    synced: bool
    "Builds on the base layer alone (Y bit)."

    def follows(self, other: Descriptor) -> bool:
        """Whether this is the very next frame after `other`."""
        if self.picture_id is None or other.picture_id is None or self.picture_mask != other.picture_mask:
            return False
        return self.picture_id == (other.picture_id + 1) & self.picture_mask


def read(payload: bytes) -> Descriptor:
    """The descriptor of a payload; what is cut off counts as not given."""
    first = payload[0] if payload else 0
    picture_id = base = layer = None
    mask, synced = 0x7F, False
    if first & 0x80 and len(payload) > 1:
        flags, at = payload[1], 2
        rest = payload[:8] + bytes(8)  # what is cut off reads as zero; such packets do not get past depayloading
        if flags & 0x80:
            if rest[at] & 0x80:
                mask = 0x7FFF
                picture_id = (rest[at] & 0x7F) << 8 | rest[at + 1]
                at += 2
            else:
                picture_id = rest[at]
                at += 1
        if flags & 0x40:
            base = rest[at]
            at += 1
        if flags & 0x20:
            layer, synced = rest[at] >> 6, bool(rest[at] & 0x20)
    starts = bool(first & 0x10) and not first & 0x07
    return Descriptor(starts, bool(first & 0x20), picture_id, mask, base, layer, synced)
