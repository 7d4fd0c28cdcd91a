import threading

from vizkit.index.keeper import Keeper
from vizkit.testing import wait_until


class Life:
    """What a keeper keeps, recorded."""

    def __init__(self, leads):
        self.leads, self.signs, self.followed = leads, [], 0
        self.keeper = Keeper(lambda: self.leads, self.lead, self.follow, self.wait, pause=0.001)
        self.keeper.start()

    def lead(self, sign_of_life):
        self.signs.append(sign_of_life)

    def follow(self):
        self.followed += 1
        if self.followed == 2:
            raise RuntimeError("the database is away")

    def wait(self, seconds, stopping):
        stopping.wait(min(seconds, 0.001))


def test_who_leads_commits_and_gives_a_sign_of_life_now_and_then():
    life = Life(leads=True)

    wait_until(lambda: len(life.signs) > 20)
    life.keeper.stop()

    assert life.signs[0]
    assert sum(life.signs) < len(life.signs) / 2
    assert life.followed == 0


def test_who_follows_looks_again_after_an_error_until_it_leads():
    life = Life(leads=False)
    wait_until(lambda: life.followed > 3)

    life.leads = True

    wait_until(lambda: life.signs)
    life.keeper.stop()


def test_stopping_from_within_does_not_wait_for_itself():
    stopped = threading.Event()
    life = Life(leads=False)
    life.follow = lambda: (life.keeper.stop(), stopped.set())
    life.keeper._follow = life.follow

    assert stopped.wait(5)
