"""The lines of evidence, one package each, and what they share.

``line.py`` says what a line is. ``ablations.py`` and ``scrubber.py`` hold causal scrubbing, which several lines use.
``drawing.py`` holds what the figures have in common.
"""
