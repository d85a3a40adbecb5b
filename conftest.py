"""Registers the options and marks of the katas and loads the plugin from fixtures/."""

from fixtures.plugin.parts import PLUGINS

MARKS = {
    "llama": "runs real llama.cpp through llama-cpp-python",
    "model(name)": "needs a model that `python -m fixtures.models pull NAME` fetches",
    "gpu": "needs a GPU; run by `tox -e gpu`",
    "peer(library)": "needs a library of the `peers` extra; run by `tox -e peers`",
    "slow": "takes more than a few seconds; run with `-m slow`",
    "native": "compiles C++; run with `-m native`",
    "speech": "runs real whisper.cpp through pywhispercpp",
    "browser": "opens a page in Chromium, driven by Selenium",
    "espeak": "speaks with espeak-ng",
    "train": "needs torch; run by `tox -e train`",
}


def pytest_addoption(parser):
    """Add the katas' options to pytest's own."""
    group = parser.getgroup("katas")
    group.addoption("--impl", metavar="FOLDER",
                    help="test this folder: katas (yours, the default), solutions, fast (the fast solutions), "
                         "or a copy of your own; `pytest mine/7_2` means --impl mine")
    group.addoption("--hint", action="store_true", help="print the next hint for what fails first")
    group.addoption("--compare", action="store_true",
                    help="for each kata whose concept and production are green: yours, the solutions and the "
                         "libraries side by side, then a diff")
    group.addoption("--track", choices=["application", "ml-engineer", "full-stack"],
                    help="only the katas of this learning path")
    group.addoption("--no-skips", action="store_true", help="a skipped test is a failure")


def pytest_configure(config):
    """Declare the marks and start the plugin's parts."""
    for name, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    for plugin in reversed(PLUGINS):  # pytest calls the last one registered first
        config.pluginmanager.register(plugin(config), f"katas-{plugin.__name__.lower()}")
    config.pluginmanager.import_plugin("fixtures.plugin.models")  # the shipped models, as fixtures
