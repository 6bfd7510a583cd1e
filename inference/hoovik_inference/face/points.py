"""Which of the 478 landmarks the blendshapes are read from, and which lie opposite to each other."""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import Floats

MIDDLE: tuple[int, ...] = (0, 1, 2, 4, 5, 6, 8, 9, 10, 13, 14, 17, 18, 151, 152, 168, 195, 197, 200)
"Points on the middle line."

PAIRS: tuple[tuple[int, int], ...] = (
    (7, 249), (21, 251), (33, 263), (36, 266), (37, 267), (39, 269), (40, 270), (46, 276), (47, 277), (48, 278),
    (50, 280), (52, 282), (53, 283), (54, 284), (55, 285), (58, 288), (61, 291), (63, 293), (64, 294), (65, 295),
    (66, 296), (67, 297), (69, 299), (70, 300), (78, 308), (80, 310), (81, 311), (82, 312), (84, 314), (87, 317),
    (88, 318), (91, 321), (93, 323), (95, 324), (98, 327), (100, 329), (101, 330), (103, 332), (104, 333), (105, 334),
    (107, 336), (108, 337), (109, 338), (116, 345), (117, 346), (118, 347), (119, 348), (121, 350), (122, 351),
    (123, 352), (126, 355), (127, 356), (128, 357), (129, 358), (132, 361), (133, 362), (136, 365), (144, 373),
    (145, 374), (146, 375), (147, 376), (148, 377), (149, 378), (150, 379), (153, 380), (154, 381), (155, 382),
    (157, 384), (158, 385), (159, 386), (160, 387), (161, 388), (162, 389), (163, 390), (172, 397), (173, 398),
    (176, 400), (178, 402), (181, 405), (185, 409), (187, 411), (191, 415), (192, 416), (193, 417), (198, 420),
    (203, 423), (205, 425), (206, 426), (207, 427), (209, 429), (212, 432), (213, 433), (214, 434), (216, 436),
    (217, 437), (234, 454), (246, 466), (468, 473), (469, 476), (470, 475), (471, 474), (472, 477),
)  # fmt: skip
"""Points beside it, the participant's right and left: mirror images in MediaPipe's canonical face model (Apache-2.0).

With MIDDLE these are the 146 that MediaPipe's blendshape network reads (`face_blendshapes_graph.cc`, Apache-2.0), which
has none on the cheeks and the sides of the nose, and 77 there."""

POINTS = np.array([*MIDDLE, *(right for right, _ in PAIRS), *(left for _, left in PAIRS)])
"(223,) indices: the middle, then the right half, then the left one in the same order."

_OPPOSITE = np.concatenate([
    np.arange(len(MIDDLE)),
    np.arange(len(PAIRS)) + len(MIDDLE) + len(PAIRS),
    np.arange(len(PAIRS)) + len(MIDDLE),
])  # fmt: skip


def mirrored(points: Floats) -> Floats:
    """(..., 223, 3) points in the neutral face's frame as those of the mirrored face."""
    out: Floats = points.take(_OPPOSITE, axis=-2) * np.array((-1, 1, 1), np.float32)
    return out
