"""Pieces of markup to send, and what of a response would run or show them."""

import re

import lxml.etree
import lxml.html

MARKED = "zqx"  # stands in every piece of markup, to be looked for in answers
MARKUP = [
    f"<script>{MARKED}()</script>",
    f"<img src=x onerror={MARKED}()>",
    f"'\"><svg/onload={MARKED}()>",
    f"</title><script>{MARKED}</script>",
    f"javascript:{MARKED}()",
    f"{{{{{MARKED}}}}}{{% {MARKED} %}}",
    f"<!--{MARKED}-->",
    f"]]><{MARKED}/>",
    f"&lt;{MARKED}&gt;",
    f"<{MARKED} style=position:fixed>",
    f"x' onmouseover='{MARKED}",
    f'x" autofocus onfocus="{MARKED}',
]
_BUSY = 503


def markup_of(page):
    """What in a page could run or show what it was sent: tags, attributes that act, addresses."""
    return _active_parts(lxml.html.fromstring(page))


def _active_parts(root):
    for element in root.iter():
        if not isinstance(element.tag, str):
            yield str(element)
            continue
        yield element.tag
        for name, value in element.attrib.items():
            yield name
            if (
                name.startswith("on")
                or name == "style"
                or (
                    name in {"href", "src", "action"}
                    and value.strip().lower().startswith("javascript:")
                )
            ):
                yield value
        if element.tag in {"script", "style"}:
            yield element.text_content()


def assert_harmless(status, headers, body, request):
    """No failure, no header that was not ours, no markup that came back, whatever the *request*."""
    assert status < 500 or (status == _BUSY and "Retry-After" in headers), (status, request, body)
    for name, value in headers.items():
        assert not re.search(r"[\r\n\0]", name + value), (name, value, request)
        assert not (MARKED in value and "<" in value), (name, value, request)
    assert headers.get("X-Content-Type-Options") == "nosniff", (status, request)
    kind = headers.get("Content-Type", "").partition(";")[0]
    if not body or MARKED.encode() not in body:
        return
    text = body.decode()
    if kind == "text/html":
        acting = markup_of(text)
    elif kind.endswith("xml"):
        acting = _active_parts(lxml.etree.fromstring(body))
    else:
        assert kind, request
        assert "html" not in kind, (kind, request)
        acting = ()
    assert not [part for part in acting if MARKED in part], (request, text)
