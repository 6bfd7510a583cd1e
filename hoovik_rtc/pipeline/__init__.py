"""From media to messages: stages, workers, participants, meetings."""
