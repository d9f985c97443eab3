"""What must not stand in the repository: secrets, and code that would run what a file says."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
CODE = sorted((REPOSITORY / "fjo_pipeline").rglob("*.py"))
SECRETS = {
    "an age identity": r"AGE-SECRET-KEY-1[0-9A-Z]{58}",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}",
    "an AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50})",
    "a PyPI token": r"\bpypi-AgEI[A-Za-z0-9_-]{50}",
    "a Slack token": r"\bxox[abpr]-[0-9A-Za-z-]{20}",
    "a JSON web token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10}",
    "a password in an address": r"\b[a-z][a-z0-9+]+://[^\s/:@\"'{}]+:(?!secret@|password@)[^\s/:@\"'{}]+@",
    # 32 bytes, in base64 or hex, that something is given as its key, secret, passphrase or token.
    "a key of 32 bytes": r"(?i)(?:key|secret|passphrase|token|password)\w*[\"']?\s*[:=]\s*b?[\"']"
    r"(?:[A-Za-z0-9+/]{43}=|[0-9a-f]{64})[\"']",
}
RUNS_WHAT_IT_READS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}


def secrets_in(text: str) -> list[str]:
    return [what for what, pattern in SECRETS.items() if re.search(pattern, text)]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    return [REPOSITORY / name for name in listed.decode().split("\0") if name]


def test_no_tracked_file_holds_a_secret() -> None:
    found = {
        str(path.relative_to(REPOSITORY)): what
        for path in tracked()
        if path.is_file() and path != Path(__file__) and (what := secrets_in(path.read_text("utf-8", "replace")))
    }
    assert found == {}
    assert not [
        path.name for path in tracked() if path.name in ("keyring.json", ".env") or path.suffix in (".pem", ".key")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "AGE-SECRET-KEY-1" + "Q" * 58,
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA",
        "aws = 'AKIA" + "ABCDEFGHIJKLMNOP'",
        "ghp_" + "a" * 36,
        "postgresql://fjo:hunter2@db.example/lake",
        "store_key = '" + "Zk9" * 14 + "a='",
        '"secret": "' + "0f" * 32 + '"',
    ],
)
def test_a_secret_is_found(text: str) -> None:
    assert secrets_in(f"some words\n{text}\nmore words")


def runs_what_it_reads(tree: ast.AST) -> list[str]:
    """Calls and imports by which a file could run code: pickles, YAML with objects, eval."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names if each.name.split(".")[0] in RUNS_WHAT_IT_READS]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in RUNS_WHAT_IT_READS:
            found.append(node.module or "")
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            unsafe = name in ("eval", "exec", "yaml.unsafe_load", "yaml.full_load") or name.endswith("pickle")
            # _Loader is made of SafeLoader, in core/yaml_lines.py.
            loader = next((ast.unparse(each.value) for each in node.keywords if each.arg == "Loader"), "")
            unsafe |= name in ("yaml.load", "yaml.load_all") and loader not in ("_Loader", "yaml.SafeLoader")
            unsafe |= any(each.arg == "allow_pickle" and ast.unparse(each.value) != "False" for each in node.keywords)
            found += [name] if unsafe else []
    return found


def test_nothing_that_crosses_between_zones_or_lies_on_disk_can_run_code() -> None:
    found = {str(path): runs_what_it_reads(ast.parse(path.read_text("utf-8"))) for path in CODE}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "yaml.load(text)",
        "yaml.load(text, Loader=yaml.Loader)",
        "pd.read_pickle(path)",
        "np.load(path, allow_pickle=True)",
        "eval(text)",
    ],
)
def test_code_that_would_run_what_it_reads_is_found(code: str) -> None:
    assert runs_what_it_reads(ast.parse(code))


def locked() -> list[dict[str, Any]]:
    """The packages of uv.lock that come from an index: all but this one."""
    packages: list[dict[str, Any]] = tomllib.loads((REPOSITORY / "uv.lock").read_text("utf-8"))["package"]
    return [each for each in packages if each["source"] != {"editable": "."}]


def every_file_has_its_hash(package: dict[str, Any]) -> bool:
    files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
    return bool(files) and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each.get("hash", "")) for each in files)


def test_what_is_installed_is_what_was_locked() -> None:
    assert [each["name"] for each in locked() if not every_file_has_its_hash(each)] == []
    assert not every_file_has_its_hash({"wheels": [{"url": "https://example.org/a.whl"}]})
