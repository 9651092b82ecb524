"""Writes dashboard.json, for Grafana 10 or later.

    pip install 'grafana-foundation-sdk==1769699998!10.1.0'
    python3 docs/monitoring/dashboard.py > docs/monitoring/dashboard.json
"""

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
    VariableSort,
)

SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
HERE = 'instance=~"$instance"'
HANDOFFS, OTHERS = f'{HERE}, decision="handoff"', f'{HERE}, decision!="handoff"'


def query(expression, legend, letter):
    return prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(letter).datasource(SOURCE)


def lines(title, unit, description, *queries, width=8, stacked=False):
    """A graph; a query is an expression and the legend of its lines."""
    panel = (
        timeseries.Panel().title(title).description(description).unit(unit).datasource(SOURCE)
        .span(width).height(8).min(0).line_width(1).fill_opacity(40 if stacked else 8)
        .legend(common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM).show_legend(True))
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    for letter, (expression, legend) in zip("ABCDE", queries):
        panel = panel.with_target(query(expression, legend, letter))
    return panel


def number(title, unit, description, expression, bad=None):
    """One figure; red from `bad` on."""
    steps = [Threshold(value=None, color="green")] + ([Threshold(value=bad, color="red")] if bad is not None else [])
    return (
        stat.Panel().title(title).description(description).unit(unit).datasource(SOURCE).span(4).height(4)
        .color_mode(BigValueColorMode.VALUE if bad is not None else BigValueColorMode.NONE)
        .thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(query(expression, "", "A").instant())
    )


def quantile(share, metric, labels, by="", window="$__rate_interval"):
    groups = ", ".join(part for part in (by, "le") if part)
    return f"histogram_quantile({share}, sum by ({groups}) (rate({metric}_bucket{{{labels}}}[{window}])))"


def rate(metric, labels, by):
    return f"sum by ({by}) (rate({metric}{{{labels}}}[$__rate_interval]))"


def share(part, of, window="5m"):
    """`or vector(0)`: a part that never was has no line."""
    return f"(sum(rate({part}[{window}])) or vector(0)) / sum(rate({of}[{window}]))"


