import threading

from vizkit.index.hints import hints


def listen(folder, act, wanted):
    """Call `act` once listening; return whether a wanted hint came."""
    stop = threading.Event()
    timer = threading.Timer(20, stop.set)
    timer.start()
    acted = False
    for hint in hints(folder, stop, 0.05):
        if not acted:
            act()
            acted = True
        if wanted(hint):
            stop.set()
            timer.cancel()
            return True
    return False


def test_a_new_file_is_heard_of(tmp_path):
    assert listen(tmp_path, (tmp_path / "new").touch, lambda hint: hint.listed)


def test_a_file_that_grows_is_heard_of(tmp_path):
    path = tmp_path / "log"
    path.touch()

    heard = listen(tmp_path, lambda: path.write_bytes(b"x"), lambda hint: hint.grown)

    assert heard


def test_where_nothing_can_be_heard_time_passes(tmp_path):
    stop = threading.Event()
    beats = []
    for hint in hints(tmp_path / "gone", stop, 0.01):
        beats.append(hint)
        if len(beats) == 3:
            stop.set()

    assert len(beats) == 3
    assert all(beat.deaf for beat in beats)
