"""`--kata pooling` runs the promises of the named katas alone: `tox -e red -- pooling`."""

import pytest

from fixtures.plugin.syllabus import ready_katas


def pytest_addoption(parser):
    """Add the option."""
    parser.getgroup("katas").addoption("--kata", nargs="*", default=[], metavar="NAME",
                                       help="only the promises of these katas, by their names in syllabus.toml")


def pytest_configure(config):
    """Refuse a name that is no kata's."""
    here = [kata.name for kata in ready_katas()]
    unknown = [name for name in config.getoption("kata") if name not in here]
    if unknown:
        raise pytest.UsageError(f"--kata {' '.join(unknown)}: no such kata; here are {', '.join(here)}")


def pytest_collection_modifyitems(config, items):
    """Keep the tests whose parameter `kata` is one of the named, and a kata's tests together under pytest-xdist."""
    names = config.getoption("kata")
    katas = {item: getattr(getattr(item, "callspec", None), "params", {}).get("kata") for item in items}
    if names:
        kept = [item for item, kata in katas.items() if getattr(kata, "name", None) in names]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            kata = katas[item]
            if kata is not None:  # then its solution is tried once, not by every worker
                item.add_marker(pytest.mark.xdist_group(kata.name))
