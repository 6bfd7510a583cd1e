"""What a participant allowed, and what a deployment's purpose allows at all."""

from __future__ import annotations

from dataclasses import dataclass

from hoovik_rtc.config import BotConfig


@dataclass(frozen=True, slots=True)
class Consent:
    """What one participant agreed to. The default is nothing."""

    avatar: bool = False
    "Face geometry and voice may move an avatar."
    emotion: bool = False
    "Face and voice may be read for emotion."
    transcript: bool = False
    "Speech may be written down (no engine of ours does so yet)."

    @property
    def any(self) -> bool:
        """Whether anything at all may be decoded."""
        return self.avatar or self.emotion


NOTHING = Consent()


def emotion_permitted(bot: BotConfig) -> bool:
    """Whether this deployment may infer emotions at all.

    The EU AI Act, Art. 5(1)(f), forbids it at work and in education unless for medical or safety reasons.
    """
    return bot.permits_emotion


def granted(asked: Consent, bot: BotConfig) -> Consent:
    """The part of what a participant agreed to that this deployment may use."""
    return Consent(avatar=asked.avatar, emotion=asked.emotion and emotion_permitted(bot), transcript=False)
