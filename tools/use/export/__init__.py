"""Exports of a config in the formats that other programs read: a module a format, and what they share.

`source` gives names, labels and pictures of the rows, `place` builds beside the target and puts the result there at
once, `run` brings a format and both together.
"""
