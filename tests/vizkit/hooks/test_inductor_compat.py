import json
import logging

import pytest
import torch
from torch import nn

from vizkit.hooks import inductor_compat
from vizkit.hooks.inductor_compat import TRACE, is_compiled

# Loading the compiler asks for what torch deprecates itself.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


BREAK = """Graph break in user code at /home/me/net.py:8
Graph Break Reason: Data-dependent branching
  Explanation: ..."""


def tell(name, payload):
    logger = logging.getLogger(TRACE)
    record = logger.makeRecord(TRACE, logging.DEBUG, "f", 1, "", (), None)
    record.metadata, record.payload = {"artifact": {"name": name}}, payload
    logger.handle(record)


def test_artifacts_are_heard_and_all_is_as_before():
    import torch._inductor.config as config

    logger = logging.getLogger(TRACE)
    before = logger.level, logger.propagate, list(logger.handlers), config.force_disable_caches
    with inductor_compat.listening() as records:
        assert config.force_disable_caches
        tell("a", "1")
        tell("b", lambda: "2")

    assert records == [({"name": "a"}, "1"), ({"name": "b"}, "2")]
    after = logger.level, logger.propagate, list(logger.handlers), config.force_disable_caches
    assert after == before


def test_kernels_and_origins_are_read():
    payload = json.dumps({"cppCodeToPost": {"k:1": ["conv"]}, "postToPre": {"conv": ["conv2d"]}})
    with inductor_compat.listening() as records:
        tell("inductor_provenance_tracking_node_mappings", payload)
        tell("dynamo_graph_break_reason", BREAK)
        tell("dynamo_graph_break_reason", BREAK)
        tell("dynamo_graph_break_reason", "because")

    assert inductor_compat.mappings_in(records) == ({"k:1": ["conv"]}, {"conv": ["conv2d"]})
    assert inductor_compat.breaks_in(records) == [
        "graph break at /home/me/net.py:8: Data-dependent branching",
        "graph break: because",
    ]
    assert inductor_compat.mappings_in([]) == ({}, {})


def test_the_backend_of_a_model():
    model = nn.Linear(1, 1)

    assert callable(inductor_compat.inductor_of(model))
    assert callable(inductor_compat.inductor_of(torch.compile(model)))
    assert callable(inductor_compat.inductor_of(torch.compile(model, mode="reduce-overhead")))
    assert inductor_compat.inductor_of(torch.compile(model, backend="eager")) == "eager"


def test_compiled_models_are_known():
    model = nn.Linear(1, 1)
    assert not is_compiled(model)
    assert is_compiled(torch.compile(model))

    model.compile()
    assert is_compiled(model)
