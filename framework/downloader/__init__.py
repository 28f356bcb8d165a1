"""How to fetch: the middleware chain, the handlers, body limits."""
