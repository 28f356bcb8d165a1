"""The store: one SQLite file that holds what a crawl must not lose.

- ``rows``: the records that go in and come out
- ``schema``: the tables, and the numbers that say what kind of file it is
- ``checksums``: the checksum of each record, and the sums over whole tables
- ``connection``: opening, closing and syncing files; SQLite's errors in the framework's words
- ``writing``: the statements of one transaction
- ``reading``: questions to a store, open or that of another process (``fwk why``, ``fwk fates``)
- ``integrity``: what is checked when a store is opened
- ``filters``: the files of stored seen-filters
- ``sqlite``: ``Store``, which puts these together and keeps their threads
"""
