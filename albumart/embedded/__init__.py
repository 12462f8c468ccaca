"""A private MongoDB, S3 endpoint and Prefect server on this machine, kept by one process."""
