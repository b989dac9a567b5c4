"""Generating the pictures of a sheet: what a backend is asked, the backends, and the walk over the sheet.

A backend makes candidates for rows and keeps the best; the walk finds the rows that have no file, hands them out to an
engine, and sees to it that files and sheet agree whatever happens. Torch is loaded by the process that draws alone.
"""
