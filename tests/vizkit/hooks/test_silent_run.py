import json
import subprocess
import sys
from pathlib import Path

import pytest

import vizkit
from vizkit.hooks.silent_run import SilentRun, rank
from vizkit.testing import free_port

TRAINING = """
import json, sys
import torch
import torch.distributed as dist
from torch import nn
import vizkit

rank, port, logdir = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
torch.manual_seed(0)
x, y = torch.randn(8, 4), torch.randn(8, 1)
model = nn.Linear(4, 1)
(*expected,) = torch.autograd.grad(nn.functional.mse_loss(model(x), y), list(model.parameters()))
parallel = nn.parallel.DistributedDataParallel(model, gradient_as_bucket_view=True)
optimizer = torch.optim.SGD(parallel.parameters(), 0.0)
seen = []
with vizkit.watch(parallel, optimizer, logdir=logdir, name="ddp") as watch:
    log = watch.run.log
    watch.run.log = lambda values, *rest: (seen.append(values), log(values, *rest))
    half = slice(4 * rank, 4 * rank + 4)
    for _ in range(2):
        optimizer.zero_grad()
        with parallel.no_sync():
            (nn.functional.mse_loss(parallel(x[half]), y[half]) / 2).backward()
        (nn.functional.mse_loss(parallel(x[half]), y[half]) / 2).backward()
        optimizer.step()
    watch.run.flush()
dist.destroy_process_group()
vectors = [values["grad_norm/*"] for values in seen if "grad_norm/*" in values]
rows = [dict(zip(vector.names, vector.array().tolist())) for vector in vectors]
norms = dict(zip(["weight", "bias"], [gradient.norm().item() for gradient in expected]))
print(json.dumps({"rows": rows, "expected": norms}))
"""


def test_of_two_parallel_processes_one_writes_the_norms_of_both(tmp_path):
    script, port = tmp_path / "train.py", str(free_port())
    script.write_text(TRAINING)
    root = str(Path(__file__).parents[3])

    ranks = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", str(script), str(rank), port, str(tmp_path / "runs")],
            stdout=subprocess.PIPE,
            cwd=root,
            env={"PYTHONPATH": root, "PATH": "", "VIZKIT_STRICT": "1"},
        )
        for rank in range(2)
    ]
    first, second = (json.loads(each.communicate(timeout=120)[0]) for each in ranks)

    assert first["rows"] == second["rows"]
    assert len(first["rows"]) == 2
    for row in first["rows"]:
        assert row == pytest.approx(first["expected"], rel=1e-5)
    assert len(list((tmp_path / "runs" / "ddp").iterdir())) == 1


def test_a_silent_run_answers_like_a_run_and_leaves_nothing(tmp_path):
    with SilentRun(tmp_path / "x", start_step=3) as run:
        run.log({"a": 1}, step=3)
        assert run.flush()

    assert (run.name, run.start_step, run.last_step) == ("x", 3, None)
    assert not (tmp_path / "x").exists()


def test_alone_the_rank_is_0():
    assert rank() == 0


def test_a_rank_of_the_environment_counts_before_the_processes_meet(tmp_path, monkeypatch, problem):
    monkeypatch.setenv("RANK", "1")
    model = problem.model()

    with vizkit.watch(model, logdir=tmp_path, name="x") as watch:
        watch.log({"a": 1})

    assert isinstance(watch.run, SilentRun)
    assert list(tmp_path.iterdir()) == []
