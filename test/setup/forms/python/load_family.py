"""Loads every module of the family as Checkmk does, and says what it finds there, a line each."""

import importlib
import sys
from pathlib import Path

_FAMILY = "cmk_addons.plugins.cmk_courier"
_PREFIXES = {
    "rulesets": ("rule_spec_",),
    "server_side_calls": ("special_agent_",),
    "agent_based": ("agent_section_", "check_plugin_", "inventory_plugin_"),
    "graphing": ("metric_", "graph_", "perfometer_"),
}


def main(folder: str) -> None:
    for group, prefixes in _PREFIXES.items():
        for path in sorted(Path(folder, group).iterdir()):
            if path.name in ("__pycache__", "__init__.py"):
                continue
            module = importlib.import_module(f"{_FAMILY}.{group}.{path.stem}")
            for name, value in vars(module).items():
                if not name.startswith(prefixes):
                    continue
                print(f"{group}: {type(value).__name__} {value.name}")
                if group == "rulesets":
                    value.parameter_form()


main(sys.argv[1])
