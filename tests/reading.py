"""What the process has loaded from which builds fork others: it is started once for all tests.

Otherwise each process of each build would load it anew, most of the time that a small one takes.
"""

from qa.documents import cache
from qa.documents.formats import html, markdown, plain, rows
from qa.documents.versions import code_version
from qa.index import passage_cache

__all__ = ["cache", "html", "markdown", "passage_cache", "plain", "rows"]
code_version()
