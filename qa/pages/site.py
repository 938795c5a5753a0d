"""What all pages share: how dates and addresses are shown, what the footer says, refusals."""

from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from flask import Blueprint

from qa.api import InvalidRequestError, searcher
from qa.errors import GenerationError
from qa.manifests import Manifest

blueprint = Blueprint("site", __name__)


@blueprint.app_template_filter()
def day(when: date) -> str:
    """A date as people write it."""
    return f"{when.day} {when:%B %Y}"


def today() -> date:
    """The day on which this request is answered, the same for readers everywhere."""
    return datetime.now(UTC).date()


@blueprint.app_template_test()
def web_address(url: str | None) -> bool:
    """Whether *url* is safe to link to: a document may claim any address as its own."""
    try:
        return bool(url) and urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return False


@blueprint.app_context_processor
def index_facts() -> dict[str, Manifest | None]:
    """What the footer of every page says of the index; an error page may have none."""
    try:
        return {"live": searcher().manifest}
    except GenerationError:
        return {"live": None}


def refused(parameter: str, detail: str) -> InvalidRequestError:
    """The error for a *parameter* of an address that cannot be used."""
    return InvalidRequestError([{"field": parameter, "detail": detail}])
