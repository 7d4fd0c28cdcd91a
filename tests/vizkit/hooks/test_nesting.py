import threading

from vizkit.hooks.nesting import Step, Steps, stack_depth


def step(depth):
    return Step(depth, 0, None, [], has_closure=False, before=None)


def test_deeper_steps_are_inside_and_do_not_end_it():
    steps, outer = Steps(), step(5)
    steps.begin(outer)

    assert steps.is_inside(7)
    assert steps.end(7) is None
    assert steps.end(5) is outer
    assert not steps.is_live()


def test_a_step_that_raised_is_replaced():
    steps, following = Steps(), step(5)
    steps.begin(step(5))

    assert not steps.is_inside(5)
    steps.begin(following)

    assert steps.end(5) is following


def test_other_threads_have_their_own():
    steps, seen = Steps(), []
    steps.begin(step(1))
    thread = threading.Thread(target=lambda: seen.append(steps.is_inside(9)))
    thread.start()
    thread.join()

    assert seen == [False]


def test_the_depth_grows_by_one_a_call():
    def inner():
        return stack_depth()

    assert inner() == stack_depth() + 1
