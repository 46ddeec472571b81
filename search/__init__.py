"""The service: studies in a SQL database, trials on Ray workers, verified exports."""
