"""Experiments: the measures of replicas, their uncertainty, and verdicts on claims; and the
listening study.
"""
