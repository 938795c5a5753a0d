"""Web pages -> nothing that a browser does not show."""

import pytest

from tests.documents.formats.pages import PROSE, read_page


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="display:none">{}</p>',
        '<p style="color: red; Display : None !important">{}</p>',
        '<div style="visibility: hidden">{}</div>',
        "<p hidden>{}</p>",
        '<p aria-hidden="true">{}</p>',
        "<template><p>{}</p></template>",
        "<dialog>{}</dialog>",
        '<table><tr style="display:none"><td>{}</td><td>x</td></tr></table>',
    ],
)
@pytest.mark.parametrize("prose", ["The fee is 10 euros.", PROSE])
def test_what_browsers_do_not_show_is_left_out(hidden, prose):
    page = f"<h1>Fees</h1><article><p>{prose}</p>{hidden.format('The fee is 99 euros.')}</article>"

    assert "99" not in str(read_page(page)[1])


@pytest.mark.parametrize(
    ("sheet", "is_shown"),
    [
        (".x { display: none }", False),
        ("main p.x, .y { color: red; visibility: hidden !important }", False),
        ("@media screen { #fee { display: none } }", False),
        (".dark .x { display: none } /* .z { display: none } */ .z {}", False),
        # Another rule wins.
        (".x { display: none } p.x { display: block }", True),
        ("p.x { display: none } .x { display: block }", False),
        (".x { display: block !important } #fee { display: none }", True),
        # What is shown on some screens or when a person points at it is text.
        ("@media print { .x { display: none } }", True),
        ("@media (max-width: 40em) { .x { display: none } }", True),
        (".x { display: none } @media (min-width: 40em) { .x { display: block } }", True),
        (".x { display: none } main:hover .x { display: block }", True),
        (".x { display: none } :target { display: block }", True),
        # What is no rule hides nothing.
        (".x::before { display: none }", True),
        (".x:none-such { display: none } }} {", True),
        (".x { display: none", False),
        (f"{'a ' * 5000} {{ display: none }}", True),
    ],
)
def test_rules_of_the_page_hide_what_they_hide_in_a_browser(sheet, is_shown):
    page = (
        f'<html class="dark"><head><style>{sheet}</style></head><body><main><p>{PROSE}</p>'
        '<p class="x" id="fee">The fee is 99 euros.</p></main></body></html>'
    )

    assert ("99" in str(read_page(page)[1])) == is_shown


def test_a_sheet_for_printers_hides_nothing_and_a_style_attribute_wins():
    page = f"""<style media="print">.x {{ display: none }}</style>
        <style>.y {{ display: none }}</style><p class="x">{PROSE}</p>
        <p class="y" style="display: block">Another line.</p>"""

    assert [text for text, _ in read_page(page)[1]] == [PROSE.strip(), "Another line."]


def test_a_long_sheet_is_read_in_time():
    sheet = "".join(f".a{n} .b > .c:not(.d) {{ display: none }}" for n in range(20_000))
    page = f"<style>{sheet}</style>" + f"<p class='c'>{PROSE}</p>" * 2000

    assert len(read_page(page)[1]) == 2000


def test_a_page_that_waits_for_a_script_is_read():
    assert read_page(f'<body><div style="visibility:hidden"><p>{PROSE}</p></div></body>')[1] == [
        (PROSE.strip(), 0)
    ]
