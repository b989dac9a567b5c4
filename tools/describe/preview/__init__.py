"""The preview: one HTML file that shows a card as the Hub does, with the first rows of each config.

In go a card and the shards, both untrusted; out comes a page that holds all it needs, runs nothing and fetches nothing.
"""
