"""Services and the gateway as child processes: started, checked, restarted and stopped."""
