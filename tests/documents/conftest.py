"""A folder of documents beside a secret that must not be read."""

import pytest

HIDDEN = "The secret is kept outside of the folder."
PROSE = "The harbour of Lindholm was built in 1874."


@pytest.fixture
def documents(tmp_path):
    """A folder with one document, beside a secret."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.txt").write_text(HIDDEN)
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "ok.txt").write_text(PROSE)
    return folder
