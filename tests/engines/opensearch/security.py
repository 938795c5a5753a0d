"""A real OpenSearch of one node with its security plugin: TLS, users, roles, on this machine.

Certificates are of an authority of our own; the plugin comes by Maven, as the server does.
"""

import contextlib
import shutil
import ssl
import subprocess
import zipfile
from pathlib import Path

import trustme
import yaml

from tests.engines.opensearch.server import LIBRARY, CannotStartError, Server, ask, fetch_jars

POM = Path(__file__).with_name("security.xml")
PLUGIN = LIBRARY.with_name("opensearch-security")
CLASS = "org.opensearch.security.OpenSearchSecurityPlugin"
SETTINGS = """
plugins.security.ssl.transport.pemcert_filepath: node.pem
plugins.security.ssl.transport.pemkey_filepath: node.key
plugins.security.ssl.transport.pemtrustedcas_filepath: authority.pem
plugins.security.ssl.transport.enforce_hostname_verification: false
plugins.security.ssl.http.enabled: true
plugins.security.ssl.http.pemcert_filepath: node.pem
plugins.security.ssl.http.pemkey_filepath: node.key
plugins.security.ssl.http.pemtrustedcas_filepath: authority.pem
plugins.security.allow_default_init_securityindex: true
plugins.security.nodes_dn: ["CN=node"]
"""


class SecuredServer(Server):
    """One node that lets in *users*, by name and password, each with the rights in *roles*.

    Both are as the plugin's own files have them, but for the passwords, which are plain.
    """

    def __init__(self, users, roles, heap=512):
        jars = plugin()
        super().__init__(
            nodes=1,
            heap=heap,
            settings=SETTINGS,
            classpath=[f"{jars}/*"],
            arguments=["-pluginTypes", CLASS],
        )
        config = self.nodes[0].config
        self.authority = config / "authority.pem"
        _certify(config)
        self.nodes[0].url = self.nodes[0].url.replace("http://127.0.0.1", "https://localhost")
        self.user = next(iter(users.items()))
        context = ssl.create_default_context(cafile=self.authority)
        self.nodes[0].access = (context, *self.user)
        _configure(config / "opensearch-security", jars, users, roles)

    @contextlib.contextmanager
    def another_password(self, password):
        """For that long the first user has another *password*."""
        self._change(self.user[1], password)
        try:
            yield
        finally:
            self._change(password, self.user[1])

    def _change(self, before, after):
        access = (self.nodes[0].access[0], self.user[0], before)
        body = {"current_password": before, "password": after}
        ask(f"{self.url}/_plugins/_security/api/account", "PUT", access, body)


def plugin():
    """The folder with the plugin's jars and its usual settings, fetched if need be."""
    jars = PLUGIN / "jars"
    if fetch_jars(POM, PLUGIN) or not jars.exists():
        present = {_artifact(jar) for jar in LIBRARY.glob("*.jar")}
        shutil.rmtree(jars, ignore_errors=True)
        for archive in PLUGIN.glob("*.zip"):
            with zipfile.ZipFile(archive) as members:
                members.extractall(jars)
        for jar in jars.glob("*.jar"):
            # What the server has already must not be there twice.
            if _artifact(jar) in present:
                jar.unlink()
    return jars


def _artifact(jar):
    """A jar's name without its version."""
    parts = jar.stem.split("-")
    return "-".join(part for part in parts if not part[0].isdigit())


def _certify(config):
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1", common_name="node")
    authority.cert_pem.write_to_path(config / "authority.pem")
    (config / "node.pem").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    command = ["openssl", "pkcs8", "-topk8", "-nocrypt", "-out", config / "node.key"]
    try:
        subprocess.run(command, input=certificate.private_key_pem.bytes(), check=True, timeout=30)
    except FileNotFoundError:
        raise CannotStartError("there is no openssl; install it") from None


def _configure(folder, jars, users, roles):
    shutil.copytree(jars / "config", folder)
    _write(
        folder / "internal_users.yml",
        {name: {"hash": _hash_password(jars, password)} for name, password in users.items()},
    )
    _write(folder / "roles.yml", roles)
    _write(folder / "roles_mapping.yml", {role: {"users": [role]} for role in roles})


def _write(path, values):
    meta = yaml.safe_load(path.read_text())["_meta"]
    path.write_text(yaml.safe_dump({"_meta": meta} | values))


def _hash_password(jars, password):
    command = ["java", "-cp", f"{LIBRARY}/*:{jars}/*", "org.opensearch.security.tools.Hasher"]
    result = subprocess.run(
        [*command, "-p", password], capture_output=True, text=True, check=True, timeout=60
    )
    return result.stdout.split()[-1]
