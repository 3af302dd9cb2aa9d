"""Evidence: what the merchant must hand in after a sale before its subsidy is paid."""
