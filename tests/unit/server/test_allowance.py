"""What one visitor and one address may ask of a public server."""

from viz.server import allowance
from viz.server.allowance import ADDRESS, ADDRESS_AT_ONCE, VISITOR, VISITOR_AT_ONCE, Allowance, Guesses

CLASS = 30


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def over(_event: str) -> bool:
    return False


def under_way(_event: str) -> bool:
    return True


def test_a_visitor_who_presses_without_end_is_told_when_to_try_again():
    clock = Clock()
    granted = Allowance(clock)
    for _ in range(VISITOR["work"].burst):
        assert granted.ask("work", "203.0.113.7", "page", over) is None
    refusal = granted.ask("work", "203.0.113.7", "page", over)
    assert (
        refusal
        and refusal.seconds == VISITOR["work"].interval
        and "Try again in 4 seconds" in refusal.sentence
    )
    assert granted.ask("event", "203.0.113.7", "page", over) is None, "looking goes on"
    clock.now += refusal.seconds
    assert granted.ask("work", "203.0.113.7", "page", over) is None


def test_a_class_behind_one_address_is_not_shut_out():
    clock = Clock()
    granted = Allowance(clock)
    for minute in range(10):
        clock.now = 60.0 * minute
        for pupil in range(CLASS):
            for _ in range(4):
                assert granted.ask("work", "203.0.113.7", f"page {pupil}", over) is None
            for _ in range(90):
                assert granted.ask("event", "203.0.113.7", f"page {pupil}", over) is None


def test_a_class_may_write_all_at_once():
    granted = Allowance(Clock())
    for pupil in range(CLASS):
        assert granted.ask("work", "203.0.113.7", f"page {pupil}", under_way) is None
        granted.began(f"text {pupil}", "203.0.113.7", f"page {pupil}")
    assert granted.ask("work", "203.0.113.7", "page 0", under_way) is None


def test_made_up_names_of_sessions_do_not_get_around_the_bound_of_the_address():
    granted = Allowance(Clock())
    answers = [
        granted.ask("work", "203.0.113.7", f"made up {n}", over) for n in range(ADDRESS["work"].burst + 1)
    ]
    assert answers[-1] is not None and not any(answers[:-1])
    assert granted.ask("work", "203.0.113.8", "another", over) is None


def test_who_names_no_session_counts_for_the_address_alone():
    granted = Allowance(Clock())
    answers = [granted.ask("work", "203.0.113.7", "", over) for _ in range(ADDRESS["work"].burst + 1)]
    assert answers[-1] is not None and not any(answers[:-1])


def test_only_so_many_texts_of_one_visitor_are_under_way_at_once():
    clock, ended = Clock(), set()
    granted = Allowance(clock)

    def going(event: str) -> bool:
        return event not in ended

    for number in range(VISITOR_AT_ONCE):
        assert granted.ask("work", "203.0.113.7", "page", going) is None
        granted.began(f"text {number}", "203.0.113.7", "page")
    refusal = granted.ask("work", "203.0.113.7", "page", going)
    assert refusal and refusal.seconds > 0 and f"{VISITOR_AT_ONCE} texts and searches" in refusal.sentence
    assert granted.ask("work", "203.0.113.7", "another page", going) is None
    ended.add("text 2")
    assert granted.ask("work", "203.0.113.7", "page", going) is None


def test_an_address_has_a_bound_at_once_whatever_its_sessions_are_called():
    granted = Allowance(Clock())
    for number in range(ADDRESS_AT_ONCE):
        assert granted.ask("work", "203.0.113.7", f"made up {number}", under_way) is None
        granted.began(f"text {number}", "203.0.113.7", f"made up {number}")
    assert granted.ask("work", "203.0.113.7", "one more", under_way)


def test_what_is_never_fetched_does_not_count_for_ever():
    clock = Clock()
    granted = Allowance(clock)
    for number in range(VISITOR_AT_ONCE):
        granted.began(f"text {number}", "203.0.113.7", "page")
    assert granted.ask("work", "203.0.113.7", "page", under_way)
    clock.now += allowance.ABANDONED + 1
    assert granted.ask("work", "203.0.113.7", "page", under_way) is None


def test_wrong_passwords_are_slowed_down_by_address_and_right_ones_are_not():
    clock = Clock()
    guesses = Guesses(clock)
    for _ in range(5 * CLASS):
        assert guesses.guess("203.0.113.7") is None
        guesses.right("203.0.113.7")
    for _ in range(allowance.GUESSES.burst):
        assert guesses.guess("203.0.113.7") is None
    refusal = guesses.guess("203.0.113.7")
    assert refusal and refusal.seconds == allowance.GUESSES.interval
    assert guesses.guess("203.0.113.8") is None
