"""How sound is cut, everywhere in this package."""

RATE = 16_000
"Samples a second."
HOP = 512
"Samples that are looked at together: 32 ms, what the voice activity detector takes."
