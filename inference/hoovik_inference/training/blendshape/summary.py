"""What a training found, for its card and its curves."""

from __future__ import annotations

from dataclasses import dataclass

from hoovik_inference.training.blendshape.figures import Figures
from hoovik_inference.training.blendshape.fit import Recipe
from hoovik_inference.training.blendshape.proof import Followed, Proof


@dataclass(frozen=True, slots=True)
class Summary:
    """What the training found, all of it on people that the head which was asked had not seen."""

    rows: dict[str, int]
    "How many of each kind."
    recipe: Recipe
    "What decided the result."
    held: Figures
    "All people of the clips, each by the head that was trained without them; pictures as they are."
    people: dict[str, Figures]
    "Each of them."
    rough: Figures
    "As `held`, of the same pictures made rough."
    base: Figures
    "The same people, by a head that saw no clip at all."
    shifted: Figures
    "Ceiling: the teacher against itself, its picture shifted by one pixel."
    network: Figures
    "The teacher's own network on our mesh's landmarks: how far the two meshes disagree."
    curve: dict[int, Figures]
    "People in no clip that were trained on → figures on the people of the clips."
    proof: tuple[Proof, ...]
    "Channels whose truth a warp knows, on warped pictures of the people of the clips."
    followed: tuple[Followed, ...]
    "How far our mesh goes along with what a warp moves, on the people of the clips."
    losses: dict[str, list[float]]
    "Of each stage and epoch."
