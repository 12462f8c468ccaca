"""What people look at: try a cover, explore the collection, follow the models, play the game."""
