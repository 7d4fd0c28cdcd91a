import pytest
import torch

from vizkit.hooks.rates import rate_tag, rates_of


def optimizer(*groups):
    return torch.optim.SGD([{"params": [torch.ones(1)], **group} for group in groups], 0.1)


def test_one_group_needs_no_name():
    assert rates_of(optimizer({})) == {"": 0.1}


def test_groups_are_named_or_numbered():
    assert rates_of(optimizer({"name": "head"}, {"lr": 0.5})) == {"head": 0.1, "1": 0.5}


def test_a_tensor_rate_is_read_on_the_cpu_and_copied_elsewhere():
    here, there = torch.tensor(0.5), torch.tensor(0.5, device="meta")
    given = optimizer({"name": "here"}, {"name": "there"})
    given.param_groups[0]["lr"], given.param_groups[1]["lr"] = here, there

    rates = rates_of(given)

    assert rates["here"] == 0.5
    assert rates["there"].device.type == "meta"
    assert rates["there"] is not there


@pytest.mark.parametrize(
    ("label", "group", "tag"),
    [("", "", "lr"), ("", "0", "lr/0"), ("G", "", "lr/G"), ("G", "0", "lr/G.0")],
)
def test_tags(label, group, tag):
    assert rate_tag(label, group) == tag