def build():
    decisions, requests = "triage_decisions_total", "triage_requests_total"
    board = (
        dashboard.Dashboard("Triage").uid("triage").tags(["triage"]).refresh("30s").time("now-6h", "now").timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .description("Made by docs/monitoring/dashboard.py. What to do: docs/monitoring/README.md")
        .with_variable(dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus"))
        .with_variable(
            dashboard.QueryVariable("instance").label("Instance").datasource(SOURCE)
            .query("label_values(triage_catalogue_generation, instance)").refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(VariableSort.ALPHABETICAL_ASC).multi(True).include_all(True).all_value(".*")
        )
    )
    board = (
        board.with_row(dashboard.Row("Now"))
        .with_panel(number("Messages a second", "reqps", "Decisions over the last five minutes",
                           f"sum(rate({decisions}{{{HERE}}}[5m]))"))
        .with_panel(number("To people", "percentunit", "Share of messages handed over",
                           share(f"{decisions}{{{HANDOFFS}}}", f"{decisions}{{{HERE}}}")))
        .with_panel(number("Since something is broken", "percentunit", "Share with the reason bot_error",
                           share(f'{decisions}{{{HERE}, reason="bot_error"}}', f"{decisions}{{{HERE}}}"), bad=0.01))
        .with_panel(number("One in a hundred takes", "s", "99th percentile of /v1/triage over five minutes",
                           quantile(0.99, "triage_request_seconds", f'{HERE}, path="/v1/triage"', window="5m"), bad=0.1))
        .with_panel(number("Catalogue refused", "short", "Instances that serve an older catalogue than the files",
                           f"sum(triage_catalogue_files_refused{{{HERE}}})", bad=1))
        .with_panel(number("Oldest event waits", "s", "How far the webhooks lag behind",
                           f"max(triage_outbox_lag_seconds{{{HERE}}})", bad=300))
    )
    board = (
        board.with_row(dashboard.Row("What is decided"))
        .with_panel(lines("Decisions", "reqps", "Messages a second by what was decided",
                          (rate(decisions, HERE, "decision"), "{{decision}}"), stacked=True))
        .with_panel(lines("Reasons for hand-offs", "reqps", "The deciding reason, the ten most frequent",
                          (f"topk(10, {rate(decisions, HANDOFFS, 'reason')})", "{{reason}}")))
        .with_panel(lines("All other reasons", "reqps", "Answers, questions and silence by the deciding reason, the ten most frequent",
                          (f"topk(10, {rate(decisions, OTHERS, 'reason')})", "{{reason}}")))
    )
    board = (
        board.with_row(dashboard.Row("How fast"))
        .with_panel(lines("Messages", "s", "Time from the request's arrival to its answer, waiting included",
                          *((quantile(q, "triage_request_seconds", f'{HERE}, path="/v1/triage"'), name)
                            for q, name in ((0.5, "half"), (0.95, "19 in 20"), (0.99, "99 in 100")))))
        .with_panel(lines("Stages", "s", "99th percentile of each stage of a decision",
                          (quantile(0.99, "triage_stage_seconds", HERE, "stage"), "{{stage}}")))
        .with_panel(lines("Waiting for a worker", "short", "Messages in the queue, and those turned away a second",
                          (f"sum by (instance) (triage_queue_waiting{{{HERE}}})", "waiting {{instance}}"),
                          (rate("triage_queue_refused_total", HERE, "instance"), "turned away {{instance}}")))
    )
    board = (
        board.with_row(dashboard.Row("Who asks"))
        .with_panel(lines("Calls by path", "reqps", "All calls", (rate(requests, HERE, "path"), "{{path}}"), stacked=True))
        .with_panel(lines("Answers that are no success", "reqps", "By status and path",
                          (rate(requests, HERE + ', status=~"[45].."', "status, path"), "{{status}} {{path}}")))
        .with_panel(lines("Keys refused", "reqps", "By key and why", (rate("triage_key_refused_total", HERE, "key, why"), "{{key}} {{why}}")))
    )
    board = (
        board.with_row(dashboard.Row("The shop's own systems, and webhooks"))
        .with_panel(lines("Questions about orders and products", "reqps", "By what came of them, those from memory included",
                          (rate("triage_source_questions_total", HERE, "source, outcome"), "{{source}} {{outcome}}"),
                          (rate("triage_source_cached_total", HERE, "source"), "{{source}} from memory"), stacked=True, width=6))
        .with_panel(lines("How long they take", "s", "99th percentile; and 1 while a system is left alone",
                          (quantile(0.99, "triage_source_seconds", HERE, "source"), "{{source}}"),
                          (f"max by (source) (triage_source_open{{{HERE}}})", "{{source}} left alone"), width=6))
        .with_panel(lines("Deliveries", "reqps", "Tries of webhooks by endpoint and what became of them",
                          (rate("triage_webhook_deliveries_total", HERE, "endpoint, outcome"), "{{endpoint}} {{outcome}}"), width=6))
        .with_panel(lines("Events that wait", "short", "Deliveries on their way",
                          (f"sum by (instance) (triage_outbox_waiting{{{HERE}}})", "{{instance}}"), width=6))
    )
    board = (
        board.with_row(dashboard.Row("The catalogue"))
        .with_panel(lines("Generation", "none", "It rises with every edit, and falls with a rollback or a restart",
                          (f"triage_catalogue_generation{{{HERE}}}", "{{instance}}")))
        .with_panel(lines("Changes", "short", "In the last hour, by what became of them",
                          (f"sum by (outcome) (increase(triage_catalogue_changes_total{{{HERE}}}[1h]))", "{{outcome}}")))
        .with_panel(lines("How long a change takes", "s", "The slowest in ten of the last hour, tests included",
                          (quantile(0.9, "triage_catalogue_change_seconds", HERE, "outcome", window="1h"), "{{outcome}}"), width=4))
        .with_panel(lines("Models", "short", "Instances by the model that they serve",
                          (f"count by (bundle) (triage_model_info{{{HERE}}})", "{{bundle}}"), width=4))
    )
    built = board.build()
    for number_of_panel, panel in enumerate(built.panels, start=1):
        panel.id_val = number_of_panel
    return built


if __name__ == "__main__":
    print(JSONEncoder(sort_keys=True, indent=2).encode(build()))
