"""Files that repeat one mark: reads the one asked for, within twenty seconds of processor time.

A process of its own runs this, which loads nothing but what reads.
"""

import resource
import sys

from qa.documents.reader import FileContent, read_content
from qa.settings import Settings

# Each was looked at again for each of the others: marks that are never closed in one paragraph or
# line, tables in tables, cells that cover many, siblings in selectors, what is in all that is deep.
REPEATED = {
    "a.rst": ("Harbour.\n\n", "*a "),
    "b.rst": ("Harbour.\n\n", "|a|b|\n|-|-|\n"),
    "a.adoc": ("Harbour.\n\n", "[["),
    "a.org": ("Harbour.\n\n", "[2020-01-01 "),
    "a.html": ("<p>Harbour.", "<table>"),
    "b.html": ("<p>Harbour.<table>", "<tr><td rowspan=9999 colspan=999>a"),
    "c.html": ("<style>p:nth-last-child(2n) ~ p p{display:none}</style>", "<p>Harbour."),
    "d.html": (
        f"<style>{'div div p:contains(x){display:none}' * 500}</style>{'<div>' * 1000}",
        "<p>Harbour.",
    ),
}

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    name = sys.argv[1]
    beginning, mark = REPEATED[name]
    text = beginning + mark * (400_000 // len(mark))
    print(len(read_content(FileContent(text.encode(), {}), name, Settings(max_file_mb=1))))
