"""The private parts of gunicorn and prometheus_client that we build on are as they were.

Both are pinned exactly.  Where a test here fails with a new version: compare the place that its
message names, in that version, with what we make of it; then write down here what is there now.
"""

import ast
import functools
import importlib.util
import inspect
import textwrap
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from gunicorn import http
from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import PollableMethodQueue
from prometheus_client.mmap_dict import MmapedDict

from qa.server.connections import Connection
from qa.server.responses import BufferedResponse
from qa.server.service import Master, gunicorn_options
from qa.server.worker import Worker
from qa.settings import Settings
from tests.conftest import ROOT
from tests.test_imports import PACKAGE

MODULES = [
    *(f"qa.server.{path.stem}" for path in sorted((PACKAGE / "server").glob("[a-z]*.py"))),
    "qa.web.middleware.metrics",
]
# Beside these, prometheus_client is used as it is documented.
LIBRARIES = ("gunicorn", "prometheus_client.mmap_dict")
# What variables and attributes hold in our code, by their names; those of attributes have a dot.
HOLDERS = {
    "arbiter": Master,
    "_arbiter": Master,
    "worker": Worker,
    "conn": Connection,
    ".parser": RequestParser,
    ".unreader": Unreader,
    ".app": BaseApplication,
    ".cfg": Config,
    ".log": Logger,
    ".method_queue": PollableMethodQueue,
    "response": BufferedResponse,
    "totals": MmapedDict,
    "MmapedDict": MmapedDict,
}
# What we override, call or read -> its signature, or None where it is set on each object.
BORROWED = {
    "gunicorn.app.base.BaseApplication.__init__": "(self, usage=None, prog=None)",
    "gunicorn.app.base.BaseApplication.cfg": None,
    "gunicorn.app.base.BaseApplication.load": "(self)",
    "gunicorn.app.base.BaseApplication.load_config": "(self)",
    "gunicorn.app.base.BaseApplication.run": "(self)",
    "gunicorn.app.base.BaseApplication.wsgi": "(self)",
    "gunicorn.arbiter.Arbiter.LISTENERS": None,
    "gunicorn.arbiter.Arbiter.app": None,
    "gunicorn.arbiter.Arbiter.murder_workers": "(self)",
    "gunicorn.config.Config.set": "(self, name, value)",
    "gunicorn.glogging.Logger.access": "(self, resp, req, environ, request_time)",
    "gunicorn.glogging.Logger.error": "(self, msg, *args, **kwargs)",
    "gunicorn.glogging.Logger.exception": "(self, msg, *args, **kwargs)",
    "gunicorn.glogging.Logger.info": "(self, msg, *args, **kwargs)",
    "gunicorn.glogging.Logger.setup": "(self, cfg)",
    "gunicorn.http.parser.Parser.unreader": None,
    "gunicorn.http.unreader.Unreader.take_buffered": "(self)",
    "gunicorn.http.unreader.Unreader.unread": "(self, data)",
    "gunicorn.http.wsgi.Response._omits_body": None,
    "gunicorn.http.wsgi.Response.chunked": None,
    "gunicorn.http.wsgi.Response.close": "(self)",
    "gunicorn.http.wsgi.Response.force_close": "(self)",
    "gunicorn.http.wsgi.Response.headers": None,
    "gunicorn.http.wsgi.Response.headers_sent": None,
    "gunicorn.http.wsgi.Response.is_chunked": "(self)",
    "gunicorn.http.wsgi.Response.process_headers": "(self, headers)",
    "gunicorn.http.wsgi.Response.req": None,
    "gunicorn.http.wsgi.Response.response_length": None,
    "gunicorn.http.wsgi.Response.send_headers": "(self)",
    "gunicorn.http.wsgi.Response.should_close": "(self)",
    "gunicorn.http.wsgi.Response.sock": None,
    "gunicorn.http.wsgi.Response.start_response": "(self, status, headers, exc_info=None)",
    "gunicorn.http.wsgi.Response.status": None,
    "gunicorn.http.wsgi.Response.version": None,
    "gunicorn.http.wsgi.Response.write": "(self, arg)",
    "gunicorn.workers.base.Worker.cfg": None,
    "gunicorn.workers.base.Worker.handle_error": "(self, req, client, addr, exc)",
    "gunicorn.workers.base.Worker.log": None,
    "gunicorn.workers.base.Worker.max_requests": None,
    "gunicorn.workers.base.Worker.notify": "(self)",
    "gunicorn.workers.base.Worker.pid": None,
    "gunicorn.workers.base.Worker.wsgi": None,
    "gunicorn.workers.gthread.PollableMethodQueue.defer": "(self, callback, *args)",
    "gunicorn.workers.gthread.TConn.__init__": "(self, cfg, sock, client, server)",
    "gunicorn.workers.gthread.TConn.cfg": None,
    "gunicorn.workers.gthread.TConn.client": None,
    "gunicorn.workers.gthread.TConn.close": "(self, graceful=False)",
    "gunicorn.workers.gthread.TConn.init": "(self)",
    "gunicorn.workers.gthread.TConn.initialized": None,
    "gunicorn.workers.gthread.TConn.parser": None,
    "gunicorn.workers.gthread.TConn.server": None,
    "gunicorn.workers.gthread.TConn.sock": None,
    "gunicorn.workers.gthread.TConn.timeout": None,
    "gunicorn.workers.gthread.ThreadWorker.__init__": "(self, *args, **kwargs)",
    "gunicorn.workers.gthread.ThreadWorker._accepting": None,
    "gunicorn.workers.gthread.ThreadWorker._cap_keepalive": "(self, deadline)",
    "gunicorn.workers.gthread.ThreadWorker.accept": "(self, listener)",
    "gunicorn.workers.gthread.ThreadWorker.alive": None,
    "gunicorn.workers.gthread.ThreadWorker.enqueue_req": "(self, conn)",
    "gunicorn.workers.gthread.ThreadWorker.get_thread_pool": "(self)",
    "gunicorn.workers.gthread.ThreadWorker.handle": "(self, conn)",
    "gunicorn.workers.gthread.ThreadWorker.handle_exit": "(self, sig, frame)",
    "gunicorn.workers.gthread.ThreadWorker.handle_request": "(self, req, conn)",
    "gunicorn.workers.gthread.ThreadWorker.keepalived_conns": None,
    "gunicorn.workers.gthread.ThreadWorker.max_keepalived": None,
    "gunicorn.workers.gthread.ThreadWorker.method_queue": None,
    "gunicorn.workers.gthread.ThreadWorker.murder_keepalived": "(self, force=False)",
    "gunicorn.workers.gthread.ThreadWorker.murder_pending": "(self)",
    "gunicorn.workers.gthread.ThreadWorker.nr": None,
    "gunicorn.workers.gthread.ThreadWorker.nr_conns": None,
    "gunicorn.workers.gthread.ThreadWorker.on_client_socket_readable": "(self, conn, client)",
    "gunicorn.workers.gthread.ThreadWorker.pending_conns": None,
    "gunicorn.workers.gthread.ThreadWorker.poller": None,
    "gunicorn.workers.gthread.ThreadWorker.run": "(self)",
    "gunicorn.workers.gthread.ThreadWorker.set_accept_enabled": "(self, enabled)",
    "gunicorn.workers.gthread.ThreadWorker.tpool": None,
    "gunicorn.workers.gthread.ThreadWorker.wait_for_and_dispatch_events": "(self, timeout)",
    "gunicorn.workers.gthread.ThreadWorker.worker_connections": None,
    "prometheus_client.mmap_dict.MmapedDict.close": "(self)",
    "prometheus_client.mmap_dict.MmapedDict.read_all_values_from_file": "(filename)",
    "prometheus_client.mmap_dict.MmapedDict.read_value": "(self, key)",
    "prometheus_client.mmap_dict.MmapedDict.write_value": "(self, key, value, timestamp)",
}


