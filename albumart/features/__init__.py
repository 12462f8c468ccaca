"""Numbers read off a cover: colour histograms and backbone embeddings."""
