from vizkit.importers.building import Building
from vizkit.importers.module_calls import ModuleCalls, op_name, parsed_stack, user_line

ROOT = ("L__self__", "", "my.Net")


def test_second_calls_are_told_apart_within_their_parents_call():
    building = Building("export")
    calls = ModuleCalls(building)
    for key in ("b", "b@1"):
        scope = calls.scope([ROOT, (key, "b", "my.Block"), (f"fc{key}", "b.fc", "torch.Linear")])
        building.running("linear", scope)

    assert [(s.id, s.path, s.op, s.call) for s in building.graph().scopes] == [
        ("/", "", "Net", 0),
        ("/b", "b", "Block", 0),
        ("/b/fc", "b.fc", "Linear", 0),
        ("/b#1", "b", "Block", 1),
        ("/b#1/fc", "b.fc", "Linear", 0),
    ]


def test_without_a_stack_it_is_where_it_is_said_to_be():
    assert ModuleCalls(Building("export")).scope([], "/if") == "/if"


def test_a_stack_as_text():
    text = "L__self__,,my.Net;L__self__a@1,a,my.Block"

    assert parsed_stack(text) == [ROOT, ("L__self__a@1", "a", "my.Block")]
    assert parsed_stack("") == []
    assert parsed_stack("_empty_nn_module_stack_x,_empty,_empty") == []


def test_the_line_is_the_innermost_of_the_user():
    trace = (
        'File "/home/me/train.py", line 3, in forward\n    self.a(x)\n'
        'File "/home/me/torch/net.py", line 7, in forward\n    self.conv(x)\n'
        'File "/venv/lib/python3.11/site-packages/torch/nn/modules/conv.py", line 565, in forward\n'
        'File "<eval_with_key>.11", line 9, in forward\n'
    )

    assert user_line(trace) == "/home/me/torch/net.py:7"
    assert user_line("") == ""
    assert user_line('File "torch/fx/passes/runtime_assert.py", line 24, in insert') == ""


def test_names_of_operations():
    names = {
        "torch.ops.aten.conv2d.default": "conv2d",
        "torch.ops.higher_order.cond": "cond",
        "_operator.mul": "mul",
        "torch.ops.mine.fused.default": "mine.fused",
        "aten::relu": "relu",
    }

    assert {target: op_name(target) for target in names} == names
