"""The HTML report: one file that needs nothing else, no network and no server.

The page is data (the JSON report and the drawing of each network), a style sheet, a few small scripts and three
libraries that are kept in ``vendor/`` as they were published (`vendor/README.md` says which, and their licences).
"""

from checker.render.html.page import render

__all__ = ["render"]
