"""Tests: unit/ by stage, network/ over real peers, golden/ recorded inputs, browser/ Chromium, bench/ measuring."""
