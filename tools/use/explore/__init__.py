"""A page that shows the rows of a config as points, by valence and arousal, with their pictures."""
