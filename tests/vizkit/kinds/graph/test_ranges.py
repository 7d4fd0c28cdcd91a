from vizkit.kinds.graph.ranges import Range, from_json, merged, ranges_of, to_json


def test_one_graph_is_a_range_of_itself(loop):
    assert ranges_of(loop(3)) == {
        "/cell:Add": Range(3, 3, (2, 3), (2, 3)),
        "/cell:Tanh": Range(3, 3, (2, 3), (2, 3)),
    }


def test_ranges_grow_with_what_is_seen(loop):
    ranges = merged(ranges_of(loop(3, (2, 7))), ranges_of(loop(9, (5, 4))))

    assert ranges["/cell:Add"] == Range(3, 9, (2, 4), (5, 7))


def test_another_number_of_dimensions_is_no_range(loop):
    ranges = merged(ranges_of(loop(3, (2, 3))), ranges_of(loop(3, (2,))))

    assert ranges["/cell:Add"] == Range(3, 3)


def test_what_did_not_run_counts_as_zero(loop, chain):
    ranges = merged(ranges_of(loop(3)), ranges_of(chain("Mul")))

    assert ranges["/cell:Add"] == Range(0, 3, (2, 3), (2, 3))
    assert ranges["/fc:Mul"] == Range(0, 1, (2, 3), (2, 3))
    assert merged({}, ranges) == ranges


def test_ranges_come_back_from_json(loop):
    ranges = merged(ranges_of(loop(3)), {"x": Range(0, 1)})

    assert from_json(to_json(ranges)) == ranges
