"""One suite for each contract: what every implementation, built in or a third party's, must do."""