def source_of(module):
    # Not imported: gunicorn's configuration makes the folder of metrics, for all tests that follow.
    return ast.parse(Path(importlib.util.find_spec(module).origin).read_text())


def is_theirs(cls):
    return cls.__module__.startswith(LIBRARIES)


def classes_of(module):
    """The classes of a module of ours that are built on one of theirs, with their source."""
    for node in source_of(module).body:
        if isinstance(node, ast.ClassDef):
            cls = getattr(importlib.import_module(module), node.name)
            if any(map(is_theirs, cls.__mro__)):
                yield cls, node


@functools.cache
def sets(cls):
    """The attributes that a class sets on its objects."""
    nodes = ast.walk(ast.parse(textwrap.dedent(inspect.getsource(cls))))
    return {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and getattr(node.value, "id", "") == "self"
    } | set(vars(cls).get("__annotations__", ()))


def has(cls, name):
    return name in vars(cls) or name in sets(cls)


def owner_of(cls, name):
    """The class of theirs that has *name* for *cls*; None where it is ours, or nobody's."""
    ours = [ancestor for ancestor in cls.__mro__ if ancestor.__module__.startswith("qa.")]
    theirs = [ancestor for ancestor in cls.__mro__ if is_theirs(ancestor)]
    for ancestor in theirs:
        if has(ancestor, name):
            return ancestor
    assert any(has(ancestor, name) for ancestor in ours) or not theirs, (
        f"{name} is nowhere in {[c.__name__ for c in theirs]} any more: look for what took"
        f" its place, and change {ours or 'the code that uses it'}"
    )
    return None


