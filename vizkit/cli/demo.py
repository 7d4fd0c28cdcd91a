"""`vizkit demo`: train on handwritten digits and watch it live, or replay that training."""

from __future__ import annotations

import argparse
import importlib.util
import shlex
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vizkit.errors import NoRunsError, UsageError

if TYPE_CHECKING:
    from vizkit.demo.training import Listener, Plan, Progress, Training
    from vizkit.demo.viewer import Viewer

NAME = "digits-cnn"
PORT = 8097
LAST_PORT = 65_535
EPOCHS = 80
TERMINATED = 143


def add_parser(subparsers: Any) -> None:
    """Add the command to the table."""
    parser = subparsers.add_parser(
        "demo",
        help="train on handwritten digits with a live dashboard",
        description="Train a small CNN on scikit-learn's 1,797 handwritten digits while the "
        "dashboard shows it live. A run that was interrupted is continued.",
        epilog="Example: vizkit demo, then vizkit demo --replay",
    )
    parser.add_argument("--logdir", type=Path, default=Path("runs"), help="folder (%(default)s)")
    parser.add_argument("--name", default=NAME, help="name of the run (%(default)s)")
    parser.add_argument(
        "--epochs", type=_count, default=EPOCHS, help="passes over the images (%(default)s)"
    )
    parser.add_argument(
        "--port", type=_port, default=PORT, help="port, or the next free one (%(default)s)"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--no-serve", action="store_true", help="train without the dashboard")
    parser.add_argument("--replay", action="store_true", help="train nothing: replay the last run")
    parser.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="continue an interrupted run of that name (default), or begin a new one",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train or replay; Ctrl+C ends it at any time."""
    args.logdir.mkdir(parents=True, exist_ok=True)
    try:
        with _sigterm_raises():
            return _replay(args) if args.replay else _train(args)
    except KeyboardInterrupt:
        print()
        return 0


def _replay(args: argparse.Namespace) -> int:
    from vizkit.demo.checkpoint import last_name
    from vizkit.demo.viewer import Viewer

    name = last_name(args.logdir, args.name)
    if name is None:
        raise NoRunsError(
            f"No run {args.name!r} to replay below {str(args.logdir)!r}. "
            f"Train one first: {_again(args)}."
        )
    browser = not args.no_browser
    with Viewer(args.logdir, port=args.port, browser=browser, replay=name) as viewer:
        print(f"Replaying {name}: {viewer.wait_until_ready()}   (Ctrl+C ends it)", flush=True)
        viewer.wait()
    return 0


def _train(args: argparse.Namespace) -> int:
    _check_installed()
    with ExitStack() as stack:
        viewer = None if args.no_serve else stack.enter_context(_viewer(args))
        from vizkit.demo.training import prepare  # while the viewer starts

        training = prepare(_plan(args))
        if viewer:
            print(f"Dashboard: {viewer.wait_until_ready()}", flush=True)
        try:
            last = _run_with_bar(training)
        except KeyboardInterrupt:
            print(f"\nStopped at step {training.step:,}; to go on: {_again(args)}")
            return 0
        print(_summary(args, training, last), flush=True)
        if viewer:
            print("The dashboard stays until Ctrl+C.", flush=True)
            viewer.wait()
    return 0


def _viewer(args: argparse.Namespace) -> Viewer:
    from vizkit.demo.viewer import Viewer

    return Viewer(args.logdir, port=args.port, browser=not args.no_browser)


def _plan(args: argparse.Namespace) -> Plan:
    from vizkit.demo.training import Plan

    return Plan(args.logdir, name=args.name, epochs=args.epochs, resume=args.resume)


def _run_with_bar(training: Training) -> Progress:
    verb = f"Going on with {training.name} at step" if training.step else f"{training.name} at step"
    print(f"{verb} {training.step:,} of {training.total_steps:,}", flush=True)
    with _bar(training) as listen:
        return training.run(listen)


@contextmanager
def _bar(training: Training) -> Iterator[Listener]:
    """Show a progress bar while the training goes on, one line at the end without a terminal."""
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("val accuracy {task.fields[accuracy]:.2%}"),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns) as bar:
        total = training.total_steps
        task = bar.add_task("training", total=total, completed=training.step, accuracy=0.0)

        def listen(now: Progress) -> None:
            bar.update(task, completed=now.step, accuracy=now.scores.accuracy)

        yield listen


def _summary(args: argparse.Namespace, training: Training, last: Progress) -> str:
    return (
        f"Validation accuracy {last.scores.accuracy:.2%} after {last.step:,} steps, "
        f"{last.seconds:.0f} s. Logged in {training.folder}\n"
        f"Replay it: {_again(args)} --replay"
    )


def _again(args: argparse.Namespace) -> str:
    """Return the command that runs this demo once more."""
    command = ["vizkit", "demo"]
    if args.logdir != Path("runs"):
        command += ["--logdir", str(args.logdir)]
    if args.name != NAME:
        command += ["--name", args.name]
    if args.epochs != EPOCHS:
        command += ["--epochs", str(args.epochs)]
    return shlex.join(command)


def _check_installed() -> None:
    packages = {"torch": "torch", "sklearn": "scikit-learn"}
    missing = [name for module, name in packages.items() if not importlib.util.find_spec(module)]
    if missing:
        raise UsageError(f"The demo needs {' and '.join(missing)}: pip install 'vizkit[demo]'")


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Let SIGTERM end the training like an exception, so that the viewer ends too."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"{port} is not between 1 and {LAST_PORT}")
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} is not at least 1")
    return count
