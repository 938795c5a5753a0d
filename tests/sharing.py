"""What all apps of a test process share: each test makes its own app, always of the same code."""

from functools import cache

import flask
import jinja2
from werkzeug.routing import Rule

from qa.web import static_files


class TemplateCache(jinja2.BytecodeCache):
    """Templates that some app has compiled."""

    def __init__(self):
        self._codes = {}

    def load_bytecode(self, bucket):
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket):
        self._codes[bucket.key, bucket.checksum] = bucket.code


def share_among_apps():
    """Compile templates and rules of addresses, and pack static files, for the first app only."""
    flask.Flask.jinja_options = {"bytecode_cache": TemplateCache()}
    read_files = static_files.static_files
    read_once = cache(lambda _folder: read_files())
    static_files.static_files = lambda: read_once(static_files.STATIC)
    compile_builder, builders = Rule._compile_builder, {}

    def compile_once(rule, append_unknown=True):
        # A builder is a function of the rule, and depends on nothing but the parts of its address.
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        key = (rule.rule, *rule._trace, append_unknown)
        if key not in builders:
            builders[key] = compile_builder(rule, append_unknown)
        return builders[key]

    Rule._compile_builder = compile_once
