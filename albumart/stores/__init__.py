"""Where things are kept: MongoDB for what is known, S3 for the bytes."""
