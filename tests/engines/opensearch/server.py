"""A real OpenSearch on this machine for tests: nodes that are processes, started and stopped.

    python -m tests.engines.opensearch.server --nodes 3

fetches what it needs once, by Maven, starts the nodes, prints their addresses as QA_INDEX takes
them, and stops them on Ctrl+C.
"""

import argparse
import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.processes import reserve_port

POM = Path(__file__).with_name("pom.xml")
LIBRARY = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "verbatim" / "opensearch"
MAIN = "org.codelibs.opensearch.runner.OpenSearchRunner"
# The runner takes no others.
PORTS = range(9201, 9300)
# For tests a node is to start soon and take little; any other is as OpenSearch starts itself.
# Checking the bytecode of the jars is a quarter of its start.
_SMALL = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+UnlockDiagnosticVMOptions"]
_SMALL += ["-XX:-BytecodeVerificationRemote"]
_USUAL = ["-XX:+UseG1GC", "-XX:G1ReservePercent=25", "-XX:InitiatingHeapOccupancyPercent=30"]
# Seconds for a node to come up on a busy machine.
PATIENCE = 180


class CannotStartError(Exception):
    """There is no OpenSearch to be had here; the message says why."""


def library():
    """The folder of the server's jars, fetched if need be."""
    fetch_jars(POM, LIBRARY)
    return LIBRARY


def fetch_jars(pom, folder):
    """Have in *folder* what *pom* names; whether it was not there before."""
    for program in ("java", "mvn"):
        if not shutil.which(program):
            raise CannotStartError(f"there is no {program}; install a JRE 17 and Maven")
    whole = folder / ".whole"
    if whole.exists() and whole.read_text() == pom.read_text():
        return False
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
    options = [f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
    result = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=600, check=False
    )
    if result.returncode:
        raise CannotStartError(f"Maven could not fetch it: {result.stdout[-400:]}")
    whole.write_text(pom.read_text())
    return True


class Node:
    """One node, a process of its own; *more* are what Server takes beside its own."""

    def __init__(self, folder, transport, port, seeds, heap, more):
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.config = folder / "config"
        # What ask needs to be let in.
        self.access = None
        self._folder = folder
        self._heap = heap
        self._more = more
        self.config.mkdir(parents=True)
        (self.config / "opensearch.yml").write_text(
            f"network.host: 127.0.0.1\ntransport.port: {transport}\n"
            f"discovery.seed_hosts: {json.dumps(seeds)}\n"
            f"cluster.initial_cluster_manager_nodes: {json.dumps(seeds)}\n"
            "cluster.routing.allocation.disk.threshold_enabled: false\n"
            # Copies are made anew at once when a node is gone, not after a minute.
            "cluster.fault_detection.leader_check.timeout: 3s\n"
            f"cluster.fault_detection.follower_check.timeout: 3s\n{more['settings']}"
        )
        self.process = None

    def start(self):
        """Start it; it is up some seconds later."""
        command = ["java", f"-Xms{self._heap}m", f"-Xmx{self._heap}m"]
        command += _SMALL if self._heap <= 512 else _USUAL
        command += ["-cp", ":".join([f"{LIBRARY}/*", *self._more["classpath"]]), MAIN]
        command += ["-basePath", str(self._folder), "-confPath", str(self.config)]
        command += ["-numOfNode", "1", *self._more["arguments"]]
        # Its own count of nodes is added to the port.
        command += ["-clusterName", self._folder.parent.name, "-baseHttpPort", str(self.port - 1)]
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def stop(self, number=signal.SIGTERM):
        """Stop it, or kill it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self):
        """End it as a power cut does."""
        self.stop(signal.SIGKILL)

    def log(self):
        """The end of what it said."""
        return (self._folder / "log").read_text(errors="replace")[-2000:]


class Server:
    """A cluster of nodes, which may have more settings, jars and arguments than are usual."""

    def __init__(self, nodes=1, heap=512, settings="", classpath=(), arguments=()):
        library()
        more = {"settings": settings, "classpath": classpath, "arguments": arguments}
        self._folder = Path(tempfile.mkdtemp(prefix="verbatim-opensearch-"))
        self._ports = contextlib.ExitStack()
        transports, ports = self._reserve([0] * nodes, nodes), self._reserve(PORTS, nodes)
        seeds = [f"127.0.0.1:{port}" for port in transports]
        self.nodes = [
            Node(self._folder / str(n), transports[n], ports[n], seeds, heap, more)
            for n in range(nodes)
        ]

    @property
    def url(self):
        """The addresses of all nodes, as QA_INDEX takes them."""
        scheme = self.nodes[0].url.partition("://")[0] + "://"
        return scheme + ",".join(node.url.removeprefix(scheme) for node in self.nodes)

    def start(self):
        """Start all nodes and wait until they are one cluster."""
        for node in self.nodes:
            node.start()
        self.wait(len(self.nodes))

    def wait(self, count):
        """Wait until *count* nodes are one cluster with all copies in place."""
        until = time.monotonic() + PATIENCE
        path = f"/_cluster/health?wait_for_nodes={count}&wait_for_status=green&timeout=5s"
        while time.monotonic() < until:
            for node in self.nodes:
                if node.process is None or node.process.poll() is not None:
                    continue
                with contextlib.suppress(OSError, ValueError):
                    health = ask(node.url + path, access=node.access)
                    if not health["timed_out"] and health["number_of_nodes"] == count:
                        return
            if all(node.process.poll() is not None for node in self.nodes):
                break
            time.sleep(0.3)
        raise CannotStartError(f"it did not come up: {self.nodes[0].log()}")

    def mend(self):
        """Start the nodes again that were killed."""
        for node in self.nodes:
            if node.process.poll() is not None:
                node.start()
        self.wait(len(self.nodes))

    def stop(self):
        """Stop all nodes and forget what they held."""
        for node in self.nodes:
            node.kill()
        self._ports.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _reserve(self, choice, count):
        """The first *count* free ports of a *choice*, for this server alone; any one for 0."""
        ports = []
        for port in choice:
            with contextlib.suppress(OSError):
                ports.append(self._ports.enter_context(reserve_port(port)))
            if len(ports) == count:
                return ports
        raise CannotStartError("there are no free ports")


def ask(url, method="GET", access=None, body=None):
    """The JSON at *url*; *access* is a TLS context, a user and a password."""
    request, context = urllib.request.Request(url, method=method), None
    if body:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if access:
        context, user, password = access
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {secret}")
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        # It holds the connection, which would be missed as unclosed in some later test.
        error.close()
        raise


def main():
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--heap", type=int, default=512, help="megabytes for each node")
    options = parser.parse_args()
    server = Server(options.nodes, options.heap)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    try:
        server.start()
        print(f"{server.url}/verbatim", *(node.process.pid for node in server.nodes), flush=True)
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()


if __name__ == "__main__":
    main()
