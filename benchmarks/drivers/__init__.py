"""The crawlers that are compared, one script each; `registry.py` lists them. Scripts run in processes of their own."""
