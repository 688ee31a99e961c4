"""The rules that judge the change of one table, one subject in each module."""
