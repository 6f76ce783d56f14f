"""The tests in parts that run beside each other: each file belongs to one, and the console's run on PostgreSQL too."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """`paths` are files and folders of the repository; what lies in `without` is left out of them."""

    name: str
    paths: tuple[str, ...]
    without: tuple[str, ...] = ()
    is_on_postgresql: bool = False

    @property
    def arguments(self) -> list[str]:
        """For pytest."""
        return [*self.paths, *(f"--ignore={path}" for path in self.without)]

    def holds(self, file: str) -> bool:
        return _is_in(file, self.paths) and not _is_in(file, self.without)


def _is_in(file: str, paths: tuple[str, ...]) -> bool:
    return any(file == path or file.startswith(f"{path}/") for path in paths)


_WHOLE_PRODUCT = ("tests/scenarios", "tests/test_console.py")
_CONSOLE = ("tests/mailconsole", "tests/browser")

_ROOT = Path(__file__).resolve().parents[2]
_IN_BROWSERS = (
    *sorted(str(path.relative_to(_ROOT)) for path in (_ROOT / "tests/mailconsole").rglob("test_*browser.py")),
    "tests/mailconsole/recipients/test_hostile_pages.py",
)

# In the order in which they begin, the longest first.
ONCE = (
    Part("the whole product", _WHOLE_PRODUCT),
    Part("the transport and all else", ("tests",), without=(*_WHOLE_PRODUCT, *_CONSOLE)),
    Part("the console", _CONSOLE),
)
AGAIN = Part(
    "the console on PostgreSQL",
    ("tests/mailconsole",),
    # What looks at pages in a browser or goes over all of them for each role, whose queries others ask, and what starts
    # products on SQLite.
    without=(
        *_IN_BROWSERS,
        "tests/mailconsole/security/test_permissions.py",
        "tests/mailconsole/runtime/test_supervisor.py",
        "tests/mailconsole/runtime/test_up_refusals.py",
        "tests/mailconsole/runtime/test_worker_without_broker.py",
    ),
    is_on_postgresql=True,
)
ALL = (*ONCE, AGAIN)
