"""Reads what the program printed, as Checkmk does, and prints what the service says of it."""

import sys

from cmk.agent_based.v2 import Metric, Result
from cmk_addons.plugins.cmk_courier.agent_based import cmk_courier as plugin

lines = sys.stdin.read().splitlines()
start = lines.index("<<<cmk_courier:sep(0)>>>") + 1
end = next(index for index in range(start, len(lines)) if lines[index].startswith("<<<"))
section = plugin.parse_cmk_courier([line.split("\0") for line in lines[start:end]])
params = plugin.check_plugin_cmk_courier.check_default_parameters or {}
print(f"services: {len(list(plugin.discover_cmk_courier(section)))}")
for found in plugin.check_cmk_courier(params, section):
    if isinstance(found, Result):
        print(f"{found.state.name}: {found.details}")
    if isinstance(found, Metric):
        print(f"metric: {found.name}")
for label in plugin.host_labels_cmk_courier(section):
    print(f"label: {label.name}:{label.value}")
for item in plugin.inventorize_cmk_courier(section):
    print(f"inventory: {'.'.join(item.path)}")
