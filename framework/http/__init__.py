"""Request, Response and its kinds, Headers, forms, fingerprints."""
