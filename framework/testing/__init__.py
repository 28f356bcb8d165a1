"""For tests of users and ours: the demo shop, fakes, contract suites."""
