"""`vizkit graph FILE [FILE2]`: the graph in a file, or how two differ, in the dashboard."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from vizkit.cli.serve import add_options, serve, until_stopped, viewer_of
from vizkit.errors import UsageError
from vizkit.importers.opening import FORMS, open_graph
from vizkit.kinds.graph.diff import diff
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.words import in_words

Named = dict[str, Graph]


def add_parser(subparsers: Any) -> None:
    """Add the command to the table."""
    parser = subparsers.add_parser(
        "graph",
        help="show the graph in a file, or how two differ",
        description=f"Show the graph that a file holds in the browser, or how FILE2's differs. "
        f"Nothing in the files is run. Forms: {FORMS}.",
        epilog="Example: vizkit graph before.onnx after.onnx",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="one file, or two to compare")
    parser.add_argument("--json", action="store_true", help="print what is in it, and end")
    parser.add_argument(
        "--logdir", type=Path, metavar="DIR", help="keep it as a run there (else it is forgotten)"
    )
    add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the graphs, or serve them until Ctrl+C or SIGTERM.

    Raises:
        UsageError: if there are more than two files.
        GraphFileError: if one of them cannot be read.
    """
    if len(args.files) > 2:
        raise UsageError(f"vizkit graph takes one file, or two to compare, not {len(args.files)}.")
    graphs = dict(zip(names_of(args.files), map(open_graph, args.files), strict=True))
    if args.json:
        print(json.dumps(as_record(graphs), indent=2))
        return 0
    with until_stopped(), _folder(args) as folder:
        logged = log(graphs, folder)
        print(*(summary(name, graph) for name, graph in graphs.items()), sep="\n", flush=True)
        address = lambda url: page_address(url, logged, list(graphs))  # noqa: E731
        serve(args, lambda: viewer_of(args, folder), address)
    return 0


def names_of(files: Sequence[str]) -> list[str]:
    """Return a name for each file: its own, with its folder's where two are called the same."""
    paths = [Path(each) for each in files]
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        names = [f"{path.resolve().parent.name}/{path.name}" for path in paths]
    if len(set(names)) < len(names):
        names = [f"{name} ({number})" for number, name in enumerate(names, 1)]
    return names


def as_record(graphs: Named) -> dict[str, Any]:
    """Return graphs for JSON, and in words what changes from the first to the second."""
    both = list(graphs.values())
    told = in_words(diff(*both)) if len(both) == 2 else ()
    parts = ("source", "nodes", "edges", "scopes", "notes")
    records = []
    for name, graph in graphs.items():
        everything = asdict(graph)
        records.append({"file": name, **{part: everything[part] for part in parts}})
    return {"graphs": records, "changes": list(told)}


def summary(name: str, graph: Graph) -> str:
    """Return what a graph holds, in one line and one for each note."""
    running = sum(node.order >= 0 for node in graph.nodes)
    parameters = sum(node.parameters for node in graph.nodes)
    head = f"{name}  {graph.source}, {running:,} operations, {parameters:,} parameters"
    return "\n  ".join([head, *graph.notes])


def log(graphs: Named, folder: Path) -> str:
    """Log graphs as a run of a folder, the first at step 0; return the run's name."""
    from vizkit.run import Run

    stem = Path(next(iter(graphs))).stem or "graph"
    names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    name = next(each for each in names if not (folder / each).exists())
    with Run(folder / name) as run:
        for step, (tag, graph) in enumerate(graphs.items()):
            run.log({tag: graph}, step)
    return name


def page_address(url: str, run: str, tags: Sequence[str]) -> str:
    """Return the address of the graph page: the last graph, compared with the one before."""
    parts = urlsplit(url)
    wanted = {"focus": run, "view": f"tag:{tags[-1]}"}
    if len(tags) > 1:
        wanted["vs"] = f"tag:{tags[0]}"
    query = "&".join(filter(None, [parts.query, urlencode(wanted)]))
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/graph", query=query))


@contextmanager
def _folder(args: argparse.Namespace) -> Iterator[Path]:
    """Give the LOGDIR: the one asked for, or one that is gone afterwards with its index."""
    if args.logdir is not None:
        args.logdir.mkdir(parents=True, exist_ok=True)
        yield args.logdir.resolve()
        return
    # A viewer may still hold a file of its index when it ends.
    with tempfile.TemporaryDirectory(prefix="vizkit-", ignore_cleanup_errors=True) as made:
        runs = Path(made) / "runs"
        runs.mkdir()
        args.index = args.index or f"sqlite:///{Path(made) / 'index.db'}"
        yield runs
