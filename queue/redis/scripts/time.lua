-- The time in ms by which leases end.
return now
