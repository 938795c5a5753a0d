"""Names of files: how they are stored, and which are no documents but what programs leave."""

import regex

# Longer than any name on a disk; those in archives may have any length.
MAX_NAME = 1000


def shown(name: str) -> str:
    """*name* as it can be printed and stored: bytes that are no UTF-8 as U+FFFD."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


_FOLDERS = frozenset(
    (
        "__macosx,$recycle.bin,recycler,lost+found,@eadir,#recycle,#snapshot,"
        "system volume information,network trash folder,temporary items"
    ).split(",")
)
_FILES = frozenset(
    "thumbs.db,thumbs.db:encryptable,ehthumbs.db,ehthumbs_vista.db,desktop.ini,icon\r".split(",")
)
# Lock files of Office, backups, swap files of editors, downloads that have not ended.
_LEFTOVER = regex.compile(
    r"~\$.*|.*~|\#.*\#"
    r"|.*\.(?:tmp|temp|bak|orig|rej|sw[a-p]|kate-swp|part|partial|crdownload|filepart|aria2)",
    regex.IGNORECASE | regex.DOTALL,
)


def is_hidden_folder(name: str) -> bool:
    """Whether a folder of this name is hidden, or kept by a system for itself."""
    return name.startswith(".") or name.lower() in _FOLDERS


def is_leftover(name: str) -> bool:
    """Whether a file of this name is hidden, or left beside documents by a program."""
    return name.startswith(".") or name.lower() in _FILES or _LEFTOVER.fullmatch(name) is not None
