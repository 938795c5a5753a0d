"""The page about the service: what the index holds, how answers are made, how good they are."""

from flask import Blueprint, render_template

from qa.pages.facts import facts
from qa.pages.quality import fitted, kept

blueprint = Blueprint("about", __name__)


@blueprint.get("/about")
def show() -> str:
    """Tell what the live generation holds and how answers come about."""
    return render_template("about.html", facts=facts(), fitted=fitted(), kept=kept())
