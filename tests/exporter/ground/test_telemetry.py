"""The exporter's own metrics: those of the catalogue and no others, absent until known, gone with their workspace."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from serving_exporter import catalogue
from serving_exporter.telemetry import DROP_REASONS, OUTCOMES, Telemetry


def values(telemetry: Telemetry, workspace: str | None = None) -> dict[str, float]:
    """Series as on the page, without the labels' order mattering."""
    found = {}
    for family in parse_text(telemetry.text(workspace).decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def used() -> Telemetry:
    telemetry = Telemetry()
    for workspace in ("one", "two"):
        feed = telemetry.source(workspace, "feed")
        feed.up(True)
        feed.success(1_700_000_000)
        feed.data_timestamp(1_699_999_990)
        feed.polled(1.2, "success")
        feed.samples(412)
        feed.interval(30)
        feed.failing_parts(1)
    telemetry.api_request("/metrics", 200)
    telemetry.api_request("/metrics", "error")
    telemetry.budget_wait("feed", 1.5)
    telemetry.budget_rate("feed", 0.066)
    telemetry.dropped("invalid", 3)
    telemetry.page(1000, 204_000, 1_700_000_001)
    telemetry.clock_skew(-0.5)
    telemetry.reload(True, 1_700_000_000)
    return telemetry


def test_every_self_metric_of_the_catalogue_is_there_and_no_other() -> None:
    text = used().text().decode()
    typed = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    helped = dict(re.findall(r"^# HELP (\S+) (.+)$", text, re.MULTILINE))
    ours = {name: kind for name, kind in typed.items() if not name.startswith(("process_", "python_"))}
    assert ours == {metric.name: metric.type.value for metric in catalogue.self_metrics()}
    assert all(helped[metric.name] == metric.help for metric in catalogue.self_metrics())
    assert "_created" not in text
    assert "process_resident_memory_bytes" in typed


def test_values_arrive_under_the_right_labels() -> None:
    found = values(used())
    assert found["serving_exporter_source_up{source=feed,workspace=one}"] == 1
    assert found["serving_exporter_source_last_success_timestamp_seconds{source=feed,workspace=two}"] == 1_700_000_000
    assert found["serving_exporter_source_polls_total{outcome=success,source=feed,workspace=one}"] == 1
    assert found["serving_exporter_source_poll_duration_seconds_bucket{le=2.5,source=feed,workspace=one}"] == 1
    assert found["serving_exporter_source_poll_duration_seconds_bucket{le=1.0,source=feed,workspace=one}"] == 0
    assert found["serving_exporter_api_requests_total{code=error,endpoint=/metrics}"] == 1
    assert found["serving_exporter_series_dropped_total{reason=invalid}"] == 3
    assert found["serving_exporter_clock_skew_seconds"] == -0.5
    assert found["serving_exporter_config_last_reload_successful"] == 1


def test_known_label_values_are_there_from_the_start() -> None:
    telemetry = Telemetry()
    telemetry.source("one", "feed")
    found = values(telemetry)
    for outcome in OUTCOMES:
        assert found[f"serving_exporter_source_polls_total{{outcome={outcome},source=feed,workspace=one}}"] == 0
    for reason in DROP_REASONS:
        assert found[f"serving_exporter_series_dropped_total{{reason={reason}}}"] == 0
    assert found["serving_exporter_source_up{source=feed,workspace=one}"] == 0
    assert found["serving_exporter_source_supported{source=feed,workspace=one}"] == 1


def test_what_is_not_known_yet_is_absent_and_not_zero() -> None:
    telemetry = Telemetry()
    telemetry.source("one", "feed")
    names = {name.partition("{")[0] for name in values(telemetry)}
    unknown = ("clock_skew_seconds", "page_timestamp_seconds", "config_last_reload_successful", "source_last_success_timestamp_seconds")
    assert not names & {f"serving_exporter_{name}" for name in unknown}
    telemetry.reload(False, 5.0)
    found = values(telemetry)
    assert found["serving_exporter_config_last_reload_successful"] == 0
    assert "serving_exporter_config_last_reload_success_timestamp_seconds" not in found
    telemetry.clock_skew(0)
    assert values(telemetry)["serving_exporter_clock_skew_seconds"] == 0


def test_a_workspace_filter_leaves_the_others_out_and_the_process_in() -> None:
    telemetry = used()
    found = values(telemetry, "one")
    assert any("workspace=one" in name for name in found)
    assert not any("workspace=two" in name for name in found)
    assert "serving_exporter_page_samples" in found
    assert b'workspace="two"' not in telemetry.openmetrics("one")
    assert any("workspace=two" in name for name in values(telemetry)), "the filter is for one answer only"


def test_a_removed_workspace_leaves_no_series_and_a_late_poll_brings_none_back() -> None:
    telemetry = used()
    late = telemetry.source("one", "feed")
    telemetry.source("one", "never succeeded")
    telemetry.remove_workspace("one")
    late.polled(3.0, "success")
    late.up(True)
    assert not any("workspace=one" in name for name in values(telemetry))
    assert any("workspace=two" in name for name in values(telemetry))
    back = telemetry.source("one", "feed")
    assert values(telemetry)["serving_exporter_source_polls_total{outcome=success,source=feed,workspace=one}"] == 0
    back.remove()
    telemetry.source("one", "feed").up(True)
    assert values(telemetry)["serving_exporter_source_up{source=feed,workspace=one}"] == 1


def test_openmetrics_reads_back_once_closed() -> None:
    page = used().openmetrics().decode()
    assert "# EOF" not in page
    families = {family.name: family.type for family in parse_openmetrics(page + "# EOF\n")}
    assert families["serving_exporter_source_polls"] == "counter"
    assert families["serving_exporter_source_up"] == "gauge"
    assert "_created" not in page


def test_promtool_has_nothing_to_say() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on PATH")
    lines = used().text().decode().splitlines(keepends=True)
    ours = "".join(line for line in lines if not re.match(r"(# \w+ )?(process|python)_", line))
    done = subprocess.run([promtool, "check", "metrics"], input=ours, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_rendering_leaves_the_loop_free() -> None:
    text, openmetrics = await used().render("two")
    assert b'workspace="two"' in text
    assert b'workspace="two"' in openmetrics
