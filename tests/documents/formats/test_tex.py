"""LaTeX -> headings, paragraphs, items and rows; formulas as text; macros of the document."""

from itertools import pairwise

import pytest

from qa.documents.formats.tex import read_tex

HARBOUR = r"""
\documentclass[a4paper]{article}
\usepackage{graphicx}
\newcommand{\town}{Lindholm\xspace}
\newcommand{\ship}[2]{#1 (crew of #2)}
\title{The harbour}
\author{Anna Vell\thanks{The council} \and Bo Lund}
\date{2021-05-04}
\begin{document}
\maketitle
It was \emph{built} in 1874~\cite{brandt}, in \town by Karl\footnote{Or Carl.} Brandt. % comment
\section*{Ships}\label{ships}
\begin{itemize}
\item \ship{Ferry}{3}
\item[Tug] caf\'e, $x^2 \leq \alpha$, 50\% --- ``so''
\end{itemize}
\begin{table}[h]
\caption{Crews}
\begin{tabular}{l|r}
Ship & Crew \\ \hline
Ferry & \\
Tug & \textbf{4} \\
\end{tabular}
\end{table}
\begin{verbatim}
a_b \ship % kept
\end{verbatim}
\includegraphics[width=3cm]{pier.png}
\end{document}
Not this.
"""


def texts(source):
    return [" ".join(block.text.split()) for block in read_tex(source.encode()).blocks]


def test_the_text_is_read_without_its_markup():
    assert [(" ".join(b.text.split()), b.level) for b in read_tex(HARBOUR.encode()).blocks] == [
        ("It was built in 1874, in Lindholm by Karl Brandt.", 0),
        ("Ships", 2),
        ("Ferry (crew of 3)", 0),
        ("Tug café, x^2 ≤α, 50% — “so”", 0),
        ("Crews", 0),
        ("Ship: Ferry; Crew:", 0),
        ("Ship: Tug; Crew: 4", 0),
        ("a_b \\ship % kept", 0),
        ("The council", 0),
        ("Or Carl.", 0),
    ]


def test_title_author_and_date_are_metadata():
    raw_document = read_tex(HARBOUR.encode())

    assert raw_document.metadata == {
        "title": "The harbour",
        "author": "Anna Vell, Bo Lund",
        "date": "2021-05-04",
    }
    assert raw_document.omissions == ("a picture",)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Open { brace", "Open brace"),
        ("Close } brace", "brace"),
        (r"\begin{unknown} Inside", "Inside"),
        (r"\unknown{seen}", "seen"),
        (r"$open formula", "open formula"),
        (r"\href{http://x.org}", "http"),
        (r"\section{", ""),
    ],
)
def test_what_is_wrong_or_unknown_loses_no_text(source, expected):
    assert expected in " ".join(texts(f"Before. {source}"))
    assert texts(f"Before. {source}")[0].startswith("Before.")


@pytest.mark.parametrize(
    "source",
    [
        r"\newcommand{\a}{\b}\newcommand{\b}{\a} Text \a.",
        r"\def\a{\a\a} Text \a.",
        r"\newcommand{\a}[1]{\a{#1#1}} Text \a{x}.",
        r"\newcommand{\a}{\b\b}\newcommand{\b}{\c\c}\newcommand{\c}{\a\a} \a Text",
        r"\input{/etc/passwd} Text",
    ],
)
def test_loops_of_macros_end_and_no_file_is_read(source):
    assert "Text" in " ".join(texts(source))
    assert "root:" not in " ".join(texts(source))


def test_macros_that_grow_end():
    letters = "abcdefghij"
    macros = "".join(
        rf"\newcommand{{\{a}}}{{{chr(92) + b + ' '}{chr(92) + b + ' '}}}"
        for a, b in pairwise(letters)
    )

    assert len(" ".join(texts(rf"{macros}\newcommand{{\j}}{{{'long ' * 3000}}} Text \a"))) < 10**8


def test_authors_with_addresses_are_read_above_the_text():
    source = r"\author{Ann Bell \\ Quay 3, Vesa \\ \texttt{ann@example.org}} The gate is open."

    assert texts(source) == ["Ann Bell Quay 3, Vesa ann@example.org", "The gate is open."]


@pytest.mark.parametrize(
    "macro",
    "texttt textsf textmd textup textrm textsc textsl textit textbf emph underline mbox fbox "
    "keywords uppercase centerline code email address abstract unheard-of".split(),
)
def test_the_text_in_a_macro_is_read(macro):
    (text,) = texts(rf"The \{macro}{{ferry}} is late.")

    assert "ferry" in text.lower()
