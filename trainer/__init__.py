"""Fit a Keras LSTM on labelled reviews; leaves a run folder for the exporter."""
