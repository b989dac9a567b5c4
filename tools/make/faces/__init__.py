"""Faces in pictures: where they are, the square that is cut out, and the walk over a tree that does so."""
