"""From RTP packets to decoded pictures and sound."""
