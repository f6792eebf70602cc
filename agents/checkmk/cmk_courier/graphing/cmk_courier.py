"""Metrics of the service "Agent courier"."""

from cmk.graphing.v1 import graphs, metrics, perfometers, Title

_SECONDS = metrics.Unit(metrics.TimeNotation())
_COUNT = metrics.Unit(metrics.DecimalNotation(""), metrics.StrictPrecision(0))
_BYTES = metrics.Unit(metrics.IECNotation("B"))

metric_cmk_courier_age = metrics.Metric(
    name="cmk_courier_age",
    title=Title("Age of the agent output"),
    unit=_SECONDS,
    color=metrics.Color.BLUE,
)

metric_cmk_courier_duration = metrics.Metric(
    name="cmk_courier_duration",
    title=Title("Duration of the fetch"),
    unit=_SECONDS,
    color=metrics.Color.GREEN,
)

metric_cmk_courier_attempts = metrics.Metric(
    name="cmk_courier_attempts",
    title=Title("Sources asked"),
    unit=_COUNT,
    color=metrics.Color.ORANGE,
)

metric_cmk_courier_bytes = metrics.Metric(
    name="cmk_courier_bytes",
    title=Title("Size of the agent output"),
    unit=_BYTES,
    color=metrics.Color.PURPLE,
)

metric_cmk_courier_agent_requests = metrics.Metric(
    name="cmk_courier_agent_requests",
    title=Title("Requests of the special agent"),
    unit=_COUNT,
    color=metrics.Color.ORANGE,
)

metric_cmk_courier_agent_faults = metrics.Metric(
    name="cmk_courier_agent_faults",
    title=Title("Parts that failed"),
    unit=_COUNT,
    color=metrics.Color.PURPLE,
)

graph_cmk_courier_times = graphs.Graph(
    name="cmk_courier_times",
    title=Title("Agent courier: age and duration"),
    compound_lines=["cmk_courier_age"],
    simple_lines=[
        "cmk_courier_duration",
        metrics.WarningOf("cmk_courier_age"),
        metrics.CriticalOf("cmk_courier_age"),
    ],
    optional=["cmk_courier_age", "cmk_courier_duration"],
)

perfometer_cmk_courier_age = perfometers.Perfometer(
    name="cmk_courier_age",
    focus_range=perfometers.FocusRange(perfometers.Closed(0), perfometers.Open(300)),
    segments=["cmk_courier_age"],
)
