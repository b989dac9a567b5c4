"""The report on a data directory: one page that holds all it needs, for whoever decides on a release.

In go a raw tree and, where one was published before, its revision; out comes HTML. `tree` looks at the data once, the
modules beside it count what the sections say, and `show_*` make a section each.
"""
