from dataclasses import replace

import pytest

from tests.vizkit.index.batches import batch, put
from vizkit.errors import UsageError
from vizkit.playback import table as module
from vizkit.playback.subjects import Subject
from vizkit.playback.table import RunTable, choose, config_columns, metric_columns, table_of

NAN, INF = float("nan"), float("inf")


def subject(run, metrics=(), **config):
    return Subject(run, "finished", 1.0, 1, 1, config, dict.fromkeys(metrics))


RUNS = [
    subject("base", ["loss"], lr=0.1, model="b"),
    subject("big", ["loss", "acc"], lr=0.3, model="a"),
    subject("BASE-2", lr="auto", model="a"),
    subject("odd", lr=NAN),
    subject("none"),
]


def names(**asked):
    return [each.run for each in choose(RUNS, **asked).subjects]


def test_nothing_asked_is_every_run():
    chosen = choose(RUNS)

    assert (chosen.total, chosen.subjects) == (5, RUNS)


def test_filter_and_search_both_have_to_hold():
    assert names(filter="lr >= 0.1") == ["base", "big"]
    assert names(search="^ba") == ["base", "BASE-2"]
    assert names(search="^ba", filter='model == "a"') == ["BASE-2"]


def test_runs_are_sorted_by_any_value():
    assert names(sort="run") == ["BASE-2", "base", "big", "none", "odd"]
    assert names(sort="lr", filter="has(model)") == ["base", "big", "BASE-2"]
    assert names(sort="-lr", filter="lr > 0") == ["big", "base"]


def test_what_cannot_be_sorted_comes_last_either_way():
    assert names(sort="lr") == ["base", "big", "BASE-2", "odd", "none"]
    assert names(sort="lr", descending=True) == ["big", "base", "BASE-2", "odd", "none"]


def test_what_makes_no_sense_is_refused():
    for asked in ({"filter": "lr >"}, {"sort": "nope"}, {"search": "("}, {"filter": "nope"}):
        with pytest.raises(UsageError):
            choose(RUNS, **asked)


def test_columns_tell_what_configs_hold():
    runs = [
        *RUNS,
        subject("x", amp=True, deep={"wd": 1, "list": [1, 2]}),
        subject("y", amp=False, deep={"wd": INF, "list": [1, 2]}, model=None),
    ]

    found = {column.key: column for column in config_columns(runs)}

    assert list(found) == ["amp", "deep.list", "deep.wd", "lr", "model"]
    assert (found["amp"].kind, found["amp"].values, found["amp"].low) == (
        "bool",
        (True, False),
        None,
    )
    assert (found["deep.wd"].kind, found["deep.wd"].low, found["deep.wd"].high) == ("number", 1, 1)
    assert (found["deep.list"].kind, found["deep.list"].distinct) == ("text", 1)
    assert (found["lr"].kind, found["lr"].runs, found["lr"].distinct) == ("text", 4, 4)
    assert found["model"].values == ("a", "b", None)


def test_only_the_commonest_values_are_told():
    column = config_columns([subject(str(n), seed=min(n, 70)) for n in range(100)])[0]

    assert (column.distinct, column.values[0], len(column.values)) == (71, 70, module.MANY)
    assert (column.low, column.high) == (0, 70)


def test_metrics_are_counted():
    assert metric_columns(RUNS) == {"acc": 1, "loss": 2}


def test_the_table_of_an_index_has_its_summaries_and_grows(index, monkeypatch):
    put(index, batch("loss", [3, 1, 2]), run="b")
    put(index, batch("loss", [5]), run="a")
    monkeypatch.setattr(module, "FRESH", 0)
    table = table_of(index)

    assert [each.run for each in table.subjects()] == ["a", "b"]
    assert table.subjects()[1].metrics["loss"].min == 1
    put(index, batch("acc", [1]), run="c")
    assert [each.run for each in choose(table.subjects(), filter="acc > 0").subjects] == ["c"]
    assert table.columns()[1] == {"acc": 1, "loss": 2}
    assert table_of(index) is table


def test_rows_are_kept_while_nothing_changes(index):
    put(index, batch("loss", [1]))
    table = RunTable(index)

    assert table.subjects() is table.subjects()
    assert table.columns()[0] is table.columns()[0]


def test_a_config_of_a_run_is_found(index):
    put(index, batch("loss", [1]))
    state = index._contents.runs["run"]
    state.facts = replace(state.facts, config={"lr": 0.5})

    assert choose(RunTable(index).subjects(), filter="lr == 0.5").subjects[0].run == "run"
