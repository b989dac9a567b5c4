"""Fixtures that the tests of the report share."""

from tests.describe.test_preview_browser import browser  # noqa: F401 - the fixture
