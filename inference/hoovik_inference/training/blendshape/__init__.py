"""The head that reads blendshapes from landmarks, distilled from MediaPipe's model.

`train.train` is what `hoovik-rtc train blendshapes` runs. Only `fit`, `hold` and `train` need torch: processes that
look at pictures do without.
"""
