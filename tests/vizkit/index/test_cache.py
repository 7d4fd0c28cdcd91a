from vizkit.index.cache import Cache


def test_what_was_not_used_for_longest_goes_first():
    cache = Cache(limit=20)
    cache.put("a", 1, 10)
    cache.put("b", 2, 10)

    cache.get("a")
    cache.put("c", 3, 10)

    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)


def test_a_value_put_again_counts_once():
    cache = Cache(limit=20)

    for _ in range(5):
        cache.put("a", 1, 10)
    cache.put("b", 2, 10)

    assert (cache.get("a"), cache.get("b")) == (1, 2)


def test_what_is_larger_than_the_cache_is_not_kept():
    cache = Cache(limit=20)

    cache.put("a", 1, 30)

    assert cache.get("a") is None