def is_super(node):
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "super"


def names_used(tree, cls=None):
    """The classes of theirs and the names of what code reads, calls or sets of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            holder = getattr(node.value, "id", f".{getattr(node.value, 'attr', '')}")
            of = cls if cls and (holder == "self" or is_super(node.value)) else HOLDERS.get(holder)
            if of is not None and not (of is Config and node.attr in Config().settings):
                yield owner_of(of, node.attr), node.attr


def borrowed_names():
    """All of theirs that our modules override, read, call or set."""
    names = set()
    for module in MODULES:
        names |= set(names_used(source_of(module)))
        for cls, node in classes_of(module):
            names |= {(owner_of(cls, name), name) for name in vars(cls)}
            names |= set(names_used(node, cls))
    return {
        f"{owner.__module__}.{owner.__qualname__}.{name}"
        for owner, name in names
        if owner and not (name.startswith("__") and name != "__init__")
    }


def signature_of(name):
    """The signature of what *name* names; None where it is no function of its class."""
    module, cls, attribute = name.rsplit(".", 2)
    function = vars(getattr(importlib.import_module(module), cls)).get(attribute)
    function = getattr(function, "__func__", function)
    return str(inspect.signature(function)) if inspect.isfunction(function) else None


def overrides():
    """What our classes have in place of something of theirs: ours, and the class of theirs."""
    for module in MODULES:
        for cls, _ in classes_of(module):
            for name, ours in vars(cls).items():
                owner = owner_of(cls, name) if inspect.isfunction(ours) else None
                if owner and name != "__init__":
                    yield pytest.param(ours, owner, id=f"{cls.__name__}.{name}")


def test_all_that_we_borrow_is_written_down_here():
    assert borrowed_names() == set(BORROWED)


@pytest.mark.parametrize("name", list(BORROWED))
def test_what_we_borrow_is_as_it_was(name):
    assert signature_of(name) == BORROWED[name], (
        f"{name} is called in another way than before: read its code, and what qa/server or"
        f" qa/web/middleware/metrics.py makes of {name.rpartition('.')[2]}"
    )


@pytest.mark.parametrize(("ours", "theirs"), list(overrides()))
def test_what_we_put_in_place_of_it_is_called_in_the_same_way(ours, theirs):
    their_parameters = inspect.signature(vars(theirs)[ours.__name__]).parameters.values()
    our_parameters = inspect.signature(ours).parameters.values()

    assert [p.default for p in our_parameters] == [p.default for p in their_parameters], (
        f"{theirs.__qualname__}.{ours.__name__} takes {[p.name for p in their_parameters]} now: so"
        f" must {ours.__qualname__} in {ours.__module__}"
    )


def test_parsers_are_made_as_before():
    signature = str(inspect.signature(http.get_parser))

    assert signature == "(cfg, source, source_addr, http2_connection=False)", (
        "gunicorn.http.get_parser changed: see Connection.hand_over in qa/server/connections.py"
    )


def test_responses_are_made_as_before():
    signature = str(inspect.signature(wsgi.create))

    assert signature == (
        "(req, sock, client, server, cfg, response_class=None, response_args=())"
    ), "gunicorn.http.wsgi.create changed: see handle_request in qa/server/answering.py"


def test_environments_begin_as_before():
    assert str(inspect.signature(wsgi.base_environ)) == "(cfg)", (
        "gunicorn.http.wsgi.base_environ changed: see EnvironBuilder in qa/server/plain_requests.py"
    )


def test_all_settings_that_we_give_gunicorn_are_known_to_it():
    unknown = set(gunicorn_options(Settings())) - set(Config().settings)

    assert not unknown, (
        "look for what took their place in gunicorn.config; see qa.server.service.gunicorn_options"
    )


@pytest.mark.parametrize("library", ["gunicorn", "prometheus-client"])
def test_what_we_borrow_from_is_pinned_and_is_the_version_in_use(library):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert f"{library}=={version(library)}" in project["dependencies"], (
        f"pin the version of {library} for which the tests in this file pass"
    )
