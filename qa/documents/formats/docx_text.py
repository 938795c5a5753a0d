"""The runs of a Word paragraph -> its text, with the notes and the text boxes that it refers to."""

from collections.abc import Iterator

from lxml import etree

from qa.documents.formats.docx_package import R, W

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart"

# Deleted or moved away, instructions, properties, readings above characters, what is read apart.
_SKIPPED = {
    *(W + name for name in "del moveFrom delText instrText pPr rPr rt sdtPr sdtEndPr tbl".split()),
    *(_MATH + name for name in "ctrlPr rPr fPr radPr naryPr dPr".split()),
}
_CHARACTERS = {
    f"{W}tab": " ",
    f"{W}br": " ",
    f"{W}cr": " ",
    f"{W}ptab": " ",
    f"{W}noBreakHyphen": "-",
}
_REFERENCES = (f"{W}footnoteReference", f"{W}endnoteReference")

# The characters of the Symbol font from 0x20 to 0x7E and from 0xA0 to 0xFE; pieces of tall brackets
# and what is not used are spaces.
_SYMBOLS = {
    0x20: (
        " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_ "
        "αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
    ),
    0xA0: (
        "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑"
        "           〉∫            "
    ),
}
_SYMBOL_CHARACTERS = {
    first + place: character
    for first, characters in _SYMBOLS.items()
    for place, character in enumerate(characters)
}
# Fonts of symbols have their characters here, too, in the order of their codes.
_PRIVATE_CODES = range(0xF000, 0xF100)


class ParagraphText:
    """The text of paragraphs; the lists are what they refer to, in order."""

    def __init__(self) -> None:
        self.drawings: list[str] = []
        self.references: list[etree._Element] = []
        self.boxes: list[etree._Element] = []

    def read(self, element: etree._Element) -> str:
        """The text of a paragraph, or of a part of one."""
        return "".join(self._iter_text(element))

    def _iter_text(self, parent: etree._Element) -> Iterator[str]:
        for element in parent.iterchildren("*"):
            tag = str(element.tag)
            if tag in {f"{W}t", f"{_MATH}t"}:
                yield element.text or ""
            elif tag in _CHARACTERS:
                yield _CHARACTERS[tag]
            elif tag in _REFERENCES:
                self.references.append(element)
            elif tag == f"{W}txbxContent":
                self.boxes.append(element)
            elif tag not in _SKIPPED and not (tag == f"{W}r" and _is_hidden(element)):
                yield from self._iter_inner(element, tag)

    def _iter_inner(self, element: etree._Element, tag: str) -> Iterator[str]:
        if tag == f"{W}sym":
            yield _symbol(element)
        elif drawing := element.get(f"{R}dm") or (tag == _CHART and element.get(f"{R}id")):
            self.drawings.append(drawing)
        elif tag == f"{_COMPATIBILITY}AlternateContent":
            yield self._alternative(element)
        elif tag.startswith(_MATH):
            yield from self._iter_formula(element)
        else:
            yield from self._iter_text(element)

    def _alternative(self, element: etree._Element) -> str:
        """The text of the first of several versions that has any; Word writes text boxes twice."""
        for version in element.iterchildren("*"):
            before = len(self.boxes) + len(self.drawings)
            text = self.read(version)
            if text.strip() or len(self.boxes) + len(self.drawings) > before:
                return text
        return ""

    def _iter_formula(self, element: etree._Element) -> Iterator[str]:
        """A formula in one line: `A=πr2`, `(a+b)/2`, `√(x)`."""
        match str(element.tag).removeprefix(_MATH):
            case "f":
                yield "/".join(self._group(element.find(_MATH + part)) for part in ("num", "den"))
            case "rad":
                degree = self._group(element.find(_MATH + "deg"))
                yield f"{degree}√({self._group(element.find(_MATH + 'e')).strip('()')})"
            case "nary":
                yield _property(element, "naryPr", "chr", "∫")
                yield from self._iter_text(element)
            case "d":
                parts = [self.read(part) for part in element.iterchildren(_MATH + "e")]
                yield _property(element, "dPr", "begChr", "(")
                yield _property(element, "dPr", "sepChr", "|").join(parts)
                yield _property(element, "dPr", "endChr", ")")
            case "mr" | "eqArr":
                yield " ".join(self.read(part) for part in element.iterchildren(_MATH + "e")) + "; "
            case name:
                if element.tag not in _SKIPPED:
                    yield from self._iter_text(element)
                    yield " " if name in {"fName", "oMathPara"} else ""

    def _group(self, element: etree._Element | None) -> str:
        text = "" if element is None else self.read(element).strip()
        return text if text.isalnum() or not text else f"({text})"


def _property(element: etree._Element, group: str, name: str, default: str) -> str:
    child = element.find(f"{_MATH}{group}/{_MATH}{name}")
    return default if child is None else child.get(f"{_MATH}val", "")


def _symbol(element: etree._Element) -> str:
    """A character of a font, if it is one of Unicode or of the Symbol font."""
    try:
        code = int(element.get(f"{W}char", ""), 16)
    except ValueError:
        return ""
    if element.get(f"{W}font", "").lower() == "symbol":
        return _SYMBOL_CHARACTERS.get(code - 0xF000 if code in _PRIVATE_CODES else code, "")
    if element.get(f"{W}font", "").lower().startswith(("wingdings", "webdings")):
        return ""
    return chr(code) if 0x20 <= code < 0xD800 else ""


def _is_hidden(run: etree._Element) -> bool:
    hidden = run.find(f"{W}rPr/{W}vanish")
    return hidden is not None and hidden.get(f"{W}val") not in {"0", "false", "off"}
