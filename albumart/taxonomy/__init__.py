"""Raw words → canonical words. The words are data; the code only looks them up."""
